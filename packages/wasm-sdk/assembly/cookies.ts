import { equalsBytes, pointerOf, textAt, toBytes } from "./bytes";

/**
 * The value of a cookie in a `Cookie` header (RFC 6265, section 4.2.1), or null: the first one of this name. Quotes around it are not part of
 * it. Names differ by case.
 */
export function getCookie<T>(header: T, name: string): string | null {
  const bytes = toBytes<T>(header);
  const wanted = toBytes(name);
  const start = pointerOf(bytes);
  const size = bytes.byteLength;
  for (let at = 0; at < size; ) {
    const end = pairEnd(start, at, size);
    const equals = nameEnd(start, at, end);
    if (equals < end && isName(start, at, equals, wanted)) {
      let from = skipSpace(start, equals + 1, end);
      let to = end;
      while (to > from && isSpace(load<u8>(start + to - 1))) to--;
      if (to - from >= 2 && load<u8>(start + from) == 0x22 && load<u8>(start + to - 1) == 0x22) {
        from++;
        to--;
      }
      return textAt(start + from, to - from);
    }
    at = end + 1;
  }
  return null;
}

/** A `Cookie` header without the cookies of one name, the others as they are; empty if none is left. */
export function withoutCookie<T>(header: T, name: string): string {
  const bytes = toBytes<T>(header);
  const wanted = toBytes(name);
  const start = pointerOf(bytes);
  const size = bytes.byteLength;
  let text = "";
  for (let at = 0; at < size; ) {
    const end = pairEnd(start, at, size);
    const equals = nameEnd(start, at, end);
    const from = skipSpace(start, at, end);
    if (from < end && !(equals < end && isName(start, at, equals, wanted))) {
      if (text.length > 0) text += "; ";
      text += textAt(start + from, end - from);
    }
    at = end + 1;
  }
  return text;
}

/** A cookie for a `Set-Cookie` header (RFC 6265, section 4.1). */
export class SetCookie {
  path: string = "";
  domain: string = "";
  /** Seconds; negative for a cookie that ends with the browser's session. */
  maxAge: i64 = -1;
  secure: bool = true;
  httpOnly: bool = true;
  /** `Strict`, `Lax`, `None`, or empty. */
  sameSite: string = "Lax";

  constructor(public name: string, public value: string) {}

  /** The header's value, or null if a part of it has a character that does not belong there. */
  format(): string | null {
    if (this.name.length == 0 || !isToken(this.name) || !isCookieText(this.value, false)) return null;
    if (!isCookieText(this.path, true) || !isCookieText(this.domain, true) || !isCookieText(this.sameSite, true)) return null;
    let text = this.name + "=" + this.value;
    if (this.path.length > 0) text += "; Path=" + this.path;
    if (this.domain.length > 0) text += "; Domain=" + this.domain;
    if (this.maxAge >= 0) text += "; Max-Age=" + this.maxAge.toString();
    if (this.secure) text += "; Secure";
    if (this.httpOnly) text += "; HttpOnly";
    if (this.sameSite.length > 0) text += "; SameSite=" + this.sameSite;
    return text;
  }
}

function pairEnd(start: usize, at: i32, size: i32): i32 {
  while (at < size && load<u8>(start + at) != 0x3b) at++;
  return at;
}

function nameEnd(start: usize, at: i32, end: i32): i32 {
  while (at < end && load<u8>(start + at) != 0x3d) at++;
  return at;
}

function isName(start: usize, at: i32, end: i32, wanted: ArrayBuffer): bool {
  at = skipSpace(start, at, end);
  while (end > at && isSpace(load<u8>(start + end - 1))) end--;
  return equalsBytes(start + at, end - at, pointerOf(wanted), wanted.byteLength);
}

function skipSpace(start: usize, at: i32, end: i32): i32 {
  while (at < end && isSpace(load<u8>(start + at))) at++;
  return at;
}

function isSpace(byte: u8): bool {
  return byte == 0x20 || byte == 0x09;
}

/** RFC 9110, section 5.6.2. */
function isToken(text: string): bool {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit <= 0x20 || unit >= 0x7f || '"(),/:;<=>?@[\\]{}'.includes(text.charAt(index))) return false;
  }
  return true;
}

function isCookieText(text: string, isAttribute: bool): bool {
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit >= 0x7f || unit == 0x3b) return false;
    if (!isAttribute && (unit == 0x20 || unit == 0x22 || unit == 0x2c || unit == 0x5c)) return false;
  }
  return true;
}
