import { joinValues } from '@heddle/routing';
import { type HeaderList, headerValue, removeHeader, setHeader } from './header-list.ts';
import { requestHeaderKinds as kinds, knownHeader } from './request-header-kind.ts';

/** Request headers after the first pass over them: what travels on, and what the proxy itself must know. */
export interface ReceivedHeaders {
  /** Lower-case names, hop-by-hop fields removed. */
  readonly headers: HeaderList;
  /** All `host` values joined by a comma, as Envoy joins them; undefined when there was none. */
  host: string | undefined;
  /** The protocol asked for by `Connection: upgrade` and `Upgrade`, in lower case. */
  upgrade: string | undefined;
  expectsContinue: boolean;
  hasContentLength: boolean;
  hasTransferEncoding: boolean;
  /** A coding other than `chunked` alone. */
  hasUnknownTransferEncoding: boolean;
  hasUnderscore: boolean;
  /** Some `x-envoy-*` field must be looked at by the connection manager. */
  hasEnvoyHeaders: boolean;
  /** The `Connection` header named a field that must not be removed. */
  connectionIsInvalid: boolean;
  /** The request target cannot be served; set by the adapter that read it. */
  invalidTarget: { readonly status: number; readonly body: string } | undefined;
  /** Lines received. */
  count: number;
}

/**
 * Reads raw header lines (`[name, value, …]` in any case) in one pass, as Envoy's connection manager sanitises them: fields of
 * this hop are taken out (RFC 9110 section 7.6.1), `te` keeps only `trailers`, a malformed `referer` is dropped.
 */
export function receiveHeaders(raw: readonly string[]): ReceivedHeaders {
  const headers: HeaderList = [];
  const received: ReceivedHeaders = {
    headers,
    host: undefined,
    upgrade: undefined,
    expectsContinue: false,
    hasContentLength: false,
    hasTransferEncoding: false,
    hasUnknownTransferEncoding: false,
    hasUnderscore: false,
    hasEnvoyHeaders: false,
    connectionIsInvalid: false,
    invalidTarget: undefined,
    count: raw.length >> 1,
  };
  let connection: string | undefined;
  let upgrade: string | undefined;
  let te: string | undefined;
  let hasReferer = false;
  for (let i = 0; i < raw.length; i += 2) {
    const { name, kind, hasUnderscore, isJoined } = knownHeader(raw[i] as string);
    const value = raw[i + 1] as string;
    if (hasUnderscore) received.hasUnderscore = true;
    if (isJoined && kind !== kinds.te && joinWithPresent(headers, name, value)) continue;
    switch (kind) {
      case kinds.plain:
        headers.push(name, value);
        break;
      case kinds.host:
        received.host = received.host === undefined ? value : `${received.host},${value}`;
        break;
      case kinds.connection:
        connection = connection === undefined ? value : `${connection},${value}`;
        break;
      case kinds.dropped:
      case kinds.pseudo:
        break;
      case kinds.te:
        te = te === undefined ? value : joinValues(te, value);
        break;
      case kinds.expect:
        if (value.toLowerCase() === '100-continue') received.expectsContinue = true;
        else headers.push(name, value);
        break;
      case kinds.upgrade:
        upgrade = value.toLowerCase();
        break;
      case kinds.contentLength:
        received.hasContentLength = true;
        headers.push(name, value);
        break;
      case kinds.transferEncoding:
        received.hasTransferEncoding = true;
        if (value.toLowerCase() !== 'chunked') received.hasUnknownTransferEncoding = true;
        break;
      case kinds.referer:
        hasReferer = true;
        headers.push(name, value);
        break;
      case kinds.internalOnly:
      case kinds.edgeStripped:
        received.hasEnvoyHeaders = true;
        headers.push(name, value);
        break;
      default:
        headers.push(name, value);
    }
  }
  // Repeated ones are one value by now, and judged as such.
  if (hasReferer && !isReferer(headerValue(headers, 'referer') as string)) removeHeader(headers, 'referer');
  // Nothing but `trailers` passes, and a field that says nothing.
  if (te === '') headers.push('te', '');
  else if (te !== undefined && hasTrailersToken(te)) headers.push('te', 'trailers');
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close') {
    readConnection(connection.toLowerCase(), upgrade, received);
  }
  return received;
}

// The first occurrence is handled by its kind, later ones lengthen it.
function joinWithPresent(headers: HeaderList, name: string, value: string): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    headers[i + 1] = joinValues(headers[i + 1] as string, value);
    return true;
  }
  return false;
}

/** `cookie` fields of an HTTP/2 request as one (RFC 9113 section 8.2.3). */
export function joinCookies(headers: HeaderList): void {
  const cookies: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === 'cookie') cookies.push(headers[i + 1] as string);
  if (cookies.length === 0) return;
  const joined = cookies.reduce((before, cookie) => (before === '' ? cookie : `${before}; ${cookie}`));
  if (joined === '') removeHeader(headers, 'cookie');
  else if (cookies.length > 1) setHeader(headers, 'cookie', joined);
}

function hasTrailersToken(value: string): boolean {
  return (
    value === 'trailers' ||
    value.split(',').some((token) => token.split(';', 1)[0]?.trim().toLowerCase() === 'trailers')
  );
}

// Fields a client may not have removed by naming them in Connection: the proxy's own knowledge of where a request came from.
const protectedFromRemoval = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'host']);

function readConnection(connection: string, upgrade: string | undefined, received: ReceivedHeaders): void {
  for (const token of connection.split(',')) {
    const name = token.trim();
    switch (name) {
      case '':
      case 'keep-alive':
      case 'close':
      case 'te':
      case 'http2-settings':
        break;
      case 'upgrade':
        // Upgrading to h2c is never agreed to: the request goes on as HTTP/1.1 (RFC 9113 dropped it).
        if (upgrade !== undefined && upgrade !== 'h2c') received.upgrade = upgrade;
        break;
      default:
        if (protectedFromRemoval.has(name) || name.startsWith(':')) received.connectionIsInvalid = true;
        else removeNominated(received.headers, name);
    }
  }
}

function removeNominated(headers: HeaderList, name: string): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) continue;
    headers[kept] = headers[i] as string;
    headers[kept + 1] = headers[i + 1] as string;
    kept += 2;
  }
  headers.length = kept;
}

// Envoy drops a Referer that is neither a URL without fragment and user information nor a relative reference (RFC 3986 section 4.2).
const absoluteReferer = /^[a-z]+:\/\/[^/?#@\s]+(?:[/?][^#\s]*)?$/i;
const relativeReferer = /^(?:[\w.~!$&'()*+,;=%@?-]*(?:\/[\w.~!$&'()*+,;=%@?:/-]*)?)$/;

function isReferer(value: string): boolean {
  return absoluteReferer.test(value) || relativeReferer.test(value);
}
