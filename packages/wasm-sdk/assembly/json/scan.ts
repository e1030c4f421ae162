// Reads JSON text (RFC 8259) into an index, in one pass and without recursion. The text stays as it is; the index says where each value
// starts and ends and where the next one is:
//
//   node n (12 bytes)   u32 start     offset of the value's first byte
//                       u32 end       offset behind its last byte
//                       u32 next      number of the first node that is not inside this one; while the value is open, its parent's number
//
// An array's elements follow it; an object's members are two nodes each, the key's and the value's.
import { copyBytes, pointerOf } from "../bytes";
import { hexDigit } from "../hex";
import { utf8Length } from "../utf8";

/** Why text is not JSON. */
export const enum JsonProblem {
  NONE,
  TOO_LARGE,
  TOO_DEEP,
  END,
  UNEXPECTED,
  CONTROL_CHARACTER,
  ESCAPE,
  NOT_UTF8,
  TRAILING,
}

export const NODE_SIZE: usize = 12;
const NO_PARENT: u32 = 0xffffffff;

const enum Expect {
  VALUE,
  VALUE_OR_END,
  KEY,
  KEY_OR_END,
  AFTER_VALUE,
}

/** A text and the index of its values. */
export class JsonText {
  nodes: ArrayBuffer = new ArrayBuffer(16 * <i32>NODE_SIZE);
  count: i32 = 0;
  problem: JsonProblem = JsonProblem.NONE;
  /** Offset of the byte that is the problem. */
  problemAt: i32 = 0;

  constructor(public readonly bytes: ArrayBuffer) {}

  @inline start(node: i32): u32 { return load<u32>(changetype<usize>(this.nodes) + <usize>node * NODE_SIZE); }
  @inline end(node: i32): u32 { return load<u32>(changetype<usize>(this.nodes) + <usize>node * NODE_SIZE, 4); }
  @inline next(node: i32): i32 { return load<i32>(changetype<usize>(this.nodes) + <usize>node * NODE_SIZE, 8); }
  @inline byteAt(offset: u32): u8 { return load<u8>(changetype<usize>(this.bytes) + offset); }

  private open(start: u32, parent: u32): void {
    const used = this.count * <i32>NODE_SIZE;
    if (used == this.nodes.byteLength) {
      const larger = new ArrayBuffer(used << 1);
      memory.copy(pointerOf(larger), pointerOf(this.nodes), used);
      this.nodes = larger;
    }
    const node = pointerOf(this.nodes) + used;
    store<u32>(node, start);
    store<u32>(node, parent, 8);
    this.count++;
  }

  private close(node: u32, end: u32): u32 {
    const at = pointerOf(this.nodes) + <usize>node * NODE_SIZE;
    const parent = load<u32>(at, 8);
    store<u32>(at, end, 4);
    store<u32>(at, this.count, 8);
    return parent;
  }

  private fail(problem: JsonProblem, at: u32): void {
    this.problem = problem;
    this.problemAt = at;
  }

  /** Reads the text; afterwards either there is a problem, or node 0 is the value. */
  scan(maxDepth: i32, maxBytes: i32): void {
    const text = pointerOf(this.bytes);
    const size = <u32>this.bytes.byteLength;
    if (size > <u32>maxBytes) return this.fail(JsonProblem.TOO_LARGE, maxBytes);
    let parent = NO_PARENT;
    let isInObject = false;
    let depth = 0;
    let expect = Expect.VALUE;
    let at: u32 = 0;
    while (true) {
      while (at < size && isSpace(load<u8>(text + at))) at++;
      if (at == size) {
        if (parent == NO_PARENT && expect == Expect.AFTER_VALUE) return;
        return this.fail(JsonProblem.END, at);
      }
      const byte = load<u8>(text + at);
      if (expect == Expect.AFTER_VALUE) {
        if (parent == NO_PARENT) return this.fail(JsonProblem.TRAILING, at);
        if (byte == 0x2c /* , */) {
          at++;
          expect = isInObject ? Expect.KEY : Expect.VALUE;
          continue;
        }
      }
      if (expect != Expect.VALUE && expect != Expect.KEY && byte == (isInObject ? 0x7d : 0x5d) /* } ] */) {
        at++;
        parent = this.close(parent, at);
        depth--;
        isInObject = parent != NO_PARENT && load<u8>(text + this.start(parent)) == 0x7b;
        expect = Expect.AFTER_VALUE;
        continue;
      }
      if (expect == Expect.AFTER_VALUE) return this.fail(JsonProblem.UNEXPECTED, at);
      if (expect == Expect.KEY || expect == Expect.KEY_OR_END) {
        if (byte != 0x22 /* " */) return this.fail(JsonProblem.UNEXPECTED, at);
        this.open(at, parent);
        at = this.string(text, at, size);
        if (this.problem != JsonProblem.NONE) return;
        this.close(this.count - 1, at);
        while (at < size && isSpace(load<u8>(text + at))) at++;
        if (at == size) return this.fail(JsonProblem.END, at);
        if (load<u8>(text + at) != 0x3a /* : */) return this.fail(JsonProblem.UNEXPECTED, at);
        at++;
        expect = Expect.VALUE;
        continue;
      }
      this.open(at, parent);
      const node = this.count - 1;
      if (byte == 0x7b || byte == 0x5b /* { [ */) {
        if (++depth > maxDepth) return this.fail(JsonProblem.TOO_DEEP, at);
        parent = node;
        isInObject = byte == 0x7b;
        expect = isInObject ? Expect.KEY_OR_END : Expect.VALUE_OR_END;
        at++;
        continue;
      }
      if (byte == 0x22) at = this.string(text, at, size);
      else if (byte == 0x2d || isDigit(byte)) at = this.number(text, at, size);
      else at = this.word(text, at, size);
      if (this.problem != JsonProblem.NONE) return;
      this.close(node, at);
      expect = Expect.AFTER_VALUE;
    }
  }

