import { pointerOf, toBytes } from "./bytes";

/** Lower-case hexadecimal digits of a text's UTF-8 or of bytes. */
export function encodeHex<T>(value: T): string {
  const bytes = toBytes<T>(value);
  const length = bytes.byteLength;
  const start = pointerOf(bytes);
  const text = changetype<string>(__new(<usize>length << 2, idof<string>()));
  for (let index = 0; index < length; index++) {
    const byte = load<u8>(start + index);
    const out = changetype<usize>(text) + (index << 2);
    store<u16>(out, digit(byte >> 4));
    store<u16>(out, digit(byte & 15), 2);
  }
  return text;
}

/** The bytes that hexadecimal digits of either case stand for, or null if there is something else or half a byte. */
export function decodeHex<T>(text: T): ArrayBuffer | null {
  const digits = toBytes<T>(text);
  const length = digits.byteLength;
  if ((length & 1) != 0) return null;
  const out = new ArrayBuffer(length >> 1);
  for (let index = 0; index < length; index += 2) {
    const high = hexDigit(load<u8>(pointerOf(digits) + index));
    const low = hexDigit(load<u8>(pointerOf(digits) + index + 1));
    if (high < 0 || low < 0) return null;
    store<u8>(pointerOf(out) + (index >> 1), (high << 4) | low);
  }
  return out;
}

/** What a hexadecimal digit stands for, or -1. */
export function hexDigit(byte: u8): i32 {
  if (<u8>(byte - 0x30) < 10) return byte - 0x30;
  const letter: u8 = (byte | 0x20) - 0x61;
  return letter < 6 ? <i32>letter + 10 : -1;
}

function digit(value: u8): u16 {
  return <u16>value + (value < 10 ? 0x30 : 0x57);
}
