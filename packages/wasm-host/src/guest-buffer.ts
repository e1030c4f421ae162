import { Status } from './abi.ts';

/** Bytes that a module sees through `proxy_get_buffer_bytes`, and may change if they are a body or data of a connection. */
export interface GuestBuffer {
  readonly length: number;
  /** A part of it, valid until the buffer changes; `start` and `length` are within bounds. */
  slice(start: number, length: number): Uint8Array;
  /** Puts `data` in place of a part. Answers `BAD_ARGUMENT` for what cannot be changed like this. */
  write(start: number, length: number, data: Uint8Array<ArrayBuffer>): Status;
}

/** A buffer that nobody changes. */
export function constantBuffer(bytes: Uint8Array): GuestBuffer {
  return {
    length: bytes.length,
    slice: (start, length) => bytes.subarray(start, start + length),
    write: () => Status.BAD_ARGUMENT,
  };
}

/** A body, or data of a connection: may be prepended to, appended to, or replaced from its start on, as in Envoy. */
export class BodyBuffer implements GuestBuffer {
  #bytes: Uint8Array;
  #isChanged = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get isChanged(): boolean {
    return this.#isChanged;
  }

  get length(): number {
    return this.#bytes.length;
  }

  slice(start: number, length: number): Uint8Array {
    return this.#bytes.subarray(start, start + length);
  }

  write(start: number, length: number, data: Uint8Array<ArrayBuffer>): Status {
    if (start === 0) this.#set(join(data, this.#bytes.subarray(Math.min(length, this.#bytes.length))));
    else if (start >= this.#bytes.length) this.#set(join(this.#bytes, data));
    else return Status.BAD_ARGUMENT;
    return Status.OK;
  }

  #set(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#isChanged = true;
  }
}

/** One array of both. */
export function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
