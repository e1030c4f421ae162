import { DataAction, HeadersAction, TrailersAction } from './abi.ts';
import { BodyBuffer, join } from './guest-buffer.ts';
import type { HeaderMap } from './header-map.ts';

/**
 * Where one direction of a stream goes. Calls come in the order headers, data*, trailers?; `end` is said with the last one, and trailers
 * are always last.
 */
export interface MessageSink {
  headers(map: HeaderMap, end: boolean): void;
  /** False asks to wait until the sink says that it is writable; the bytes are taken either way. */
  data(bytes: Uint8Array, end: boolean): boolean;
  trailers(map: HeaderMap): void;
}

/** A plugin's callbacks for one direction; they answer the numbers of the ABI, or undefined if the plugin has failed. */
export interface LegCallbacks {
  headers(map: HeaderMap, end: boolean): number | undefined;
  body(buffer: BodyBuffer, end: boolean): number | undefined;
  trailers(map: HeaderMap): number | undefined;
}

/** See {@link StreamLeg}. */
export interface LegOptions {
  readonly callbacks: LegCallbacks;
  /** The next plugin, or what is behind the last. */
  readonly next: MessageSink;
  /** Bytes that may be held. */
  readonly bufferLimitBytes: number;
  /** The plugin has failed; true if the stream passes it by all the same. */
  failed(): boolean;
  /** More is held than may be, and nothing can be told to wait. */
  tooLarge(): void;
  /** What was told to wait may go on. */
  writable(): void;
}

/** What iteration does: goes on, stops behind the plugin, or stops before it (the plugin sees nothing either). */
type Iteration = 'continue' | 'stop' | 'stop all, buffer' | 'stop all, watermark';

/**
 * One direction of a stream through one plugin, as Envoy's filter manager has it for one filter (source/common/http/filter_manager.cc,
 * `ActiveStreamFilterBase`): what the plugin's answers hold back, in which pieces it sees a body, and what goes on when it lets go.
 */
export class StreamLeg implements MessageSink {
  readonly #options: LegOptions;
  #iteration: Iteration = 'continue';
  #headers: HeaderMap | undefined;
  #headersWentOn = false;
  #isShowingHeaders = false;
  /** What is held of the body. The plugin may change it as long as it is held. */
  #held: BodyBuffer | undefined;
  /** Whether the plugin sees what is held together with what comes. */
  #seesAll = false;
  /** Whether a body that gets too long waits, rather than being refused. */
  #waits = false;
  #trailers: HeaderMap | undefined;
  #trailersWentOn = false;
  #isComplete = false;
  #isOver = false;
  #nextIsWritable = true;
  #isWritable = true;

  constructor(options: LegOptions) {
    this.#options = options;
  }

  /** Whether the plugin holds something back. */
  get isPaused(): boolean {
    return this.#iteration !== 'continue' && !this.#isOver;
  }

  /** Nothing goes on any more, and the plugin sees nothing any more. */
  stop(): void {
    this.#isOver = true;
    this.#held = undefined;
  }

