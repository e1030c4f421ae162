/**
 * How many bytes the UTF-8 character at `at` has (1 to 4), or 0 if there is none: a stray or missing continuation byte, an overlong form, a
 * surrogate, or more than U+10FFFF (RFC 3629, section 4).
 */
export function utf8Length(at: usize, end: usize): i32 {
  const first = load<u8>(at);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  const second = load<u8>(at + 1);
  // The second byte's range is narrower after these four.
  const lowest: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const highest: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let index = 2; index < length; index++) {
    if ((load<u8>(at + index) & 0xc0) != 0x80) return 0;
  }
  return length;
}

/** Whether these bytes are UTF-8 throughout. */
export function isUtf8(start: usize, length: i32): bool {
  const end = start + length;
  while (start < end) {
    const size = utf8Length(start, end);
    if (size == 0) return false;
    start += size;
  }
  return true;
}

/** Writes a character (not more than U+10FFFF) as UTF-8 and gives how many bytes it took. */
export function writeUtf8(out: usize, character: u32): i32 {
  if (character < 0x80) {
    store<u8>(out, character);
    return 1;
  }
  const length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  for (let index = length - 1; index > 0; index--) {
    store<u8>(out + index, 0x80 | (character & 0x3f));
    character >>= 6;
  }
  // As many leading ones as there are bytes.
  store<u8>(out, (0xf00 >> length) | character);
  return length;
}

/**
 * Writes UTF-8 as UTF-16 and gives how many units it is; with no place to write to (0) it only counts. What is not UTF-8 becomes U+FFFD, one
 * for each longest beginning of a character, as the Encoding standard does.
 */
export function utf8ToUtf16(at: usize, end: usize, out: usize): i32 {
  let units = 0;
  while (at < end) {
    let character: u32 = load<u8>(at);
    let length = 1;
    if (character >= 0x80) {
      length = utf8Length(at, end);
      if (length == 0) {
        character = 0xfffd;
        length = brokenLength(at, end);
      } else character = utf8Character(at, length);
    }
    at += length;
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

/** The character whose UTF-8 has this length, as `utf8Length` found it. */
export function utf8Character(at: usize, length: i32): u32 {
  const first: u32 = load<u8>(at);
  if (length == 1) return first;
  let value = first & (0x7f >> length);
  for (let index = 1; index < length; index++) value = (value << 6) | (load<u8>(at + index) & 0x3f);
  return value;
}

/** How much of what is not UTF-8 could have begun a character. */
function brokenLength(at: usize, end: usize): i32 {
  const first = load<u8>(at);
  if (first < 0xe0 || first > 0xf4 || at + 1 >= end) return 1;
  const second = load<u8>(at + 1);
  const lowest: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const highest: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 1;
  return first >= 0xf0 && at + 2 < end && (load<u8>(at + 2) & 0xc0) == 0x80 ? 3 : 2;
}
