import type { Clock } from '@heddle/model';
import type { DiscoveryObserver } from './observer.ts';

/** Measures how long a stream takes to follow a change: from the moment it came up until the client has acknowledged everything. */
export class Convergence {
  readonly #clock: Clock;
  readonly #observer: DiscoveryObserver;
  /** The oldest change that is not acknowledged yet. */
  #change: { readonly atMs: number; isSent: boolean; isRefused: boolean } | undefined;

  constructor(clock: Clock, observer: DiscoveryObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Whether a change is on its way to the client. */
  get isPending(): boolean {
    return this.#change !== undefined;
  }

  /** A change came up. */
  began(atMs: number): void {
    this.#change ??= { atMs, isSent: false, isRefused: false };
  }

  /** A response was sent. */
  sent(): void {
    if (this.#change !== undefined) this.#change.isSent = true;
  }

  /** The client refused a response. */
  refused(): void {
    if (this.#change !== undefined) this.#change.isRefused = true;
  }

  /** The client has answered everything. Tells how long that took, unless nothing was sent or something was refused. */
  settled(): void {
    const change = this.#change;
    this.#change = undefined;
    if (change?.isSent && !change.isRefused) this.#observer.converged?.(this.#clock.nowMs() - change.atMs);
  }
}
