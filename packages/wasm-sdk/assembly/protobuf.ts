// The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding): enough to speak to Envoy's foreign functions and
// gRPC services without generated code.
import { copyBytes, pointerOf, textAt, toBytes } from "./bytes";

/** How a field's value is written. */
export enum WireType {
  VARINT = 0,
  FIXED64 = 1,
  BYTES = 2,
  START_GROUP = 3,
  END_GROUP = 4,
  FIXED32 = 5,
}

/**
 * Writes a message field by field. Fields with default values are written too: leave them out by not calling.
 *
 *     const inner = new ProtoWriter().text(1, "x");
 *     const bytes = new ProtoWriter().uint64(1, 150).message(2, inner).toBytes();
 */
export class ProtoWriter {
  private buffer: ArrayBuffer = new ArrayBuffer(64);
  private size: i32 = 0;

  /** int64, int32, and enums: negative numbers take ten bytes. */
  int64(field: u32, value: i64): this { return this.uint64(field, <u64>value); }

  /** uint64 and uint32. */
  uint64(field: u32, value: u64): this {
    this.tag(field, WireType.VARINT);
    this.varint(value);
    return this;
  }

  /** sint64 and sint32, zigzag. */
  sint64(field: u32, value: i64): this { return this.uint64(field, <u64>((value << 1) ^ (value >> 63))); }

  bool(field: u32, value: bool): this { return this.uint64(field, value ? 1 : 0); }

  fixed64(field: u32, value: u64): this {
    this.tag(field, WireType.FIXED64);
    this.reserve(8);
    store<u64>(pointerOf(this.buffer) + this.size, value);
    this.size += 8;
    return this;
  }

  fixed32(field: u32, value: u32): this {
    this.tag(field, WireType.FIXED32);
    this.reserve(4);
    store<u32>(pointerOf(this.buffer) + this.size, value);
    this.size += 4;
    return this;
  }

  double(field: u32, value: f64): this { return this.fixed64(field, reinterpret<u64>(value)); }
  float(field: u32, value: f32): this { return this.fixed32(field, reinterpret<u32>(value)); }

  /** string and bytes: a text's UTF-8, or bytes. */
  bytes<T>(field: u32, value: T): this {
    const bytes = toBytes<T>(value);
    return this.run(field, pointerOf(bytes), bytes.byteLength);
  }

  /** A message inside this one. */
  message(field: u32, value: ProtoWriter): this {
    return this.run(field, pointerOf(value.buffer), value.size);
  }

  toBytes(): ArrayBuffer { return copyBytes(pointerOf(this.buffer), this.size); }

  private run(field: u32, start: usize, length: i32): this {
    this.tag(field, WireType.BYTES);
    this.varint(length);
    this.reserve(length);
    memory.copy(pointerOf(this.buffer) + this.size, start, length);
    this.size += length;
    return this;
  }

  private tag(field: u32, type: WireType): void {
    this.varint((<u64>field << 3) | type);
  }

  private varint(value: u64): void {
    this.reserve(10);
    const start = pointerOf(this.buffer);
    for (; value >= 0x80; value >>= 7) store<u8>(start + this.size++, <u8>value | 0x80);
    store<u8>(start + this.size++, <u8>value);
  }

  private reserve(more: i32): void {
    const wanted = this.size + more;
    if (wanted <= this.buffer.byteLength) return;
    const larger = new ArrayBuffer(max(wanted, this.size << 1));
    memory.copy(pointerOf(larger), pointerOf(this.buffer), this.size);
    this.buffer = larger;
  }
}

/**
 * Reads a message field by field. What is broken ends the reading and sets `failed`.
 *
 *     const reader = ProtoReader.of(bytes);
 *     while (reader.next()) {
 *       if (reader.field == 1) name = reader.text;
 *       else if (reader.field == 2) count = reader.uint64;
 *     }
 *     if (reader.failed) return;
 */
