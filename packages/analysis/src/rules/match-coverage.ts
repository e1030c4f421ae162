import type { HttpMatchRequest, StringMatch } from '@heddle/api';

/**
 * Whether every request that `later` accepts is one that `earlier` accepts too, so that `later` never decides behind it. Says yes only
 * where it is certain: regular expressions cover nothing but themselves.
 */
export function covers(earlier: HttpMatchRequest | undefined, later: HttpMatchRequest | undefined): boolean {
  if (earlier === undefined) return true;
  return (
    coversUri(earlier, later) &&
    coversText(earlier.scheme, later?.scheme) &&
    coversText(earlier.method, later?.method) &&
    coversText(earlier.authority, later?.authority) &&
    coversEach(earlier.headers, later?.headers) &&
    coversEach(earlier.queryParams, later?.queryParams) &&
    sameEach(earlier.withoutHeaders, later?.withoutHeaders) &&
    (wildcardPort(earlier.port) || earlier.port === later?.port) &&
    coversLabels(earlier.sourceLabels, later?.sourceLabels) &&
    (earlier.sourceNamespace === undefined || earlier.sourceNamespace === later?.sourceNamespace) &&
    coversGateways(earlier.gateways, later?.gateways)
  );
}

function wildcardPort(port: number | undefined): boolean {
  return port === undefined || port === 0;
}

function coversUri(earlier: HttpMatchRequest, later: HttpMatchRequest | undefined): boolean {
  const { uri } = earlier;
  if (uri === undefined || (uri.prefix === '/' && uri.exact === undefined)) return true;
  const other = later?.uri;
  if (other === undefined) return false;
  const anyCase = earlier.ignoreUriCase === true;
  if (!anyCase && later?.ignoreUriCase === true) return false;
  const fold = (text: string): string => (anyCase ? text.toLowerCase() : text);
  if (uri.exact !== undefined) return other.exact !== undefined && fold(other.exact) === fold(uri.exact);
  if (uri.prefix !== undefined) {
    const text = other.exact ?? other.prefix;
    return text !== undefined && fold(text).startsWith(fold(uri.prefix));
  }
  return uri.regex !== undefined && uri.regex === other.regex;
}

function coversText(earlier: StringMatch | undefined, later: StringMatch | undefined): boolean {
  if (earlier === undefined) return true;
  if (later === undefined) return false;
  if (earlier.exact !== undefined) return later.exact === earlier.exact;
  if (earlier.prefix !== undefined) return (later.exact ?? later.prefix)?.startsWith(earlier.prefix) === true;
  if (earlier.regex !== undefined) return later.regex === earlier.regex;
  // An empty match asks for presence, which every other one asks for too.
  return true;
}

type Matches = Readonly<Record<string, StringMatch>> | undefined;

function coversEach(earlier: Matches, later: Matches): boolean {
  return Object.entries(earlier ?? {}).every(([name, match]) => coversText(match, own(later, name)));
}

/** What must be absent: the narrower condition is the wider one, so only the same is certain. */
function sameEach(earlier: Matches, later: Matches): boolean {
  return Object.entries(earlier ?? {}).every(([name, match]) => {
    const other = own(later, name);
    return other !== undefined && JSON.stringify(match) === JSON.stringify(other);
  });
}

function coversLabels(
  earlier: Readonly<Record<string, string>> | undefined,
  later: Readonly<Record<string, string>> | undefined,
): boolean {
  return Object.entries(earlier ?? {}).every(([key, value]) => own(later, key) === value);
}

function coversGateways(earlier: readonly string[] | undefined, later: readonly string[] | undefined): boolean {
  if ((earlier?.length ?? 0) === 0) return true;
  return (later?.length ?? 0) > 0 && (later ?? []).every((name) => earlier?.includes(name));
}

function own<Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}