  private string(text: usize, at: u32, size: u32): u32 {
    at++;
    while (at < size) {
      const byte = load<u8>(text + at);
      if (byte == 0x22) return at + 1;
      if (byte < 0x20) {
        this.fail(JsonProblem.CONTROL_CHARACTER, at);
        return at;
      }
      if (byte == 0x5c /* \ */) {
        const length = escapeLength(text + at, text + size);
        if (length == 0) {
          this.fail(at + 1 < size ? JsonProblem.ESCAPE : JsonProblem.END, at + 1 < size ? at : size);
          return at;
        }
        at += length;
      } else {
        const length = utf8Length(text + at, text + size);
        if (length == 0) {
          this.fail(JsonProblem.NOT_UTF8, at);
          return at;
        }
        at += length;
      }
    }
    this.fail(JsonProblem.END, at);
    return at;
  }

  private number(text: usize, at: u32, size: u32): u32 {
    if (load<u8>(text + at) == 0x2d) at++;
    if (at < size && load<u8>(text + at) == 0x30) at++;
    else at = this.digits(text, at, size);
    if (this.problem == JsonProblem.NONE && at < size && load<u8>(text + at) == 0x2e /* . */) at = this.digits(text, at + 1, size);
    if (this.problem == JsonProblem.NONE && at < size && (load<u8>(text + at) | 0x20) == 0x65 /* e */) {
      at++;
      if (at < size && (load<u8>(text + at) == 0x2b || load<u8>(text + at) == 0x2d)) at++;
      at = this.digits(text, at, size);
    }
    return at;
  }

  private digits(text: usize, at: u32, size: u32): u32 {
    if (at == size) this.fail(JsonProblem.END, at);
    else if (!isDigit(load<u8>(text + at))) this.fail(JsonProblem.UNEXPECTED, at);
    while (at < size && isDigit(load<u8>(text + at))) at++;
    return at;
  }

  private word(text: usize, at: u32, size: u32): u32 {
    const start = text + at;
    const left = size - at;
    // "true", "null" and "alse" of "false" as little-endian numbers.
    if (left >= 4 && load<u32>(start) == 0x65757274) return at + 4;
    if (left >= 4 && load<u32>(start) == 0x6c6c756e) return at + 4;
    if (left >= 5 && load<u8>(start) == 0x66 && load<u32>(start + 1) == 0x65736c61) return at + 5;
    this.fail(JsonProblem.UNEXPECTED, at);
    return at;
  }

  /** The text of a value as it stands. */
  raw(node: i32): ArrayBuffer {
    const start = this.start(node);
    return copyBytes(pointerOf(this.bytes) + start, this.end(node) - start);
  }
}

function isSpace(byte: u8): bool {
  return byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09;
}

export function isDigit(byte: u8): bool {
  return byte - 0x30 < 10;
}

/** How many bytes an escape has, or 0 if it is none. */
function escapeLength(at: usize, end: usize): i32 {
  if (at + 1 >= end) return 0;
  switch (load<u8>(at, 1)) {
    case 0x22: case 0x5c: case 0x2f: case 0x62: case 0x66: case 0x6e: case 0x72: case 0x74: // " \ / b f n r t
      return 2;
    case 0x75: // u
      if (at + 6 > end) return 0;
      for (let index = 2; index < 6; index++) {
        if (hexDigit(load<u8>(at + index)) < 0) return 0;
      }
      return 6;
    default:
      return 0;
  }
}
