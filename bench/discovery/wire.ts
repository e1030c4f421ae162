/** The little of protobuf that a load client needs: reading without building objects. */

/** Reads the fields of one message, front to back. */
export class FieldReader {
  /** Number of the field that {@link next} has found. */
  field = 0;
  /** Where its content is, if it is a string, bytes or a message. */
  start = 0;
  end = 0;
  /** Its value, if it is a number of up to 32 bits. */
  value = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  #limit = 0;

  /** Starts over on a part of a buffer. */
  open(bytes: Buffer, start = 0, end = bytes.length): this {
    this.#bytes = bytes;
    this.#position = start;
    this.#limit = end;
    return this;
  }

  /** Moves to the next field; false at the end. */
  next(): boolean {
    if (this.#position >= this.#limit) return false;
    const tag = this.#varint();
    this.field = tag >>> 3;
    switch (tag & 7) {
      case 0:
        this.value = this.#varint();
        return true;
      case 1:
        this.#position += 8;
        return true;
      case 2:
        this.end = this.#varint();
        this.start = this.#position;
        this.end += this.start;
        this.#position = this.end;
        return true;
      case 5:
        this.#position += 4;
        return true;
      default:
        throw new Error(`Cannot read a message: found wire type ${tag & 7} at byte ${this.#position}`);
    }
  }

  text(): string {
    return this.#bytes.toString('latin1', this.start, this.end);
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#position++] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }
}

/** Texts found at a path of field numbers below a message, wherever they are repeated. */
export function textsAt(bytes: Buffer, path: readonly number[], start = 0, end = bytes.length): readonly string[] {
  const [field, ...rest] = path;
  const reader = new FieldReader().open(bytes, start, end);
  const found: string[] = [];
  while (reader.next()) {
    if (reader.field !== field) continue;
    if (rest.length === 0) found.push(reader.text());
    else found.push(...textsAt(bytes, rest, reader.start, reader.end));
  }
  return found;
}

/** A string field. */
export function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text));
}

/** A field of bytes or of an encoded message. */
export function bytesField(field: number, bytes: Uint8Array): Buffer {
  const head = [(field << 3) | 2];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  return Buffer.concat([Buffer.from(head), bytes]);
}
