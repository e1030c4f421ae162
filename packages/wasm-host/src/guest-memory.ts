/** Thrown when a guest names memory that it does not have; hostcalls answer it with `INVALID_MEMORY_ACCESS`. */
export class GuestMemoryError extends RangeError {
  constructor(pointer: number, length: number, size: number) {
    super(`Cannot reach ${length} bytes at ${pointer}: the module's memory has ${size}`);
    this.name = 'GuestMemoryError';
  }
}

const utf8 = new TextEncoder();
// Lossy, as for all texts that only people read; a byte order mark is a character like any other.
const text = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * A module's linear memory: every access is checked. Numbers come as WebAssembly gives them, signed. Memory may grow in any call to the
 * module, so views are never kept.
 */
export class GuestMemory {
  #memory: { readonly buffer: ArrayBufferLike } = { buffer: new ArrayBuffer(0) };
  /** Of the buffer as it was last seen; a growth replaces the buffer. */
  #view = new DataView(this.#memory.buffer);

  /** Names the memory: imports, which use it, exist before the module that has it. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
  }

  /** Bytes the module has now. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A view of the module's own bytes, valid until the module runs again. */
  view(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const [start, count] = this.#check(pointer, length);
    return new Uint8Array(this.#memory.buffer as ArrayBuffer, start, count);
  }

  /** A copy. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    return this.view(pointer, length).slice();
  }

  text(pointer: number, length: number): string {
    return length === 0 ? '' : text.decode(this.view(pointer, length));
  }

  write(pointer: number, bytes: Uint8Array): void {
    this.view(pointer, bytes.length).set(bytes);
  }

  writeU32(pointer: number, value: number): void {
    const [at] = this.#check(pointer, 4);
    this.#current().setUint32(at, value, true);
  }

  writeU64(pointer: number, value: bigint): void {
    const [at] = this.#check(pointer, 8);
    this.#current().setBigUint64(at, value, true);
  }

  readU32(pointer: number): number {
    const [at] = this.#check(pointer, 4);
    return this.#current().getUint32(at, true);
  }

  #current(): DataView {
    if (this.#view.buffer !== this.#memory.buffer) this.#view = new DataView(this.#memory.buffer);
    return this.#view;
  }

  #check(pointer: number, length: number): readonly [number, number] {
    const start = pointer >>> 0;
    const count = length >>> 0;
    const size = this.#memory.buffer.byteLength;
    if (start + count > size) throw new GuestMemoryError(start, count, size);
    return [start, count];
  }
}

/** UTF-8. */
export function encodeText(value: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(value);
}
