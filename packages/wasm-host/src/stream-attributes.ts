import { Status } from './abi.ts';
import { encodeText } from './guest-memory.ts';
import { type HeaderMap, joinedValue } from './header-map.ts';
import { encodePairs, type HeaderPair, latin1Bytes } from './header-pairs.ts';

/** The bytes of a property, why there are none, or undefined for one that is not there. */
export type Property = Uint8Array | Status | undefined;

/** The headers that a context sees at the moment. */
export interface VisibleHeaders {
  readonly request: HeaderMap | undefined;
  readonly response: HeaderMap | undefined;
  readonly responseTrailers: HeaderMap | undefined;
}

/** What Envoy itself answers to (Envoy, "Attributes"): a module that sets a property of such a name does not get it back. */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['request', 'response', 'connection', 'upstream', 'source', 'destination', 'xds', 'metadata', 'connection_id'],
  ...['filter_state', 'upstream_filter_state', 'plugin_name', 'plugin_root_id', 'plugin_vm_id'],
]);

/** Those that are maps of things, which cannot be had as a whole. */
const GROUPS: ReadonlySet<string> = new Set([
  ...['request', 'response', 'connection', 'upstream', 'source', 'destination', 'xds'],
  ...['filter_state', 'upstream_filter_state'],
]);

/** Names that stood beside `xds` once: no Envoy that is supported (1.36 to 1.40) answers to them. */
const RETIRED: ReadonlySet<string> = new Set([
  ...[
    'node',
    'listener_direction',
    'listener_metadata',
    'cluster_name',
    'cluster_metadata',
    'route_name',
    'route_metadata',
  ],
  'upstream_host_metadata',
]);

/** The name under which a property that a module has set is found; undefined for a path that leads to none. */
export function setPropertyName(path: readonly string[]): string | undefined {
  const [first = '', second = ''] = path;
  if (path.length === 1) return ATTRIBUTES.has(first) ? undefined : first;
  const isState = path.length === 2 && first === 'filter_state' && second.startsWith('wasm.');
  return isState ? second.slice('wasm.'.length) : undefined;
}

const NO_HEADERS: ReadonlySet<string> = new Set(['request.headers', 'response.headers', 'response.trailers']);

/** The same as {@link headerAttribute} for a connection, which has no headers: Envoy shows empty maps. */
export function connectionAttribute(path: readonly string[]): Property | 'stream' {
  const [group = ''] = path;
  if (RETIRED.has(group)) return undefined;
  if (path.length === 1) return GROUPS.has(group) ? Status.SERIALIZATION_FAILURE : 'stream';
  return NO_HEADERS.has(path.join('.')) ? new Uint8Array(4) : 'stream';
}

/**
 * What is known of an attribute without asking the stream: those about headers, which are there only while the headers may be seen, and
 * those that cannot be had. `'stream'` for all others.
 */
export function headerAttribute(path: readonly string[], visible: VisibleHeaders): Property | 'stream' {
  const [group = '', name = '', field] = path;
  if (RETIRED.has(group)) return undefined;
  if (path.length === 1) return GROUPS.has(group) ? Status.SERIALIZATION_FAILURE : 'stream';
  if (group === 'request') return requestAttribute(name, field, visible.request);
  if (group !== 'response') return 'stream';
  if (name === 'headers') return mapAttribute(visible.response, field);
  return name === 'trailers' ? mapAttribute(visible.responseTrailers, field) : 'stream';
}

function requestAttribute(
  name: string,
  field: string | undefined,
  headers: HeaderMap | undefined,
): Property | 'stream' {
  if (name === 'headers') return mapAttribute(headers, field);
  const path = headers?.get(':path');
  const query = path?.indexOf('?') ?? -1;
  switch (name) {
    case 'url_path':
      return path === undefined ? undefined : latin1Bytes(query === -1 ? path : path.slice(0, query));
    case 'query':
      return path === undefined
        ? undefined
        : latin1Bytes(query === -1 ? '' : (path.slice(query + 1).split('#', 1)[0] ?? ''));
    default: {
      const header = Object.hasOwn(REQUEST_HEADERS, name) ? REQUEST_HEADERS[name] : undefined;
      if (header === undefined) return 'stream';
      const value = headers?.get(header);
      return value === undefined ? undefined : latin1Bytes(value);
    }
  }
}

const REQUEST_HEADERS: Readonly<Record<string, string>> = {
  path: ':path',
  host: ':authority',
  scheme: ':scheme',
  method: ':method',
  referer: 'referer',
  useragent: 'user-agent',
  id: 'x-request-id',
};

/** One header, or all as pairs: each name once, with its values joined. */
function mapAttribute(map: HeaderMap | undefined, field: string | undefined): Property {
  if (field !== undefined) {
    const value = map === undefined ? undefined : joinedValue(map, field.toLowerCase());
    return value === undefined ? undefined : latin1Bytes(value);
  }
  const names = new Set(map?.pairs().map(([name]) => name));
  const pairs = [...names].map((name): HeaderPair => [name, map === undefined ? '' : (joinedValue(map, name) ?? '')]);
  return pairs.length === 0 ? new Uint8Array(4) : encodePairs(pairs);
}

/** A number, truth or text as Envoy serialises it: eight bytes little endian, one byte, or the text. */
export function encodeAttribute(value: string | bigint | boolean): Uint8Array<ArrayBuffer> {
  if (typeof value === 'string') return encodeText(value);
  if (typeof value === 'boolean') return Uint8Array.of(Number(value));
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes;
}
