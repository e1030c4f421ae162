import { pointerOf, toBytes } from "./bytes";

/** Base64 with padding (RFC 4648, section 4) of a text's UTF-8 or of bytes. */
export function encodeBase64<T>(value: T): string {
  const bytes = toBytes<T>(value);
  return encode(pointerOf(bytes), bytes.byteLength, 0x2b, 0x2f, true);
}

/** Base64url without padding (RFC 4648, section 5; RFC 7515) of a text's UTF-8 or of bytes. */
export function encodeBase64Url<T>(value: T): string {
  const bytes = toBytes<T>(value);
  return encode(pointerOf(bytes), bytes.byteLength, 0x2d, 0x5f, false);
}

/**
 * The bytes that padded base64 stands for, or null if it is not exactly what encoding them gives: no white space, no missing padding, no
 * bits left over.
 */
export function decodeBase64<T>(text: T): ArrayBuffer | null {
  const bytes = toBytes<T>(text);
  let length = bytes.byteLength;
  if ((length & 3) != 0) return null;
  const end = pointerOf(bytes) + length;
  if (length > 0 && load<u8>(end - 1) == 0x3d) length -= load<u8>(end - 2) == 0x3d ? 2 : 1;
  return decode(pointerOf(bytes), length, 0x2b, 0x2f);
}

/** The bytes that unpadded base64url stands for, or null if it is not exactly what encoding them gives. */
export function decodeBase64Url<T>(text: T): ArrayBuffer | null {
  const bytes = toBytes<T>(text);
  return decodeBase64UrlAt(pointerOf(bytes), bytes.byteLength);
}

/** The same for `length` bytes of ASCII. */
export function decodeBase64UrlAt(start: usize, length: i32): ArrayBuffer | null {
  return decode(start, length, 0x2d, 0x5f);
}

function encode(start: usize, length: i32, character62: u16, character63: u16, isPadded: bool): string {
  const whole = length / 3;
  const left = length - whole * 3;
  const units = isPadded ? (length + 2) / 3 * 4 : whole * 4 + (left == 0 ? 0 : left + 1);
  const text = changetype<string>(__new(<usize>units << 1, idof<string>()));
  let out = changetype<usize>(text);
  const last = out + (<usize>units << 1);
  for (let at = 0; at < length; at += 3) {
    let group = <u32>load<u8>(start + at) << 16;
    if (at + 1 < length) group |= <u32>load<u8>(start + at + 1) << 8;
    if (at + 2 < length) group |= load<u8>(start + at + 2);
    const characters = min(length - at, 3) + 1;
    for (let index = 0; index < 4; index++) {
      if (index < characters) store<u16>(out, character((group >> (18 - 6 * index)) & 63, character62, character63));
      else if (out < last) store<u16>(out, 0x3d);
      out += 2;
    }
  }
  return text;
}

function decode(start: usize, length: i32, character62: u8, character63: u8): ArrayBuffer | null {
  const left = length & 3;
  if (left == 1) return null;
  const out = new ArrayBuffer((length >> 2) * 3 + (left == 0 ? 0 : left - 1));
  let to = pointerOf(out);
  let group: u32 = 0;
  for (let index = 0; index < length; index++) {
    const value = sextet(load<u8>(start + index), character62, character63);
    if (value < 0) return null;
    group = (group << 6) | value;
    if ((index & 3) == 3) {
      store<u8>(to, group >> 16);
      store<u8>(to + 1, group >> 8);
      store<u8>(to + 2, group);
      to += 3;
      group = 0;
    }
  }
  if (left == 2) {
    if ((group & 15) != 0) return null;
    store<u8>(to, group >> 4);
  } else if (left == 3) {
    if ((group & 3) != 0) return null;
    store<u8>(to, group >> 10);
    store<u8>(to + 1, group >> 2);
  }
  return out;
}

function character(value: u32, character62: u16, character63: u16): u16 {
  if (value < 26) return <u16>(0x41 + value);
  if (value < 52) return <u16>(0x61 - 26 + value);
  if (value < 62) return <u16>(0x30 - 52 + value);
  return value == 62 ? character62 : character63;
}

function sextet(byte: u8, character62: u8, character63: u8): i32 {
  if (<u8>(byte - 0x41) < 26) return byte - 0x41;
  if (<u8>(byte - 0x61) < 26) return byte - 0x61 + 26;
  if (<u8>(byte - 0x30) < 10) return byte - 0x30 + 52;
  return byte == character62 ? 62 : byte == character63 ? 63 : -1;
}
