import type { Clock } from '@heddle/model';

/** How updates are spaced. */
export interface PaceLimits {
  /** How long a scheduled update may wait at most, in milliseconds. */
  readonly maxUpdateDelayMs: number;
}

/** What a {@link Pace} is made of. */
export interface PaceOptions<Result> {
  readonly clock: Clock;
  readonly maxDelayMs: number;
  /** The work. */
  run(): Result;
  /** Time that the work's consequences have taken so far, ever rising, in milliseconds. */
  busyMs(): number;
  /** For measuring the work itself, in milliseconds. */
  readonly now?: () => number;
}

/**
 * Runs work as often as it is worth. On the leading edge: at once if nothing was going on. After that it rests as long as the last run
 * and its consequences have cost, so that they take at most half of the time, and what is asked for meanwhile is done together. No call
 * waits longer than `maxDelayMs`.
 */
export class Pace<Result> {
  readonly #options: Required<PaceOptions<Result>>;
  #waiting: { readonly resolve: (result: Result) => void; readonly reject: (reason: unknown) => void }[] = [];
  #firstAskedAtMs = 0;
  #cancelTimer: (() => void) | undefined;
  #isQueued = false;
  #isClosed = false;
  #lastRun: { readonly endedAtMs: number; readonly costMs: number; readonly busyMsBefore: number } | undefined;

  constructor(options: PaceOptions<Result>) {
    this.#options = { now: () => performance.now(), ...options };
  }

  /** Resolves with the result of the run that covers this call, or rejects with its error. */
  run(): Promise<Result> {
    if (this.#isClosed) return Promise.resolve().then(() => this.#options.run());
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#firstAskedAtMs = this.#options.clock.nowMs();
      this.#waiting.push({ resolve, reject });
      if (!this.#isQueued && this.#cancelTimer === undefined) this.#next();
    });
  }

  /** What waits is done now, and nothing is delayed any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#waiting.length > 0) this.#work();
  }

  /** When the last run's cost is paid off: it is asked anew each time, since its consequences may still go on. */
  get #restsUntilMs(): number {
    if (this.#lastRun === undefined) return Number.NEGATIVE_INFINITY;
    const { endedAtMs, costMs, busyMsBefore } = this.#lastRun;
    return endedAtMs + costMs + (this.#options.busyMs() - busyMsBefore);
  }

  #next(): void {
    const { clock, maxDelayMs } = this.#options;
    const atMs = Math.min(this.#restsUntilMs, this.#firstAskedAtMs + maxDelayMs);
    const delayMs = Math.ceil(atMs - clock.nowMs());
    if (delayMs > 0) {
      this.#cancelTimer = clock.after(delayMs, () => {
        this.#cancelTimer = undefined;
        this.#next();
      });
      return;
    }
    // Calls of the same moment belong together.
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      if (this.#waiting.length > 0) this.#work();
    });
  }

  #work(): void {
    const { clock, now, busyMs, run } = this.#options;
    const covered = this.#waiting;
    this.#waiting = [];
    const startedAt = now();
    const busyMsBefore = busyMs();
    try {
      const result = run();
      for (const { resolve } of covered) resolve(result);
    } catch (error) {
      for (const { reject } of covered) reject(error);
    }
    this.#lastRun = { endedAtMs: clock.nowMs(), costMs: now() - startedAt, busyMsBefore };
  }
}
