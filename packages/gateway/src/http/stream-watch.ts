import type { Exchange } from './exchange.ts';

/**
 * Watches idle streams without a timer per request: one sweep looks at all of them. Idle time-outs therefore fire up to one
 * sweep late.
 */
export class StreamWatch {
  readonly #watched = new Map<Exchange, { readonly idleMs: number; readonly onIdle: () => void }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sweepMs = Number.POSITIVE_INFINITY;

  /** Calls `onIdle` once when nothing has moved on the exchange for `idleMs`. Ends with {@link unwatch}. */
  watch(exchange: Exchange, idleMs: number, onIdle: () => void): void {
    this.#watched.set(exchange, { idleMs, onIdle });
    const sweepMs = Math.min(1000, Math.max(10, idleMs / 10));
    if (sweepMs < this.#sweepMs) {
      this.#sweepMs = sweepMs;
      if (this.#timer !== undefined) clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    this.#arm();
  }

  /** Stops watching; gives the callback back, for watching again with another limit. */
  unwatch(exchange: Exchange): (() => void) | undefined {
    const watched = this.#watched.get(exchange);
    this.#watched.delete(exchange);
    return watched?.onIdle;
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.#sweep(), this.#sweepMs);
    // Watching must not keep a program alive that has nothing else to do.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [exchange, { idleMs, onIdle }] of this.#watched) {
      if (now - exchange.lastActivityAt < idleMs) continue;
      this.#watched.delete(exchange);
      onIdle();
    }
    if (this.#watched.size > 0) this.#arm();
    else this.#sweepMs = Number.POSITIVE_INFINITY;
  }
}
