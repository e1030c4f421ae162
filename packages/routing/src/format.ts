import { asciiLower } from './ascii.ts';
import { compileTimeFormat } from './format-time.ts';
import { parseQueryParameters } from './query-parameters.ts';
import { RoutingError } from './routing-error.ts';

const PLAIN_COMMANDS = [
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'CONNECTION_ID',
  'CONNECTION_TERMINATION_DETAILS',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS',
  'DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_DIRECT_LOCAL_PORT',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS',
  'DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_DIRECT_REMOTE_PORT',
  'DOWNSTREAM_HEADER_BYTES_RECEIVED',
  'DOWNSTREAM_HEADER_BYTES_SENT',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_DNS_SAN',
  'DOWNSTREAM_LOCAL_PORT',
  'DOWNSTREAM_LOCAL_SUBJECT',
  'DOWNSTREAM_LOCAL_URI_SAN',
  'DOWNSTREAM_PEER_CERT',
  'DOWNSTREAM_PEER_DNS_SAN',
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
  'DOWNSTREAM_TRANSPORT_FAILURE_REASON',
  'DOWNSTREAM_WIRE_BYTES_RECEIVED',
  'DOWNSTREAM_WIRE_BYTES_SENT',
  'DURATION',
  'FILTER_CHAIN_NAME',
  'GRPC_STATUS',
  'GRPC_STATUS_NUMBER',
  'HOSTNAME',
  'PROTOCOL',
  'REQUEST_DURATION',
  'REQUEST_HEADERS_BYTES',
  'REQUEST_TX_DURATION',
  'REQUESTED_SERVER_NAME',
  'RESPONSE_CODE',
  'RESPONSE_CODE_DETAILS',
  'RESPONSE_DURATION',
  'RESPONSE_FLAGS',
  'RESPONSE_FLAGS_LONG',
  'RESPONSE_HEADERS_BYTES',
  'RESPONSE_TRAILERS_BYTES',
  'RESPONSE_TX_DURATION',
  'ROUNDTRIP_DURATION',
  'ROUTE_NAME',
  'STREAM_ID',
  'TRACE_ID',
  'UNIQUE_ID',
  'UPSTREAM_CLUSTER',
  'UPSTREAM_CLUSTER_RAW',
  'UPSTREAM_CONNECTION_ID',
  'UPSTREAM_HEADER_BYTES_RECEIVED',
  'UPSTREAM_HEADER_BYTES_SENT',
  'UPSTREAM_HOST',
  'UPSTREAM_HOST_NAME',
  'UPSTREAM_HOST_NAME_WITHOUT_PORT',
  'UPSTREAM_LOCAL_ADDRESS',
  'UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_LOCAL_PORT',
  'UPSTREAM_PROTOCOL',
  'UPSTREAM_REMOTE_ADDRESS',
  'UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'UPSTREAM_REMOTE_PORT',
  'UPSTREAM_REQUEST_ATTEMPT_COUNT',
  'UPSTREAM_TLS_CIPHER',
  'UPSTREAM_TLS_SESSION_ID',
  'UPSTREAM_TLS_VERSION',
  'UPSTREAM_TRANSPORT_FAILURE_REASON',
  'UPSTREAM_WIRE_BYTES_RECEIVED',
  'UPSTREAM_WIRE_BYTES_SENT',
  'VIRTUAL_CLUSTER_NAME',
] as const;

/** Commands without an argument. Addresses are `IP:PORT`, times milliseconds, sizes bytes. */
export type FormatCommand = (typeof PLAIN_COMMANDS)[number];

const ARGUMENT_COMMANDS = [
  'CLUSTER_METADATA',
  'COMMON_DURATION',
  'DYNAMIC_METADATA',
  'ENVIRONMENT',
  'FILTER_STATE',
  'UPSTREAM_FILTER_STATE',
  'UPSTREAM_METADATA',
] as const;

/** Commands whose argument the data plane itself reads. */
export type FormatArgumentCommand = (typeof ARGUMENT_COMMANDS)[number];

/** What a format can ask about one request; everything may be missing. */
export interface FormatContext {
  /** The first value of a request header, pseudo-headers (`:path`) included; `name` is lower-case. */
  requestHeader?(name: string): string | undefined;
  responseHeader?(name: string): string | undefined;
  responseTrailer?(name: string): string | undefined;
  value?(command: FormatCommand): string | number | undefined;
  /** `argument` as written, e.g. `envoy.lb:canary` for `DYNAMIC_METADATA`. */
  argumentValue?(command: FormatArgumentCommand, argument: string): string | undefined;
  /** When the request began, in milliseconds since the epoch. */
  readonly startTimeMs?: number;
}

