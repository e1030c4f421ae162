import { latin1, putLatin1 } from './latin1.ts';

export { latin1Bytes, latin1Text } from './latin1.ts';

/** Headers as they travel between host and module: names and values are bytes, written here as Latin-1 text so that none is lost. */
export type HeaderPair = readonly [name: string, value: string];

/** What Envoy takes from a module in one map. */
const MAX_PAIRS = 1024;
const MAX_BYTES = 1024 * 1024;

/**
 * A map as bytes: the number of pairs, then the length of each name and value (all u32, little endian), then each name and value with a
 * NUL behind (`proxy_get_header_map_pairs` of the ABI). An empty map is no bytes at all.
 */
export function encodePairs(pairs: readonly HeaderPair[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pairsSize(pairs));
  putPairs(bytes, new DataView(bytes.buffer), 0, pairs);
  return bytes;
}

/** How many bytes {@link putPairs} writes. */
export function pairsSize(pairs: readonly HeaderPair[]): number {
  if (pairs.length === 0) return 0;
  let size = 4;
  for (const [name, value] of pairs) size += 8 + name.length + 1 + value.length + 1;
  return size;
}

/** Writes a map as {@link encodePairs} has it into bytes that have room for it; `view` is of the same bytes. */
export function putPairs(bytes: Uint8Array, view: DataView, at: number, pairs: readonly HeaderPair[]): void {
  if (pairs.length === 0) return;
  view.setUint32(at, pairs.length, true);
  let sizeAt = at + 4;
  let textAt = sizeAt + pairs.length * 8;
  for (const [name, value] of pairs) {
    view.setUint32(sizeAt, name.length, true);
    view.setUint32(sizeAt + 4, value.length, true);
    sizeAt += 8;
    putLatin1(bytes, textAt, name);
    textAt += name.length;
    bytes[textAt] = 0;
    textAt += 1;
    putLatin1(bytes, textAt, value);
    textAt += value.length;
    bytes[textAt] = 0;
    textAt += 1;
  }
}

/** Reads a map; undefined for bytes that are none, or more than Envoy takes. */
export function decodePairs(bytes: Uint8Array): HeaderPair[] | undefined {
  if (bytes.length === 0) return [];
  if (bytes.length < 4 || bytes.length > MAX_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  let at = 4 + count * 8;
  if (count > MAX_PAIRS || at > bytes.length) return undefined;
  const pairs: HeaderPair[] = [];
  for (let index = 0; index < count; index += 1) {
    const nameLength = view.getUint32(4 + index * 8, true);
    const valueLength = view.getUint32(8 + index * 8, true);
    const valueAt = at + nameLength + 1;
    const end = valueAt + valueLength + 1;
    if (end > bytes.length || bytes[valueAt - 1] !== 0 || bytes[end - 1] !== 0) return undefined;
    pairs.push([latin1(bytes, at, nameLength), latin1(bytes, valueAt, valueLength)]);
    at = end;
  }
  return at === bytes.length ? pairs : undefined;
}
