import type { ByteSink, ByteSource } from './byte-stream.ts';

/**
 * A copy of a request body for a mirror. The copy takes chunks as they pass and never asks the original to wait: what its endpoint does
 * not take yet is held up to `maxBytes`, and beyond that the mirror is given up.
 */
export class MirrorBody implements ByteSource {
  readonly #maxBytes: number;
  readonly #onOverflow: () => void;
  readonly #held: Uint8Array[] = [];
  #heldBytes = 0;
  #sink: ByteSink | undefined;
  #waits = true;
  #ended = false;
  #cancelled = false;

  constructor(maxBytes: number, onOverflow: () => void) {
    this.#maxBytes = maxBytes;
    this.#onOverflow = onOverflow;
  }

  /** True once the whole body has passed: the mirror no longer depends on the original. */
  get ended(): boolean {
    return this.#ended;
  }

  push(chunk: Uint8Array): void {
    if (this.#cancelled) return;
    if (!this.#waits) {
      this.#waits = this.#sink?.write(chunk) === false;
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.byteLength;
    if (this.#heldBytes > this.#maxBytes) this.#onOverflow();
  }

  end(): void {
    if (this.#cancelled || this.#ended) return;
    this.#ended = true;
    if (!this.#waits) this.#finish();
  }

  start(sink: ByteSink): void {
    if (this.#cancelled) return;
    this.#sink = sink;
    this.resume();
  }

  resume(): void {
    while (this.#sink !== undefined) {
      const chunk = this.#held.shift();
      if (chunk === undefined) {
        this.#waits = false;
        if (this.#ended) this.#finish();
        return;
      }
      this.#heldBytes -= chunk.byteLength;
      if (!this.#sink.write(chunk)) return;
    }
  }

  cancel(): void {
    this.#cancelled = true;
    this.#sink = undefined;
    this.#held.length = 0;
    this.#heldBytes = 0;
  }

  #finish(): void {
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.end(undefined);
  }
}

/** The same body, of which copies get every chunk that passes. What breaks it off is told to `onAbort`. */
export function copiedBody(source: ByteSource, copies: readonly MirrorBody[], onAbort: () => void): ByteSource {
  return {
    start(sink) {
      source.start({
        write(chunk) {
          for (const copy of copies) copy.push(chunk);
          return sink.write(chunk);
        },
        end(trailers) {
          for (const copy of copies) copy.end();
          sink.end(trailers);
        },
        abort(cause) {
          onAbort();
          sink.abort(cause);
        },
      });
    },
    resume: () => source.resume(),
    cancel() {
      onAbort();
      source.cancel();
    },
  };
}
