import type { Clock } from '@heddle/model';

/** How fast streams are taken up. */
export interface AdmissionLimits {
  /** New streams a second, in the long run. A first synchronisation costs far more than a change. */
  readonly maxNewStreamsPerSecond: number;
  /** New streams that are taken up at once after a quiet time. */
  readonly maxNewStreamsAtOnce: number;
}

/**
 * Spreads the load when all data planes connect at once, after a restart for instance. Who comes too early waits, in order of
 * arrival, and is never refused. A token bucket: one token a stream, refilled evenly.
 */
export class Admission {
  readonly #clock: Clock;
  readonly #limits: AdmissionLimits;
  /** In order of arrival. */
  readonly #waiting = new Set<() => void>();
  #tokens: number;
  #filledAtMs: number;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, limits: AdmissionLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#tokens = limits.maxNewStreamsAtOnce;
    this.#filledAtMs = clock.nowMs();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when it is the caller's turn, or when the signal says that the caller has gone. */
  admit(signal?: AbortSignal): Promise<void> {
    this.#fill();
    if (this.#waiting.size === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      return Promise.resolve();
    }
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = () => {
        this.#waiting.delete(enter);
        resolve();
      };
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(enter);
      this.#arm();
    });
  }

  /** Lets all in who wait: they will be told that the server is closing. */
  open(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter);
      enter();
    }
  }

  #fill(): void {
    const { maxNewStreamsPerSecond, maxNewStreamsAtOnce } = this.#limits;
    const nowMs = this.#clock.nowMs();
    const refill = ((nowMs - this.#filledAtMs) / 1_000) * maxNewStreamsPerSecond;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(maxNewStreamsAtOnce, this.#tokens + refill);
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined || this.#waiting.size === 0) return;
    const untilNextMs = Math.ceil(((1 - this.#tokens) / this.#limits.maxNewStreamsPerSecond) * 1_000);
    this.#cancelTimer = this.#clock.after(Math.max(1, untilNextMs), () => {
      this.#cancelTimer = undefined;
      this.#fill();
      for (const enter of this.#waiting) {
        if (this.#tokens < 1) break;
        this.#tokens -= 1;
        this.#waiting.delete(enter);
        enter();
      }
      this.#arm();
    });
  }
}
