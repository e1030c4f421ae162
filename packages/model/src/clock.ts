/** Time as an argument, so that tests need not wait: what protocol code uses instead of `Date.now` and `setTimeout`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Runs `run` once, after `delayMs` milliseconds; the returned function cancels it and may be called at any time. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's clock. A pending timer does not keep a Node process alive. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer: unknown = setTimeout(run, delayMs);
    // Node, Bun and Deno's Node compatibility give an object here, browsers and Deno a number.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref();
    return () => clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  },
};
