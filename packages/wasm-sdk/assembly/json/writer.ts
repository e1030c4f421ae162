import { pointerOf, toBytes } from "../bytes";

/**
 * Writes JSON, in UTF-8. Commas are its business, the order of calls is yours: in an object each value follows `key`.
 *
 *     new JsonWriter().object().key("name").text("x").key("list").array().i64(1).i64(2).end().end().toString()
 */
export class JsonWriter {
  private buffer: ArrayBuffer = new ArrayBuffer(128);
  private size: i32 = 0;
  /** Whether the next value needs a comma. */
  private isFollowing: bool = false;
  /** The closing brackets of what is open, one byte each. */
  private open: ArrayBuffer = new ArrayBuffer(16);
  private depth: i32 = 0;

  /** Starts an object; `end` closes it. */
  object(): this { return this.begin(0x7b, 0x7d); }

  /** Starts an array; `end` closes it. */
  array(): this { return this.begin(0x5b, 0x5d); }

  /** Closes what was opened last; does nothing if nothing is open. */
  end(): this {
    if (this.depth == 0) return this;
    this.depth--;
    this.byte(load<u8>(pointerOf(this.open) + this.depth));
    this.isFollowing = true;
    return this;
  }

  /** A member's name. */
  key(name: string): this {
    this.text(name);
    this.byte(0x3a);
    this.isFollowing = false;
    return this;
  }

  /** A string, of a text or of UTF-8 bytes. What is not UTF-8 in bytes is written as it is. */
  text<T>(value: T): this {
    this.separate();
    const bytes = toBytes<T>(value);
    const length = bytes.byteLength;
    this.byte(0x22);
    for (let index = 0; index < length; index++) this.character(load<u8>(pointerOf(bytes) + index));
    this.byte(0x22);
    return this;
  }

  bool(value: bool): this { return this.raw(value ? "true" : "false"); }
  null(): this { return this.raw("null"); }
  i64(value: i64): this { return this.raw(value.toString()); }
  u64(value: u64): this { return this.raw(value.toString()); }

  /** A number; what JSON has no word for (NaN, infinities) becomes `null`, as in ECMAScript. */
  f64(value: f64): this {
    if (!isFinite(value)) return this.null();
    const text = value.toString();
    return this.raw(text.endsWith(".0") ? text.substring(0, text.length - 2) : text);
  }

  /** A value that is JSON already, as text or UTF-8 bytes. */
  raw<T>(json: T): this {
    this.separate();
    const bytes = toBytes<T>(json);
    this.reserve(bytes.byteLength);
    memory.copy(pointerOf(this.buffer) + this.size, pointerOf(bytes), bytes.byteLength);
    this.size += bytes.byteLength;
    return this;
  }

  /** What was written so far. */
  toBytes(): ArrayBuffer { return this.buffer.slice(0, this.size); }
  toString(): string { return String.UTF8.decodeUnsafe(pointerOf(this.buffer), this.size); }

  private begin(bracket: u8, closing: u8): this {
    this.separate();
    this.byte(bracket);
    if (this.depth == this.open.byteLength) this.open = grown(this.open, this.depth << 1);
    store<u8>(pointerOf(this.open) + this.depth++, closing);
    this.isFollowing = false;
    return this;
  }

  private separate(): void {
    if (this.isFollowing) this.byte(0x2c);
    this.isFollowing = true;
  }

  private character(byte: u8): void {
    if (byte >= 0x20 && byte != 0x22 && byte != 0x5c) return this.byte(byte);
    this.byte(0x5c);
    switch (byte) {
      case 0x08: return this.byte(0x62);
      case 0x09: return this.byte(0x74);
      case 0x0a: return this.byte(0x6e);
      case 0x0c: return this.byte(0x66);
      case 0x0d: return this.byte(0x72);
    }
    if (byte >= 0x20) return this.byte(byte);
    this.byte(0x75);
    this.byte(0x30);
    this.byte(0x30);
    this.byte(0x30 + (byte >> 4));
    this.byte((byte & 15) + ((byte & 15) < 10 ? 0x30 : 0x57));
  }

  private byte(value: u8): void {
    this.reserve(1);
    store<u8>(pointerOf(this.buffer) + this.size++, value);
  }

  private reserve(more: i32): void {
    const wanted = this.size + more;
    if (wanted > this.buffer.byteLength) this.buffer = grown(this.buffer, max(wanted, this.size << 1));
  }
}

function grown(bytes: ArrayBuffer, size: i32): ArrayBuffer {
  const larger = new ArrayBuffer(size);
  memory.copy(pointerOf(larger), pointerOf(bytes), bytes.byteLength);
  return larger;
}
