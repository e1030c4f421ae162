/**
 * How a byte of a path is treated, as Envoy's URL library (Chromium's, with the rules of 2013) treats it: escaped when it stands raw,
 * unescaped when it stands as `%XX`, both refused for NUL, else left as it is.
 */
const ESCAPE = 1;
const UNESCAPE = 2;

const treatment = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const char = String.fromCharCode(byte);
  if (byte < 0x21 || byte > 0x7e || '"#%<>?^`{|}\\'.includes(char)) treatment[byte] = ESCAPE;
  else if (/[0-9A-Za-z\-_~]/.test(char)) treatment[byte] = UNESCAPE;
}

const HEX = '0123456789ABCDEF';

/**
 * Canonicalises a path without query, as Envoy does with `normalize_path`: dot segments resolved (also written `%2e`), backslashes
 * turned into slashes, unreserved characters unescaped, unsafe bytes escaped. Slashes are not merged and `%2F` stays.
 *
 * @returns undefined where Envoy answers 400: a NUL byte, raw or escaped.
 */
export function canonicalPath(path: string): string | undefined {
  if (path === '') return '/';
  let out = isSlash(path.charCodeAt(0)) ? '' : '/';
  // Where in `out` the last percent sign stands that begins no escape sequence; -1 for none.
  let lonePercent = -1;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i) & 0xff;
    const dot = dotLength(path, i);
    if (dot > 0) {
      if (!out.endsWith('/')) {
        out += '.';
        i += dot - 1;
        continue;
      }
      const after = i + dot;
      if (after >= path.length || isSlash(path.charCodeAt(after))) {
        i = after;
        continue;
      }
      const second = dotLength(path, after);
      const end = after + second;
      if (second > 0 && (end >= path.length || isSlash(path.charCodeAt(end)))) {
        out = parentOf(out);
        if (lonePercent >= out.length) lonePercent = -1;
        i = end;
        continue;
      }
      out += '.';
      i += dot - 1;
    } else if (code === 0x5c) {
      out += '/';
    } else if (code === 0x25) {
      const byte = escapedByte(path, i);
      if (byte === undefined) {
        lonePercent = out.length;
        out += '%';
        continue;
      }
      if (byte === 0) return undefined;
      if (treatment[byte] === UNESCAPE) {
        out = withoutNestedEscape(out + String.fromCharCode(byte), lonePercent, path.charCodeAt(i + 3));
      } else {
        out += path.slice(i, i + 3);
      }
      i += 2;
    } else if (code === 0) {
      return undefined;
    } else if (treatment[code] === ESCAPE) {
      out += `%${HEX[code >> 4]}${HEX[code & 15]}`;
    } else {
      out += path[i];
    }
  }
  return out;
}

/**
 * `%%41B` would become `%AB`, an escape sequence that nobody wrote: then the lone percent sign is escaped itself, `%25AB`. Looks at the
 * character just unescaped and, if it stands right behind the percent sign, at the next one of the input.
 */
function withoutNestedEscape(out: string, lonePercent: number, next: number): string {
  const behind = out.length - 1 - lonePercent;
  if (lonePercent < 0 || behind > 2) return out;
  const first = hexDigit(out.charCodeAt(lonePercent + 1));
  const second = hexDigit(behind === 1 ? next : out.charCodeAt(lonePercent + 2));
  return first < 0 || second < 0 ? out : `${out.slice(0, lonePercent)}%25${out.slice(lonePercent + 1)}`;
}

function isSlash(code: number): boolean {
  return code === 0x2f || code === 0x5c;
}

/** Length of the dot that stands at `at`: 1 for `.`, 3 for `%2e`, else 0. */
function dotLength(path: string, at: number): number {
  const code = path.charCodeAt(at);
  if (code === 0x2e) return 1;
  if (code === 0x25 && path.charCodeAt(at + 1) === 0x32) {
    const e = path.charCodeAt(at + 2);
    if (e === 0x65 || e === 0x45) return 3;
  }
  return 0;
}

function escapedByte(path: string, at: number): number | undefined {
  const high = hexDigit(path.charCodeAt(at + 1));
  const low = hexDigit(path.charCodeAt(at + 2));
  return high < 0 || low < 0 ? undefined : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** The directory above `path`, which ends with a slash; the root is its own parent. */
function parentOf(path: string): string {
  if (path.length === 1) return path;
  return path.slice(0, Math.max(path.lastIndexOf('/', path.length - 2), 0) + 1);
}
