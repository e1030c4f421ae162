import { copyBytes, pointerOf, toBytes, toText } from "./bytes";
import { hexDigit } from "./hex";

/** Percent-encodes all but unreserved characters (RFC 3986, section 2.3) of a text's UTF-8 or of bytes. */
export function encodePercent<T>(value: T): string {
  const bytes = toBytes<T>(value);
  const length = bytes.byteLength;
  let units = length;
  for (let index = 0; index < length; index++) {
    if (!isUnreserved(load<u8>(pointerOf(bytes) + index))) units += 2;
  }
  const text = changetype<string>(__new(<usize>units << 1, idof<string>()));
  let out = changetype<usize>(text);
  for (let index = 0; index < length; index++) {
    const byte = load<u8>(pointerOf(bytes) + index);
    if (isUnreserved(byte)) {
      store<u16>(out, byte);
      out += 2;
    } else {
      store<u16>(out, 0x25);
      store<u16>(out, digit(byte >> 4), 2);
      store<u16>(out, digit(byte & 15), 4);
      out += 6;
    }
  }
  return text;
}

/** The text with its percent-encodings resolved, as UTF-8; null if one of them is not two hexadecimal digits. `+` stays what it is. */
export function decodePercent<T>(text: T): string | null {
  const bytes = toBytes<T>(text);
  if (!isPercentEncoded(pointerOf(bytes), bytes.byteLength)) return null;
  return toText(decodePercentAt(pointerOf(bytes), bytes.byteLength, false));
}

/** Whether each `%` has two hexadecimal digits behind it. */
export function isPercentEncoded(start: usize, length: i32): bool {
  for (let index = 0; index < length; index++) {
    if (load<u8>(start + index) != 0x25) continue;
    if (index + 2 >= length || hexDigit(load<u8>(start + index + 1)) < 0 || hexDigit(load<u8>(start + index + 2)) < 0) return false;
    index += 2;
  }
  return true;
}

/** The bytes with percent-encodings resolved; a `%` without two digits stays. As in forms, `+` may stand for a space. */
export function decodePercentAt(start: usize, length: i32, isPlusSpace: bool): ArrayBuffer {
  const out = new ArrayBuffer(length);
  let to = pointerOf(out);
  for (let index = 0; index < length; index++) {
    let byte = load<u8>(start + index);
    if (byte == 0x2b && isPlusSpace) byte = 0x20;
    else if (byte == 0x25 && index + 2 < length) {
      const high = hexDigit(load<u8>(start + index + 1));
      const low = hexDigit(load<u8>(start + index + 2));
      if (high >= 0 && low >= 0) {
        byte = <u8>((high << 4) | low);
        index += 2;
      }
    }
    store<u8>(to++, byte);
  }
  const size = <i32>(to - pointerOf(out));
  return size == length ? out : copyBytes(pointerOf(out), size);
}

function isUnreserved(byte: u8): bool {
  return <u8>((byte | 0x20) - 0x61) < 26 || <u8>(byte - 0x30) < 10 || byte == 0x2d || byte == 0x2e || byte == 0x5f || byte == 0x7e;
}

function digit(value: u8): u16 {
  return <u16>value + (value < 10 ? 0x30 : 0x37);
}
