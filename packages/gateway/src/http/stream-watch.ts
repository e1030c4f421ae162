import type { Exchange } from './exchange.ts';

/**
 * Watches idle streams without a timer per request: the exchanges form a list, and one sweep looks at all of them. Idle time-outs
 * therefore fire up to one sweep late: a tenth of the time-out, at most a second.
 */
export class StreamWatch {
  readonly #onIdle: (exchange: Exchange) => void;
  #first: Exchange | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sweepMs = Number.POSITIVE_INFINITY;

  /** `onIdle` is called once for each exchange on which nothing moved for its time-out. */
  constructor(onIdle: (exchange: Exchange) => void) {
    this.#onIdle = onIdle;
  }

  /** Watches an exchange that is not watched yet, until {@link unwatch}. */
  watch(exchange: Exchange, idleMs: number): void {
    exchange.idleTimeoutMs = idleMs;
    exchange.nextWatched = this.#first;
    if (this.#first !== undefined) this.#first.previousWatched = exchange;
    this.#first = exchange;
    const sweepMs = Math.min(1000, Math.max(10, idleMs / 10));
    if (sweepMs < this.#sweepMs) {
      this.#sweepMs = sweepMs;
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (this.#timer === undefined) this.#arm();
  }

  /** Stops watching; nothing happens to an exchange that is not watched. */
  unwatch(exchange: Exchange): void {
    if (exchange.idleTimeoutMs === 0) return;
    exchange.idleTimeoutMs = 0;
    const { nextWatched: next, previousWatched: previous } = exchange;
    if (previous === undefined) this.#first = next;
    else previous.nextWatched = next;
    if (next !== undefined) next.previousWatched = previous;
    exchange.nextWatched = undefined;
    exchange.previousWatched = undefined;
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#sweep(), this.#sweepMs);
    // Watching must not keep a program alive that has nothing else to do.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let exchange = this.#first; exchange !== undefined; ) {
      const next: Exchange | undefined = exchange.nextWatched;
      if (now - exchange.lastActivityAt >= exchange.idleTimeoutMs) {
        this.unwatch(exchange);
        this.#onIdle(exchange);
      }
      exchange = next;
    }
    // The sweep runs on through short pauses; after a long one the next watch begins anew.
    if (this.#first !== undefined) this.#arm();
    else this.#sweepMs = Number.POSITIVE_INFINITY;
  }
}
