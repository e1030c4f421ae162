/** Headers as they travel between host and module: names and values are bytes, written here as Latin-1 text so that none is lost. */
export type HeaderPair = readonly [name: string, value: string];

/** What Envoy takes from a module in one map. */
const MAX_PAIRS = 1024;
const MAX_BYTES = 1024 * 1024;

/**
 * Writes a map: the number of pairs, then the length of each name and value (all u32, little endian), then each name and value with a
 * NUL behind (`proxy_get_header_map_pairs` of the ABI). An empty map is no bytes at all.
 */
export function encodePairs(pairs: readonly HeaderPair[]): Uint8Array<ArrayBuffer> {
  if (pairs.length === 0) return new Uint8Array();
  let size = 4;
  for (const [name, value] of pairs) size += 8 + name.length + 1 + value.length + 1;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pairs.length, true);
  let lengthAt = 4;
  let at = 4 + pairs.length * 8;
  for (const [name, value] of pairs) {
    view.setUint32(lengthAt, name.length, true);
    view.setUint32(lengthAt + 4, value.length, true);
    lengthAt += 8;
    at = putLatin1(bytes, at, name) + 1;
    at = putLatin1(bytes, at, value) + 1;
  }
  return bytes;
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

/** Bytes of a text of Latin-1 characters. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  putLatin1(bytes, 0, text);
  return bytes;
}

/** Text with one character for each byte. */
export function latin1Text(bytes: Uint8Array): string {
  return latin1(bytes, 0, bytes.length);
}

function putLatin1(bytes: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index += 1) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

function latin1(bytes: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let index = start; index < start + length; index += 1) text += String.fromCharCode(bytes[index] as number);
  return text;
}
