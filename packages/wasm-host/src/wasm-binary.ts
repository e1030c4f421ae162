/**
 * The parts of the binary format of modules that the host reads and writes itself (WebAssembly Core Specification, "Binary Format").
 */

/** Thrown for bytes that are no module. */
export class BinaryError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BinaryError';
  }
}

export const Section = {
  TYPE: 1,
  IMPORT: 2,
  FUNCTION: 3,
  MEMORY: 5,
  GLOBAL: 6,
  EXPORT: 7,
  START: 8,
  CODE: 10,
} as const;

const HEADER_BYTES = 8;

/** Where a section stands in a file. */
export interface SectionPlace {
  readonly id: number;
  /** Where the section's id stands. */
  readonly start: number;
  readonly contentAt: number;
  readonly end: number;
}

/** Reads a module from some place on; throws {@link BinaryError} at its end. */
export class BinaryReader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw new BinaryError(`it ends at ${this.at} in the middle of something`);
    this.at += 1;
    return byte;
  }

  /** An unsigned number of at most 32 bits. */
  u32(): number {
    const start = this.at;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (value > 0xffff_ffff) throw new BinaryError(`the number at ${start} has more than 32 bits`);
      return value;
    }
    throw new BinaryError(`the number at ${start} does not end`);
  }

  /** Passes a number of any size and sign. */
  skipNumber(): void {
    const start = this.at;
    for (let count = 0; count < 10; count += 1) if (this.byte() < 0x80) return;
    throw new BinaryError(`the number at ${start} does not end`);
  }

  skip(count: number): void {
    this.at += count;
    if (this.at > this.bytes.length) throw new BinaryError('it ends in the middle of something');
  }

  /** Passes a name, or other bytes with their length before them. */
  skipBytes(): void {
    this.skip(this.u32());
  }
}

/** The sections of a module in their order. */
export function readSections(bytes: Uint8Array): readonly SectionPlace[] {
  const sections: SectionPlace[] = [];
  const reader = new BinaryReader(bytes, HEADER_BYTES);
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.u32();
    const contentAt = reader.at;
    if (contentAt + size > bytes.length) throw new BinaryError(`a section at ${start} ends beyond the file`);
    reader.skip(size);
    sections.push({ id, start, contentAt, end: reader.at });
  }
  return sections;
}

/** An unsigned number. */
export function encodeU32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  bytes.push(rest);
  return bytes;
}

/** A signed number of 32 bits, as `i32.const` has it. */
export function encodeS32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** Bytes that are put together piece by piece. */
export class BinaryWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Uint8Array | readonly number[]): void {
    const bytes = piece instanceof Uint8Array ? piece : Uint8Array.from(piece);
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  done(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }
}
