import { isJoinedHeader } from './joined-headers.ts';

/**
 * Headers as the gateway carries them: name, value, name, value …; names lower-case, without pseudo-headers; repeated headers stand as
 * often as they came.
 */
export type RawHeaders = string[];

/** The first value of a header; undefined when absent. `name` lower-case. */
export function firstHeader(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1];
  return undefined;
}

/** All values of a header joined by `,`; undefined when absent. `name` lower-case. */
export function joinedHeader(headers: readonly string[], name: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) joined = joined === undefined ? headers[i + 1] : `${joined},${headers[i + 1]}`;
  }
  return joined;
}

/** Whether a header is there. `name` lower-case. */
export function hasHeader(headers: readonly string[], name: string): boolean {
  return firstHeader(headers, name) !== undefined;
}

/** Removes every value of a header, in place. `name` lower-case. */
export function removeHeader(headers: RawHeaders, name: string): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) continue;
    if (kept !== i) {
      headers[kept] = headers[i] ?? '';
      headers[kept + 1] = headers[i + 1] ?? '';
    }
    kept += 2;
  }
  headers.length = kept;
}

/** Replaces every value of a header by one, in place; adds it when absent. `name` lower-case. */
export function setHeader(headers: RawHeaders, name: string, value: string): void {
  removeHeader(headers, name);
  headers.push(name, value);
}

/** Adds a value as Envoy does: a line of its own, or for the headers of {@link isJoinedHeader} after a comma. `name` lower-case. */
export function addHeader(headers: RawHeaders, name: string, value: string, direction: 'request' | 'response'): void {
  if (isJoinedHeader(direction, name)) {
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) {
        headers[i + 1] = joinValues(headers[i + 1] ?? '', value);
        return;
      }
    }
  }
  headers.push(name, value);
}

/** Two values of a joined header as one: a comma between, unless one of them is empty (Envoy's `appendToHeader`). */
export function joinValues(before: string, value: string): string {
  return before === '' ? value : value === '' ? before : `${before},${value}`;
}

/** The values of a header one by one; none when absent. `name` lower-case. */
export function headerValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) values.push(headers[i + 1] ?? '');
  return values;
}