export class ProtoReader {
  /** The current field's number, and how its value is written. */
  field: u32 = 0;
  type: WireType = WireType.VARINT;
  /** Whether the bytes are no message. */
  failed: bool = false;
  private number: u64 = 0;
  private runStart: i32 = 0;
  private runEnd: i32 = 0;

  private constructor(private readonly buffer: ArrayBuffer, private at: i32, private readonly end: i32) {}

  static of<T>(message: T): ProtoReader {
    const bytes = toBytes<T>(message);
    return new ProtoReader(bytes, 0, bytes.byteLength);
  }

  /** Goes to the next field; false at the end, or when something is broken. Groups are passed over as fields of their own kind. */
  next(): bool {
    if (this.failed || this.at >= this.end) return false;
    const tag = this.varint();
    if (this.failed || tag >> 3 == 0 || tag >> 3 > 0x1fffffff) return this.fail();
    this.field = <u32>(tag >> 3);
    this.type = <WireType>(tag & 7);
    switch (this.type) {
      case WireType.VARINT:
        this.number = this.varint();
        return !this.failed;
      case WireType.FIXED64:
        if (this.end - this.at < 8) return this.fail();
        this.number = load<u64>(pointerOf(this.buffer) + this.at);
        this.at += 8;
        return true;
      case WireType.FIXED32:
        if (this.end - this.at < 4) return this.fail();
        this.number = load<u32>(pointerOf(this.buffer) + this.at);
        this.at += 4;
        return true;
      case WireType.BYTES: {
        const length = this.varint();
        if (this.failed || length > <u64>(this.end - this.at)) return this.fail();
        this.runStart = this.at;
        this.at += <i32>length;
        this.runEnd = this.at;
        return true;
      }
      case WireType.START_GROUP:
      case WireType.END_GROUP:
        return true;
      default:
        return this.fail();
    }
  }

  /** The value of a varint or a fixed field, else 0. */
  get uint64(): u64 { return this.isNumber ? this.number : 0; }
  get int64(): i64 { return <i64>this.uint64; }
  get sint64(): i64 { return <i64>(this.uint64 >> 1) ^ -<i64>(this.uint64 & 1); }
  get bool(): bool { return this.uint64 != 0; }
  get double(): f64 { return this.type == WireType.FIXED64 ? reinterpret<f64>(this.number) : 0; }
  get float(): f32 { return this.type == WireType.FIXED32 ? reinterpret<f32>(<u32>this.number) : 0; }

  /** A copy of the bytes of a `BYTES` field, else none. */
  get bytes(): ArrayBuffer {
    return this.isRun ? copyBytes(pointerOf(this.buffer) + this.runStart, this.runEnd - this.runStart) : new ArrayBuffer(0);
  }

  /** The text of a `BYTES` field, else an empty one. */
  get text(): string {
    return this.isRun ? textAt(pointerOf(this.buffer) + this.runStart, this.runEnd - this.runStart) : "";
  }

  /** A reader of the message in a `BYTES` field; of an empty one for others. */
  get message(): ProtoReader {
    return this.isRun ? new ProtoReader(this.buffer, this.runStart, this.runEnd) : new ProtoReader(this.buffer, 0, 0);
  }

  private get isRun(): bool { return this.field != 0 && this.type == WireType.BYTES; }

  private get isNumber(): bool {
    return this.field != 0 && (this.type == WireType.VARINT || this.type == WireType.FIXED64 || this.type == WireType.FIXED32);
  }

  private varint(): u64 {
    let value: u64 = 0;
    for (let shift: u64 = 0; shift < 70; shift += 7) {
      if (this.at == this.end) break;
      const byte = load<u8>(pointerOf(this.buffer) + this.at++);
      // The tenth byte has one bit left.
      if (shift == 63 && byte > 1) break;
      value |= <u64>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.fail();
    return 0;
  }

  private fail(): bool {
    this.failed = true;
    return false;
  }
}
