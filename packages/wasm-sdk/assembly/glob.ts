import { pointerOf, toBytes } from "./bytes";

// What a part of a pattern is.
const BYTE: u8 = 0;
const ANY_CHARACTER: u8 = 1;
const RUN: u8 = 2;
const LONG_RUN: u8 = 3;

/**
 * A pattern for names and paths: `*` stands for any run of characters without `/`, `**` for any run, `?` for one character except `/`;
 * `\` takes the next character's meaning away, and all else stands for itself. Every text is a pattern; matching takes time proportional to
 * the length of the pattern times that of the text, whatever they are.
 */
export class Glob {
  /** The pattern's bytes, the stars and marks among them replaced by kinds. */
  private readonly bytes: ArrayBuffer;
  private readonly kinds: ArrayBuffer;
  private readonly length: i32;

  constructor(pattern: string) {
    const source = toBytes(pattern);
    const size = source.byteLength;
    this.bytes = new ArrayBuffer(size);
    this.kinds = new ArrayBuffer(size);
    const from = pointerOf(source);
    const to = pointerOf(this.bytes);
    const kinds = pointerOf(this.kinds);
    let length = 0;
    for (let at = 0; at < size; at++) {
      let byte = load<u8>(from + at);
      let kind: u8 = BYTE;
      if (byte == 0x5c && at + 1 < size) byte = load<u8>(from + ++at);
      else if (byte == 0x3f) kind = ANY_CHARACTER;
      else if (byte == 0x2a) {
        kind = RUN;
        while (at + 1 < size && load<u8>(from + at + 1) == 0x2a) {
          kind = LONG_RUN;
          at++;
        }
      }
      store<u8>(to + length, byte);
      store<u8>(kinds + length++, kind);
    }
    this.length = length;
  }

  /** Whether the whole text, or UTF-8, matches. */
  matches<T>(text: T): bool {
    const bytes = toBytes<T>(text);
    return this.matchesAt(pointerOf(bytes), bytes.byteLength);
  }

  private matchesAt(start: usize, size: i32): bool {
    // `isOpen[n]`: what was read so far matches the first n parts.
    const isOpen = new ArrayBuffer(this.length + 1);
    const open = pointerOf(isOpen);
    const kinds = pointerOf(this.kinds);
    const parts = pointerOf(this.bytes);
    store<u8>(open, 1);
    for (let part = 0; part < this.length && isRun(load<u8>(kinds + part)); part++) store<u8>(open + part + 1, 1);
    for (let at = 0; at < size; at++) {
      const byte = load<u8>(start + at);
      const isContinued = (byte & 0xc0) == 0x80;
      let before = load<u8>(open);
      let hasAny = false;
      store<u8>(open, 0);
      for (let part = 0; part < this.length; part++) {
        const kind = load<u8>(kinds + part);
        const was = load<u8>(open + part + 1);
        let is: u8 = 0;
        if (kind == BYTE) is = before & u8(load<u8>(parts + part) == byte);
        // A mark takes a character's first byte, and stays for its other ones.
        else if (kind == ANY_CHARACTER) is = isContinued ? was : before & u8(byte != 0x2f);
        else {
          // A run may end here, or go on with this byte; what stands before it now may begin it.
          is = (kind == LONG_RUN || byte != 0x2f ? was : 0) | load<u8>(open + part);
        }
        store<u8>(open + part + 1, is);
        hasAny = hasAny || is != 0;
        before = was;
      }
      if (!hasAny) return false;
    }
    return load<u8>(open + this.length) != 0;
  }
}

function isRun(kind: u8): bool {
  return kind >= RUN;
}
