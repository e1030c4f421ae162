/**
 * Commands that Envoy's formatter takes in header values, and what may follow them: `none`, `[(parameter)]` or `(parameter)`.
 * Source: Envoy documentation, "Access logging", "Command operators". A command that is not here is refused: Envoy refuses a whole route
 * configuration for an unknown one.
 */
const COMMANDS: Readonly<Record<string, 'none' | 'optional' | 'required'>> = {
  ...commands('none', [
    'BYTES_RECEIVED',
    'BYTES_SENT',
    'CONNECTION_ID',
    'CONNECTION_TERMINATION_DETAILS',
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
    'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
    'DOWNSTREAM_DIRECT_REMOTE_PORT',
    'DOWNSTREAM_LOCAL_ADDRESS',
    'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
    'DOWNSTREAM_LOCAL_PORT',
    'DOWNSTREAM_LOCAL_SUBJECT',
    'DOWNSTREAM_LOCAL_URI_SAN',
    'DOWNSTREAM_PEER_CERT',
    'DOWNSTREAM_PEER_FINGERPRINT_1',
    'DOWNSTREAM_PEER_FINGERPRINT_256',
    'DOWNSTREAM_PEER_ISSUER',
    'DOWNSTREAM_PEER_SERIAL',
    'DOWNSTREAM_PEER_SUBJECT',
    'DOWNSTREAM_PEER_URI_SAN',
    'DOWNSTREAM_REMOTE_ADDRESS',
    'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
    'DOWNSTREAM_REMOTE_PORT',
    'DOWNSTREAM_TLS_CIPHER',
    'DOWNSTREAM_TLS_SESSION_ID',
    'DOWNSTREAM_TLS_VERSION',
    'DURATION',
    'HOSTNAME',
    'PROTOCOL',
    'REQUEST_DURATION',
    'REQUESTED_SERVER_NAME',
    'RESPONSE_CODE',
    'RESPONSE_CODE_DETAILS',
    'RESPONSE_DURATION',
    'RESPONSE_FLAGS',
    'RESPONSE_TX_DURATION',
    'ROUTE_NAME',
    'UPSTREAM_CLUSTER',
    'UPSTREAM_HOST',
    'UPSTREAM_LOCAL_ADDRESS',
    'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
    'UPSTREAM_LOCAL_PORT',
    'UPSTREAM_REMOTE_ADDRESS',
    'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
    'UPSTREAM_REMOTE_PORT',
    'UPSTREAM_REQUEST_ATTEMPT_COUNT',
    'UPSTREAM_TRANSPORT_FAILURE_REASON',
    'VIRTUAL_CLUSTER_NAME',
  ]),
  START_TIME: 'optional',
  REQ: 'required',
  RESP: 'required',
};

function commands<T>(parameter: T, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map((name) => [name, parameter]));
}

/** Of a header command: one header, or two with a question mark between (the second if the first is absent). */
const HEADER_PARAMETER = /^:?[A-Za-z0-9_-]{1,256}(?:\?:?[A-Za-z0-9_-]{1,256})?$/;
/** Of a time command: strftime directives and harmless text. */
const TIME_PARAMETER = /^(?:%(?:[YmdHMSsTFDeIjpyZz]|[1-9]?f)|[-A-Za-z0-9_:.,/ ])*$/;

/** Says what is wrong with the `%COMMANDS%` of a header value, as what was wanted; undefined when Envoy takes them all. */
export function headerFormatProblem(text: string): string | undefined {
  let at = text.indexOf('%');
  while (at !== -1) {
    if (text[at + 1] === '%') {
      at = text.indexOf('%', at + 2);
      continue;
    }
    const command = /^%([A-Z][A-Z0-9_]*)/.exec(text.slice(at, at + 64));
    const name = command?.[1] ?? '';
    const parameterKind = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (parameterKind === undefined) {
      return name === ''
        ? 'a command such as %HOSTNAME% after "%", or "%%" for a percent sign'
        : `a command that Envoy knows instead of %${name}%`;
    }
    let end = at + 1 + name.length;
    if (text[end] === '(') {
      const close = text.indexOf(')', end);
      const parameter = close === -1 ? '' : text.slice(end + 1, close);
      const sound = parameterKind === 'required' ? HEADER_PARAMETER.test(parameter) : TIME_PARAMETER.test(parameter);
      if (parameterKind === 'none') return `%${name}% without a parameter`;
      if (close === -1 || !sound) return `%${name}(…)% with a sound parameter`;
      end = close + 1;
    } else if (parameterKind === 'required') {
      return `%${name}(HEADER)%`;
    }
    const length = parameterKind === 'required' ? /^:[1-9]\d{0,4}/.exec(text.slice(end, end + 6)) : null;
    end += length?.[0].length ?? 0;
    if (text[end] !== '%') return `"%" at the end of the command %${name}%`;
    at = text.indexOf('%', end + 1);
  }
  return undefined;
}
