import type { ByteSink, ByteSource } from './byte-stream.ts';
import type { HeaderList } from './header-list.ts';

/**
 * A request body between client and endpoint. It is read ahead, up to a limit, while an endpoint is being connected (so that a small
 * request has been read whole when its endpoint turns out to be gone); and what has passed is kept, up to the same limit, for
 * attempts after the first. Past the limit the body still flows and {@link isReplayable} turns false, as Envoy gives up retries then.
 */
export class ReplayableBody {
  readonly #source: ByteSource;
  readonly #maxBytes: number;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Kept chunks before this one were let go. */
  #dropped = 0;
  #keeps: boolean;
  #overflowed = false;
  #started = false;
  #waits = false;
  #ended = false;
  #trailers: HeaderList | undefined;
  #cancelled = false;
  #failure: string | undefined;
  #reader: Reader | undefined;

  /** `keeps` tells whether further attempts are possible at all. */
  constructor(source: ByteSource, maxBytes: number, keeps: boolean) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.#keeps = keeps;
  }

  /** True while a further attempt would see the whole body. */
  get isReplayable(): boolean {
    return this.#keeps && !this.#overflowed;
  }

  /** Begins to read before anybody asks. */
  readAhead(): void {
    if (this.#started) return;
    this.#started = true;
    this.#source.start(this.#intake);
  }

  /** The body from its beginning for one attempt; ends the previous attempt's view of it. */
  open(): ByteSource {
    this.#reader?.detach();
    const reader = new Reader(this, this.#dropped);
    this.#reader = reader;
    return reader;
  }

  /** There will be no further attempt: what has been read is let go. */
  release(): void {
    this.#keeps = false;
    this.#dropRead();
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reader?.detach();
    this.#kept = [];
    if (!this.#ended && this.#failure === undefined) this.#source.cancel();
  }

  /** Gives the reader what is there, then lets the source go on. */
  pull(reader: Reader): void {
    while (reader.next - this.#dropped < this.#kept.length) {
      const chunk = this.#kept[reader.next - this.#dropped] as Uint8Array;
      reader.next++;
      this.#dropRead();
      if (reader.sink?.write(chunk) !== true) return;
    }
    if (this.#failure !== undefined) reader.sink?.abort(this.#failure);
    else if (this.#ended) reader.sink?.end(this.#trailers);
    else if (!this.#started) this.readAhead();
    else if (this.#waits) {
      this.#waits = false;
      this.#source.resume();
    }
  }

  readonly #intake: ByteSink = {
    write: (chunk) => {
      this.#kept.push(chunk);
      this.#keptBytes += chunk.byteLength;
      if (this.#keptBytes > this.#maxBytes) this.#overflowed = true;
      const reader = this.#reader;
      const isNext = reader?.sink !== undefined && reader.next === this.#dropped + this.#kept.length - 1;
      // Until a reader listens there is room up to the limit; then it says itself how much it takes.
      let more = reader?.sink === undefined && !this.#overflowed;
      if (isNext) {
        reader.next++;
        this.#dropRead();
        more = reader.sink?.write(chunk) ?? false;
      }
      this.#waits = !more;
      return more;
    },
    end: (trailers) => {
      this.#ended = true;
      this.#trailers = trailers;
      if (this.#reader !== undefined && this.#isLevel(this.#reader)) this.#reader.sink?.end(trailers);
    },
    abort: (cause) => {
      this.#failure = cause;
      this.#reader?.sink?.abort(cause);
    },
  };

  #isLevel(reader: Reader): boolean {
    return reader.next === this.#dropped + this.#kept.length;
  }

  #dropRead(): void {
    if (this.isReplayable || this.#reader === undefined) return;
    const read = this.#reader.next - this.#dropped;
    if (read <= 0) return;
    for (const chunk of this.#kept.splice(0, read)) this.#keptBytes -= chunk.byteLength;
    this.#dropped += read;
  }
}

/** One attempt's view. */
class Reader implements ByteSource {
  sink: ByteSink | undefined;
  /** Number of the chunk to be read next, counted from the body's beginning. */
  next: number;
  readonly #body: ReplayableBody;
  #detached = false;

  constructor(body: ReplayableBody, next: number) {
    this.#body = body;
    this.next = next;
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
