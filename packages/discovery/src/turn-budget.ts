/**
 * Bounds what is done in one turn of the event loop, so that many streams with something to send do not freeze a process that also
 * serves requests. Bounded are time and steps: the time of a step is not known when it is allowed, since encoding and writing follow.
 *
 * @example
 * while (budget.isSpent) await budget.nextTurn;
 * budget.use();
 */
export class TurnBudget {
  readonly #maxMs: number;
  readonly #maxSteps: number;
  readonly #now: () => number;
  #startedAtMs = 0;
  #steps = 0;
  #busyMs = 0;
  #turn: Promise<void> | undefined;

  constructor(maxMs: number, maxSteps: number, now: () => number = () => performance.now()) {
    this.#maxMs = maxMs;
    this.#maxSteps = maxSteps;
    this.#now = now;
  }

  /** Whether this turn has done enough. */
  get isSpent(): boolean {
    if (this.#turn === undefined) return false;
    return this.#steps >= this.#maxSteps || this.#now() - this.#startedAtMs >= this.#maxMs;
  }

  /** How long the turns with steps have taken in all, from their first step to the next turn. Milliseconds. */
  get busyMs(): number {
    return this.#busyMs;
  }

  /** Notes a step. */
  use(): void {
    this.#steps += 1;
    if (this.#turn !== undefined) return;
    this.#startedAtMs = this.#now();
    this.#turn = new Promise((resolve) => {
      setTimeout(() => {
        this.#busyMs += this.#now() - this.#startedAtMs;
        this.#turn = undefined;
        this.#steps = 0;
        resolve();
      }, 0);
    });
  }

  /** Resolves in the next turn. Ask {@link isSpent} again then: others may have waited too. */
  get nextTurn(): Promise<void> {
    return this.#turn ?? Promise.resolve();
  }
}
