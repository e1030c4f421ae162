import { DiscoveryError } from '../discovery-error.ts';

/**
 * Cuts the bytes of a gRPC request stream into messages. A message that lies within one chunk is a view of it, not a copy.
 */
export class GrpcMessageReader {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #buffered = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The messages that are complete with this chunk, in order. What is too large is refused by its announced length, before it is
   * buffered.
   *
   * @throws DiscoveryError `resource-exhausted` for a message over the limit, `invalid-argument` for a compressed one
   */
  *read(chunk: Uint8Array): IterableIterator<Uint8Array> {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    for (;;) {
      if (this.#buffered < 5) return;
      const length = this.#announcedLength();
      if (this.#buffered < 5 + length) return;
      const whole = this.#take(5 + length);
      yield whole.subarray(5);
    }
  }

  /** Whether the stream stopped in the middle of a message. */
  get isMidMessage(): boolean {
    return this.#buffered > 0;
  }

  #announcedLength(): number {
    const head = this.#join(5);
    if (head[0] !== 0) {
      throw new DiscoveryError(
        'invalid-argument',
        `Cannot read the request: found message flags ${head[0]}, wanted 0, since the stream declares no compression`,
      );
    }
    const length = new DataView(head.buffer, head.byteOffset, 5).getUint32(1);
    if (length > this.#maxBytes) {
      throw new DiscoveryError(
        'resource-exhausted',
        `Cannot read the request: a message of ${length} bytes, at most ${this.#maxBytes} are allowed`,
      );
    }
    return length;
  }

  #take(length: number): Uint8Array {
    const joined = this.#join(length);
    const rest = joined.subarray(length);
    this.#chunks[0] = rest;
    if (rest.length === 0) this.#chunks.shift();
    this.#buffered -= length;
    return joined.subarray(0, length);
  }

  /** Makes the first chunk hold at least as many bytes. Called only when all of them have arrived. */
  #join(length: number): Uint8Array {
    const first = this.#chunks[0] as Uint8Array;
    if (first.length >= length) return first;
    const joined = new Uint8Array(this.#buffered);
    let offset = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, offset);
      offset += chunk.length;
    }
    this.#chunks = [joined];
    return joined;
  }
}
