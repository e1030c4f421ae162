import type { Clock } from '@heddle/model';

/** One timer that is moved: calls back at the moment set last. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Sets the moment, in milliseconds of the clock; infinity for never. */
  set(atMs: number): void {
    if (this.#timer?.atMs === atMs) return;
    this.cancel();
    if (atMs === Number.POSITIVE_INFINITY) return;
    const cancel = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      this.#timer = undefined;
      this.#wake();
    });
    this.#timer = { atMs, cancel };
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
