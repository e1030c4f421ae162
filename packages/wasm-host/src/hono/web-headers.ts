import type { HeaderMap } from '../header-map.ts';
import type { HeaderPair } from '../header-pairs.ts';

/** The fields of web headers; each cookie that is set is one. */
export function fieldPairs(headers: Headers): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  // Each cookie comes as an entry of its own.
  for (const [name, value] of headers) pairs.push([name, value]);
  return pairs;
}

/** The fields of a map that may stand in web headers: pseudo headers and what HTTP does not allow are left out. */
export function webHeaders(map: HeaderMap): Headers {
  const headers = new Headers();
  for (const [name, value] of map.pairs()) if (isField(name, value)) headers.append(name, value);
  return headers;
}

/** Whether a name and a value may stand in a message (RFC 9110, section 5). */
export function isField(name: string, value: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) && !/[\r\n\0]/.test(value);
}

/** Whether a map says the same as it did. */
export function isSame(a: readonly HeaderPair[], b: readonly HeaderPair[]): boolean {
  return a.length === b.length && a.every(([name, value], index) => name === b[index]?.[0] && value === b[index]?.[1]);
}
