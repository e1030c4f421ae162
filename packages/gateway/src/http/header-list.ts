/**
 * Headers as a flat list `[name, value, name, value, …]`, names in lower case, order and duplicates kept: the form in which
 * they arrive and leave, so that a forwarded request needs no map in between. Values hold one Latin-1 character per byte.
 */
export type HeaderList = string[];

/** The first value of a header, or undefined. `name` must be in lower case. */
export function headerValue(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}

/** All values of a header joined by a comma, as Envoy matches them; undefined when the header is absent. */
export function joinedHeaderValue(headers: readonly string[], name: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) joined = joined === undefined ? headers[i + 1] : `${joined},${headers[i + 1]}`;
  }
  return joined;
}

/** Replaces every occurrence of a header by one; appends it when absent. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      headers[i + 1] = value;
      removeHeaderFrom(headers, name, i + 2);
      return;
    }
  }
  headers.push(name, value);
}

/** Removes every occurrence of a header; tells whether there was one. */
export function removeHeader(headers: HeaderList, name: string): boolean {
  return removeHeaderFrom(headers, name, 0);
}

function removeHeaderFrom(headers: HeaderList, name: string, start: number): boolean {
  let kept = start;
  for (let i = start; i < headers.length; i += 2) {
    if (headers[i] === name) continue;
    if (kept !== i) {
      headers[kept] = headers[i] as string;
      headers[kept + 1] = headers[i + 1] as string;
    }
    kept += 2;
  }
  if (kept === headers.length) return false;
  headers.length = kept;
  return true;
}

/** Bytes of a header list as HTTP/1.1 would write it: the measure of `%REQUEST_HEADERS_BYTES%` and of size limits. */
export function headerBytes(headers: readonly string[]): number {
  let bytes = 0;
  for (let i = 0; i < headers.length; i++) bytes += (headers[i] as string).length + 2;
  return bytes;
}

const interned = new Map<string, string>();
const maxInterned = 512;

/** A header name in lower case; names seen before cost one map lookup and no allocation. */
export function lowerCaseName(name: string): string {
  const known = interned.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  if (interned.size < maxInterned && name.length <= 64) interned.set(name, lower);
  return lower;
}
