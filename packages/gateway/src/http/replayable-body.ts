import type { ByteSink, ByteSource } from './byte-stream.ts';

/**
 * A request body that can be sent more than once: what has passed is kept, up to a limit, for the attempts after the first.
 * Past the limit the body still flows and {@link isReplayable} turns false, as Envoy gives up retries then.
 */
export class ReplayableBody {
  readonly #source: ByteSource;
  readonly #maxBytes: number;
  #kept: Uint8Array[] | undefined = [];
  #keptBytes = 0;
  #overflowed = false;
  #released = false;
  #started = false;
  #ended = false;
  #failure: string | undefined;
  #reader: Reader | undefined;

  constructor(source: ByteSource, maxBytes: number) {
    this.#source = source;
    this.#maxBytes = maxBytes;
  }

  /** True while a further attempt would see the whole body. */
  get isReplayable(): boolean {
    return !this.#overflowed && !this.#released;
  }

  /** The body from its beginning for one attempt; ends the previous attempt's view of it. */
  open(): ByteSource {
    this.#reader?.detach();
    const reader = new Reader(this);
    this.#reader = reader;
    return reader;
  }

  /** Nobody will send it again: what was kept is let go. */
  release(): void {
    this.#released = true;
    if (this.#readerIsLevel()) this.#kept = undefined;
  }

  cancel(): void {
    this.#reader?.detach();
    this.#source.cancel();
  }

  pull(reader: Reader): void {
    const { sink } = reader;
    while (sink !== undefined && this.#kept !== undefined && reader.next < this.#kept.length) {
      if (!sink.write(this.#kept[reader.next++] as Uint8Array)) return;
    }
    if (this.#failure !== undefined) sink?.abort(this.#failure);
    else if (this.#ended) sink?.end(undefined);
    else if (this.#started) this.#source.resume();
    else {
      this.#started = true;
      this.#source.start(this.#intake);
    }
  }

  readonly #intake: ByteSink = {
    write: (chunk) => {
      const reader = this.#reader;
      if (this.#kept !== undefined) {
        this.#keptBytes += chunk.byteLength;
        if (this.#keptBytes > this.#maxBytes) this.#overflowed = true;
        // What a reader has not seen yet stays until it has, limit or not: the source has been told to wait by then.
        if (this.#overflowed && this.#readerIsLevel()) this.#kept = undefined;
        else this.#kept.push(chunk);
      }
      if (reader?.sink === undefined) return false;
      if (this.#kept !== undefined) {
        if (reader.next !== this.#kept.length - 1) return false;
        reader.next++;
      }
      return reader.sink.write(chunk);
    },
    end: () => {
      this.#ended = true;
      if (this.#readerIsLevel()) this.#reader?.sink?.end(undefined);
    },
    abort: (cause) => {
      this.#failure = cause;
      this.#reader?.sink?.abort(cause);
    },
  };

  #readerIsLevel(): boolean {
    return this.#reader !== undefined && (this.#kept === undefined || this.#reader.next === this.#kept.length);
  }
}

/** One attempt's view. */
class Reader implements ByteSource {
  sink: ByteSink | undefined;
  next = 0;
  readonly #body: ReplayableBody;
  #detached = false;

  constructor(body: ReplayableBody) {
    this.#body = body;
  }

  start(sink: ByteSink): void {
    if (this.#detached) return;
    this.sink = sink;
    this.#body.pull(this);
  }

  resume(): void {
    if (!this.#detached) this.#body.pull(this);
  }

  // An attempt that is given up does not give up the body: another may need it.
  cancel(): void {
    this.detach();
  }

  detach(): void {
    this.#detached = true;
    this.sink = undefined;
  }
}
