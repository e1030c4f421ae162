import type { FoundFile } from './file-tree.ts';

/** How long a change must stand still before it is believed. Milliseconds. */
export interface SettleTimes {
  /** A file that is new or different: a writer may not be done yet. */
  readonly changedMs: number;
  /** A file that is gone: editors write by removing and renaming. */
  readonly removedMs: number;
  /** A file that is empty now: editors write by truncating first. */
  readonly emptiedMs: number;
  /** After so long, changes that stand still no longer wait for files that are written all the time. */
  readonly patienceMs: number;
}

export const DEFAULT_SETTLE_TIMES: SettleTimes = { changedMs: 20, removedMs: 100, emptiedMs: 150, patienceMs: 1000 };

interface Pending {
  readonly signature: string | undefined;
  readonly firstSeenMs: number;
  readonly sinceMs: number;
  readonly neededMs: number;
}

/**
 * Changes that were seen but not yet taken over. Taken over together: what changes at one time (a checkout, a saved project) becomes one
 * change of configuration, as far as patience goes.
 */
export class PendingChanges {
  readonly #pending = new Map<string, Pending>();
  readonly #times: SettleTimes;

  constructor(times: SettleTimes) {
    this.#times = times;
  }

  /** Notes how each changed file looks now; `undefined` for files that are gone. Files that look as they did at last are forgotten. */
  see(changes: ReadonlyMap<string, FoundFile | undefined>, nowMs: number): void {
    for (const name of this.#pending.keys()) if (!changes.has(name)) this.#pending.delete(name);
    for (const [name, file] of changes) {
      const before = this.#pending.get(name);
      if (before !== undefined && before.signature === file?.signature) continue;
      const { removedMs, emptiedMs, changedMs } = this.#times;
      const neededMs = file === undefined ? removedMs : file.bytes === 0 ? emptiedMs : changedMs;
      this.#pending.set(name, {
        signature: file?.signature,
        firstSeenMs: before?.firstSeenMs ?? nowMs,
        sinceMs: nowMs,
        neededMs,
      });
    }
  }

  /** A file that changed while it was read begins anew. */
  restart(name: string, nowMs: number): void {
    const before = this.#pending.get(name);
    if (before !== undefined) this.#pending.set(name, { ...before, sinceMs: nowMs });
  }

  /** The changes to take over now; none while some that may belong to them still move. `waitMs` is when to ask again. */
  due(nowMs: number): { readonly names: readonly string[]; readonly waitMs: number } {
    let waitMs = 0;
    const settled: string[] = [];
    for (const [name, { sinceMs, neededMs, firstSeenMs }] of this.#pending) {
      const left = sinceMs + neededMs - nowMs;
      if (left <= 0) settled.push(name);
      else if (nowMs - firstSeenMs < this.#times.patienceMs) waitMs = Math.max(waitMs, left);
    }
    return waitMs > 0 ? { names: [], waitMs } : { names: settled, waitMs: 0 };
  }

  /** How many changes wait. */
  get size(): number {
    return this.#pending.size;
  }

  done(name: string): void {
    this.#pending.delete(name);
  }
}
