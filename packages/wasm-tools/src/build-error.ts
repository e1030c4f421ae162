import type { ModuleProblem } from './module-checks.ts';

/** The sources compile, but no proxy would run what comes out; the message says why, and what to do. */
export class BuildError extends Error {
  readonly code: 'no-entry' | ModuleProblem['code'];
  /** All that is wrong with the module; empty if there is none. */
  readonly problems: readonly ModuleProblem[];

  constructor(message: string, code: BuildError['code'], problems: readonly ModuleProblem[] = []) {
    super(message);
    this.name = 'BuildError';
    this.code = code;
    this.problems = problems;
  }
}
