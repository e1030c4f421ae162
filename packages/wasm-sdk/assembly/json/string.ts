import { hexDigit } from "../hex";
import { utf8Character, utf8Length, writeUtf8 } from "../utf8";

// Both functions are for what the scan has accepted: from behind the first quote to the last one, escapes and UTF-8 in order.

/** Writes a string's characters as UTF-16 and gives how many units they are; with no place to write to it only counts. */
export function decodeUtf16(at: usize, end: usize, out: usize): i32 {
  let units = 0;
  while (at < end) {
    const byte = load<u8>(at);
    let character: u32;
    if (byte == 0x5c) {
      character = escaped(at);
      at += load<u8>(at, 1) == 0x75 ? 6 : 2;
    } else {
      const length = utf8Length(at, end);
      character = utf8Character(at, length);
      at += length;
    }
    if (character < 0x10000) {
      if (out != 0) store<u16>(out + (units << 1), character);
      units++;
    } else {
      if (out != 0) {
        store<u16>(out + (units << 1), 0xd7c0 + (character >> 10));
        store<u16>(out + (units << 1), 0xdc00 | (character & 0x3ff), 2);
      }
      units += 2;
    }
  }
  return units;
}

/** Writes a string as UTF-8 and gives how many bytes it is, never more than it has in JSON. Half a surrogate pair becomes U+FFFD. */
export function decodeUtf8(at: usize, end: usize, out: usize): i32 {
  const start = out;
  while (at < end) {
    const byte = load<u8>(at);
    if (byte != 0x5c) {
      store<u8>(out++, byte);
      at++;
      continue;
    }
    let character = escaped(at);
    at += load<u8>(at, 1) == 0x75 ? 6 : 2;
    if ((character & 0xfffff800) == 0xd800) {
      const isPair = character < 0xdc00 && at + 6 <= end && load<u16>(at) == 0x755c && (escaped(at) & 0xfc00) == 0xdc00;
      if (isPair) {
        character = 0x10000 + ((character & 0x3ff) << 10) + (escaped(at) & 0x3ff);
        at += 6;
      } else character = 0xfffd;
    }
    out += writeUtf8(out, character);
  }
  return <i32>(out - start);
}

/** Whether a string in JSON is this text. */
export function equalsText(at: usize, end: usize, text: string): bool {
  const length = text.length;
  const wanted = changetype<usize>(text);
  let units = 0;
  // Until an escape or a character beyond ASCII comes, bytes are units.
  while (at < end) {
    const byte = load<u8>(at);
    if (byte >= 0x80 || byte == 0x5c) break;
    if (units == length || load<u16>(wanted + (units << 1)) != byte) return false;
    at++;
    units++;
  }
  if (at == end) return units == length;
  if (decodeUtf16(at, end, 0) != length - units) return false;
  const rest = heap.alloc(<usize>(length - units) << 1);
  decodeUtf16(at, end, rest);
  const isEqual = memory.compare(rest, wanted + (units << 1), <usize>(length - units) << 1) == 0;
  heap.free(rest);
  return isEqual;
}

function escaped(at: usize): u32 {
  const letter = load<u8>(at, 1);
  switch (letter) {
    case 0x62: return 0x08;
    case 0x66: return 0x0c;
    case 0x6e: return 0x0a;
    case 0x72: return 0x0d;
    case 0x74: return 0x09;
    case 0x75: {
      let value: u32 = 0;
      for (let index = 2; index < 6; index++) value = (value << 4) | hexDigit(load<u8>(at + index));
      return value;
    }
    default: return letter;
  }
}
