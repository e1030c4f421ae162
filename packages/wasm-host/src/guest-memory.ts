import { type HeaderPair, pairsSize, putPairs } from './header-pairs.ts';
import { latin1, putLatin1 } from './latin1.ts';

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
  /** The whole memory as it was last seen; a growth replaces the buffer. */
  #bytes = new Uint8Array(this.#memory.buffer as ArrayBuffer);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes that were reached so far: they take the host time. Who counts them sets it back. */
  reached = 0;

  /** Names the memory: imports, which use it, exist before the module that has it. */
  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
  }

  /** Bytes the module has now. */
  get size(): number {
    return this.#memory.buffer.byteLength;
  }

  /** A view of the module's own bytes, valid until the module runs again. */
  view(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const start = this.#check(pointer, length);
    return this.#bytes.subarray(start, start + (length >>> 0));
  }

  /** A copy. */
  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const start = this.#check(pointer, length);
    return this.#bytes.slice(start, start + (length >>> 0));
  }

  text(pointer: number, length: number): string {
    return length === 0 ? '' : text.decode(this.view(pointer, length));
  }

  /** Text with one character for each byte. */
  latin1(pointer: number, length: number): string {
    const start = this.#check(pointer, length);
    return latin1(this.#bytes, start, length >>> 0);
  }

  write(pointer: number, bytes: Uint8Array): void {
    const start = this.#check(pointer, bytes.length);
    this.#bytes.set(bytes, start);
  }

  /** Writes text of Latin-1 characters, a byte for each. */
  writeLatin1(pointer: number, value: string): void {
    const start = this.#check(pointer, value.length);
    putLatin1(this.#bytes, start, value);
  }

  /** Writes a map of as many bytes as `pairsSize` says. */
  writePairs(pointer: number, pairs: readonly HeaderPair[]): void {
    const start = this.#check(pointer, pairsSize(pairs));
    putPairs(this.#bytes, this.#view, start, pairs);
  }

  writeU32(pointer: number, value: number): void {
    const at = this.#check(pointer, 4);
    this.#view.setUint32(at, value, true);
  }

  writeU64(pointer: number, value: bigint): void {
    const at = this.#check(pointer, 8);
    this.#view.setBigUint64(at, value, true);
  }

  readU32(pointer: number): number {
    const at = this.#check(pointer, 4);
    return this.#view.getUint32(at, true);
  }

  /** Where the bytes begin, in the memory as it is now. */
  #check(pointer: number, length: number): number {
    const start = pointer >>> 0;
    const count = length >>> 0;
    // Asking the memory for its buffer costs more than all else here. It is not needed: a growth detaches the buffer, which has no length then.
    if (start + count > this.#bytes.length || this.#bytes.length === 0) this.#refresh(start, count);
    this.reached += count;
    return start;
  }

  #refresh(start: number, count: number): void {
    const { buffer } = this.#memory;
    this.#bytes = new Uint8Array(buffer as ArrayBuffer);
    this.#view = new DataView(buffer as ArrayBuffer);
    if (start + count > this.#bytes.length) throw new GuestMemoryError(start, count, this.#bytes.length);
  }
}

/** UTF-8. */
export function encodeText(value: string): Uint8Array<ArrayBuffer> {
  return utf8.encode(value);
}
