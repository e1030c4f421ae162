import type { Clock } from '@heddle/model';

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves time forward and runs what becomes due, in order of time; then lets promises that were resolved continue. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

/** Makes a clock that starts at `startMs` (milliseconds since the epoch). */
export function manualClock(startMs = 0): ManualClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>();
  return {
    nowMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        timers.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.run();
      }
      nowMs = untilMs;
      await tick();
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Lets everything continue that waits for nothing but resolved promises. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
