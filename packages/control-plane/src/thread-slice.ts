/** How long one piece of work may hold the thread before others get their turn, in milliseconds. */
const MAX_SLICE_MS = 8;

/** Measures how long work holds the thread, so that it can be cut: debug output must not hold up whoever serves requests. */
export class ThreadSlice {
  #startedAtMs = performance.now();

  get isSpent(): boolean {
    return performance.now() - this.#startedAtMs >= MAX_SLICE_MS;
  }

  /** Resolves in a later turn of the event loop, with a new slice. */
  async nextTurn(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#startedAtMs = performance.now();
  }
}