/** A compiled format string. */
export type Format = (context: FormatContext) => string;

const COMMAND = /%([A-Z0-9_]+)(?:\(([^)]*)\))?(?::([0-9]+))?%/y;

/**
 * Compiles an Envoy format string (`%REQ(:METHOD)% %RESPONSE_CODE%`; Envoy documentation, "Access logging", command operators), as used
 * by access logs and by header values in routes. `%%` is a percent sign.
 *
 * @param options.missing what stands for a value that is not there: `-` in access logs, nothing in headers (the default)
 * @throws RoutingError `invalid-format` where Envoy would refuse the text, `unsupported` for a command that is not implemented
 */
export function compileFormat(text: string, options: { readonly missing?: string } = {}): Format {
  const missing = options.missing ?? '';
  const parts: (string | Format)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    const percent = text.indexOf('%', at);
    if (percent < 0) {
      literal += text.slice(at);
      break;
    }
    literal += text.slice(at, percent);
    if (text[percent + 1] === '%') {
      literal += '%';
      at = percent + 2;
      continue;
    }
    COMMAND.lastIndex = percent;
    const found = COMMAND.exec(text);
    if (found === null) {
      throw new RoutingError(
        'invalid-format',
        `cannot read format "${text}" at character ${percent}: found a lone percent sign, wanted %COMMAND% or %%`,
      );
    }
    const [whole, name = '', argument, length] = found;
    const read = compileCommand(name, argument);
    const limit = length === undefined ? undefined : Number(length);
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push((context) => {
      const value = read(context);
      if (value === undefined || value === '') return value === '' ? '' : missing;
      return limit === undefined ? value : value.slice(0, limit);
    });
    at = percent + whole.length;
  }
  if (literal !== '') parts.push(literal);
  const [only] = parts;
  if (parts.length === 0) return () => '';
  if (parts.length === 1 && only !== undefined) return typeof only === 'string' ? () => only : only;
  return (context) => {
    let out = '';
    for (const part of parts) out += typeof part === 'string' ? part : part(context);
    return out;
  };
}

type ReadCommand = (context: FormatContext) => string | undefined;

function compileCommand(name: string, argument: string | undefined): ReadCommand {
  switch (name) {
    case 'REQ':
      return headerReader(name, argument, (context, header) => context.requestHeader?.(header));
    case 'RESP':
      return headerReader(name, argument, (context, header) => context.responseHeader?.(header));
    case 'TRAILER':
      return headerReader(name, argument, (context, header) => context.responseTrailer?.(header));
    case 'START_TIME': {
      const format = compileTimeFormat(argument ?? '');
      return ({ startTimeMs }) => (startTimeMs === undefined ? undefined : format(startTimeMs));
    }
    case 'QUERY_PARAM':
      return (context) => parseQueryParameters(context.requestHeader?.(':path') ?? '').get(argument ?? '');
    case 'PATH':
      return pathReader(argument ?? '');
  }
  const withArgument = ARGUMENT_COMMANDS.find((command) => command === name);
  if (withArgument !== undefined) return (context) => context.argumentValue?.(withArgument, argument ?? '');
  const plain = PLAIN_COMMANDS.find((command) => command === name);
  if (plain === undefined) {
    throw new RoutingError(
      'unsupported',
      `format command "%${name}%" is not known; commands stand in Envoy's access log page`,
    );
  }
  return (context) => {
    const value = context.value?.(plain);
    return value === undefined ? undefined : String(value);
  };
}

function headerReader(
  command: string,
  argument: string | undefined,
  get: (context: FormatContext, header: string) => string | undefined,
): ReadCommand {
  const [main, alternative, more] = asciiLower(argument ?? '').split('?');
  if (main === undefined || main === '' || more !== undefined) {
    throw new RoutingError(
      'invalid-format',
      `format command "%${command}(${argument ?? ''})%" must name one header, or two with a question mark between`,
    );
  }
  if (alternative === undefined || alternative === '') return (context) => get(context, main);
  return (context) => get(context, main) ?? get(context, alternative);
}

function pathReader(argument: string): ReadCommand {
  const [query = 'WQ', source = 'ORIG_OR_PATH'] = argument === '' ? [] : argument.split(':');
  return (context) => {
    const original = source === 'PATH' ? undefined : context.requestHeader?.('x-envoy-original-path');
    const path = original ?? (source === 'ORIG' ? undefined : context.requestHeader?.(':path'));
    return query === 'NQ' ? path?.replace(/\?.*$/s, '') : path;
  };
}
