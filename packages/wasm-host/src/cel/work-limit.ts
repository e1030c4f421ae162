/** What one evaluation may do: comprehensions repeat what is written once, and each of them multiplies. */
const MAX_STEPS = 20_000;

/** Characters of a text, times those of the pattern that it is matched against, which count as one step. */
const MATCH_PER_STEP = 4096;

/**
 * How much an evaluation has left to do. The host ends what runs too long in a module by counting the module's instructions; what it does
 * in the module's name it has to count itself.
 */
export class WorkLimit {
  #left = MAX_STEPS;

  reset(): void {
    this.#left = MAX_STEPS;
  }

  /** Counts a repetition. Throws if there were too many. */
  step(): void {
    this.#take(1);
  }

  /** Counts a search that takes time in proportion to pattern times text. */
  match(patternLength: number, textLength: number): void {
    this.#take(1 + Math.floor((patternLength * textLength) / MATCH_PER_STEP));
  }

  #take(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new Error(`The expression takes too long: it wants more than ${MAX_STEPS} steps`);
  }
}
