import type { HeaderMap, MessageSink } from '@heddle/wasm-host';
import type { ByteSink, ByteSource } from '../http/byte-stream.ts';
import type { HeaderList } from '../http/header-list.ts';
import { trailerList, trailerMap } from './exchange-header-maps.ts';

/**
 * A body on its way through a filter that takes it piece by piece: pulled from its source when the filter or what follows wants it, pushed
 * through the filter, and held only as far as the filter holds it.
 */
export class FilteredBody implements ByteSource, ByteSink {
  readonly #source: ByteSource;
  readonly #into: MessageSink;
  /** Tells the filter that what follows can take more. */
  readonly #drained: () => void;
  readonly #out: Uint8Array[] = [];
  #hasEnded = false;
  #trailers: HeaderMap | undefined;
  #sink: ByteSink | undefined;
  /** What follows has asked to wait. */
  #isFull = false;
  #isPulled = false;
  #isWriting = false;
  #sourceWaits = false;
  #isOver = false;

  constructor(source: ByteSource, into: MessageSink, drained: () => void) {
    this.#source = source;
    this.#into = into;
    this.#drained = drained;
  }

  /** Begins to pull the body, though nobody behind the filter wants it yet: the filter does. */
  pull(): void {
    if (this.#isPulled || this.#isOver) return;
    this.#isPulled = true;
    this.#source.start(this);
  }

  // What follows the filter.

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.#flush();
    if (this.#isPulled) this.#goOn();
    else this.pull();
  }

  resume(): void {
    this.#isFull = false;
    this.#flush();
    this.#goOn();
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink = undefined;
    this.#out.length = 0;
    this.#source.cancel();
  }

  /** The filter can take more. */
  sourceMayGoOn(): void {
    if (this.#isOver || this.#isWriting || !this.#sourceWaits) return;
    this.#sourceWaits = false;
    this.#source.resume();
  }

  // What the source gives.

  write(chunk: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#isWriting = true;
    const takesMore = this.#into.data(chunk, false);
    this.#isWriting = false;
    this.#sourceWaits = !takesMore;
    return takesMore;
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#isOver) return;
    if (trailers === undefined || trailers.length === 0) this.#into.data(EMPTY, true);
    else this.#into.trailers(trailerMap(trailers));
  }

  abort(cause: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink?.abort(cause);
  }

  // What the filter lets through.

  /** True if it may let through more at once. */
  passed(bytes: Uint8Array, end: boolean): boolean {
    if (this.#isOver) return true;
    if (bytes.length > 0) this.#out.push(bytes);
    if (end) this.#hasEnded = true;
    this.#flush();
    return this.#takesMore;
  }

  passedTrailers(map: HeaderMap): void {
    this.#trailers = map;
    this.passed(EMPTY, true);
  }

  get #takesMore(): boolean {
    return this.#isOver || (this.#sink !== undefined && !this.#isFull);
  }

  #goOn(): void {
    if (this.#takesMore) this.#drained();
  }

  #flush(): void {
    while (this.#sink !== undefined && !this.#isFull && this.#out.length > 0) {
      this.#isFull = !this.#sink.write(this.#out.shift() as Uint8Array);
    }
    if (this.#sink === undefined || this.#out.length > 0 || !this.#hasEnded || this.#isOver) return;
    this.#isOver = true;
    this.#sink.end(this.#trailers === undefined ? undefined : trailerList(this.#trailers));
  }
}

const EMPTY = new Uint8Array();