  headers(map: HeaderMap, end: boolean): void {
    if (this.#isOver) return;
    this.#headers = map;
    this.#isComplete = end;
    this.#isShowingHeaders = true;
    const action = this.#options.callbacks.headers(map, end);
    this.#isShowingHeaders = false;
    // A plugin that lets go before it has answered holds nothing.
    if (this.#isOver || this.#headersWentOn) return;
    switch (action) {
      case undefined:
        if (!this.#options.failed()) this.#iteration = 'stop all, watermark';
        break;
      case HeadersAction.STOP_ITERATION:
        this.#iteration = 'stop';
        break;
      case HeadersAction.STOP_ALL_AND_BUFFER:
        this.#iteration = 'stop all, buffer';
        break;
      case HeadersAction.STOP_ALL_AND_WATERMARK:
        this.#iteration = 'stop all, watermark';
    }
    if (this.#isOver || this.#iteration !== 'continue') return;
    this.#headersWentOn = true;
    this.#options.next.headers(map, end);
  }

  data(bytes: Uint8Array, end: boolean): boolean {
    if (this.#isOver) return true;
    if (end) this.#isComplete = true;
    if (this.#stopsAll) {
      this.#hold(new BodyBuffer(bytes));
      this.#checkLimit(this.#iteration === 'stop all, watermark');
    } else {
      this.#show(bytes, end);
    }
    return this.#isWritable;
  }

  trailers(map: HeaderMap): void {
    if (this.#isOver) return;
    this.#isComplete = true;
    this.#trailers = map;
    if (!this.#stopsAll) this.#showTrailers(map);
  }

  /** The plugin lets go of what it holds. */
  resume(): void {
    if (this.#isOver || (this.#iteration === 'continue' && !this.#isShowingHeaders)) return;
    // A plugin that saw nothing after the headers sees it now.
    const shows = this.#stopsAll;
    this.#iteration = 'continue';
    const trailers = this.#trailers;
    const held = this.#held;
    this.#held = undefined;
    const endsWithData = this.#isComplete && trailers === undefined;
    if (!this.#headersWentOn) {
      this.#headersWentOn = true;
      this.#options.next.headers(this.#headers as HeaderMap, endsWithData && held === undefined);
    }
    if (held !== undefined && !this.#isOver) {
      if (shows) this.#show(held.bytes, endsWithData);
      else this.#goOn(held.bytes, endsWithData);
    }
    if (trailers !== undefined && !this.#isOver) {
      if (shows) this.#showTrailers(trailers);
      else this.#trailersGoOn(trailers);
    }
    this.#noteWritable();
  }

  /** What is next can take more. */
  nextIsWritable(): void {
    this.#nextIsWritable = true;
    this.#noteWritable();
  }

  get #stopsAll(): boolean {
    return this.#iteration === 'stop all, buffer' || this.#iteration === 'stop all, watermark';
  }

  #show(bytes: Uint8Array, end: boolean): void {
    const sawAll = this.#seesAll;
    let shown = new BodyBuffer(bytes);
    if (sawAll) {
      this.#hold(shown);
      if (!this.#checkLimit(false)) return;
      shown = this.#held ?? shown;
    }
    const action = this.#options.callbacks.body(shown, end);
    if (this.#isOver) return;
    this.#seesAll = action === DataAction.STOP_AND_BUFFER;
    switch (action) {
      case DataAction.STOP_AND_BUFFER:
      case DataAction.STOP_AND_WATERMARK:
        this.#iteration = 'stop';
        this.#waits = action === DataAction.STOP_AND_WATERMARK;
        if (!sawAll) this.#hold(shown);
        this.#checkLimit(this.#waits);
        return;
      case DataAction.STOP_NO_BUFFER:
        this.#iteration = 'stop';
        // What the plugin did not hold is gone; the end goes on by an empty piece.
        if (this.#isComplete && this.#trailers === undefined) this.#held ??= new BodyBuffer(new Uint8Array());
        return;
      case undefined:
        if (!this.#options.failed()) {
          this.#iteration = 'stop all, watermark';
          return;
        }
    }
    if (this.#iteration === 'continue') {
      // What was let go of within the callback has gone on already.
      if (sawAll && this.#held !== shown) return;
      if (sawAll) this.#held = undefined;
      this.#goOn(shown.bytes, end);
      return;
    }
    if (!sawAll) this.#hold(shown);
    this.resume();
  }

  #showTrailers(map: HeaderMap): void {
    const action = this.#options.callbacks.trailers(map);
    if (this.#isOver) return;
    if (action === undefined ? !this.#options.failed() : action !== TrailersAction.CONTINUE) this.#iteration = 'stop';
    else if (this.#iteration === 'stop') this.resume();
    else this.#trailersGoOn(map);
  }

  #trailersGoOn(map: HeaderMap): void {
    if (this.#trailersWentOn) return;
    this.#trailersWentOn = true;
    this.#options.next.trailers(map);
  }

  #goOn(bytes: Uint8Array, end: boolean): void {
    if (bytes.length === 0 && !end) return;
    this.#nextIsWritable = this.#options.next.data(bytes, end);
    this.#noteWritable();
  }

  #hold(buffer: BodyBuffer): void {
    this.#held = this.#held === undefined ? buffer : new BodyBuffer(join(this.#held.bytes, buffer.bytes));
  }

  #checkLimit(waits: boolean): boolean {
    if ((this.#held?.length ?? 0) > this.#options.bufferLimitBytes && !waits) {
      this.#options.tooLarge();
      return !this.#isOver;
    }
    this.#waits = waits;
    this.#noteWritable();
    return true;
  }

  #noteWritable(): void {
    const isFull = this.#waits && (this.#held?.length ?? 0) > this.#options.bufferLimitBytes;
    const isWritable = this.#nextIsWritable && !isFull;
    if (isWritable === this.#isWritable) return;
    this.#isWritable = isWritable;
    if (isWritable) this.#options.writable();
  }
}
