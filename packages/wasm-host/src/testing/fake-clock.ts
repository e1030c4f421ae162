import type { WasmClock } from '../wasm-vm.ts';

/** A clock that stands still until it is moved. */
export interface FakeClock extends WasmClock {
  /** Moves time forward and runs what becomes due, in order of time; then lets promises that were resolved continue. */
  advance(milliseconds: number): Promise<void>;
  /** Calls back once, after a time. Returns how to forget it. */
  after(delayMs: number, run: () => void): () => void;
}

/** For how long the machine has run: Go's runtime refuses to start where the clock that never goes back stands at zero. */
const UPTIME_MS = 60_000;

/** A clock that starts at a moment, in milliseconds since the epoch; default 2024-01-01T00:00:00Z. */
export function fakeClock(startMs: number = Date.UTC(2024, 0, 1)): FakeClock {
  let nowMs = startMs;
  const timers = new Set<{ atMs: number; readonly periodMs: number | undefined; readonly run: () => void }>();
  const add = (delayMs: number, periodMs: number | undefined, run: () => void) => {
    const timer = { atMs: nowMs + delayMs, periodMs, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    nowNs: () => BigInt(Math.round(nowMs * 1e6)),
    monotonicNs: () => BigInt(Math.round((nowMs - startMs + UPTIME_MS) * 1e6)),
    every: (periodMs, run) => add(periodMs, periodMs, run),
    after: (delayMs, run) => add(delayMs, undefined, run),
    async advance(milliseconds) {
      const untilMs = nowMs + milliseconds;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (next === undefined) break;
        nowMs = Math.max(nowMs, next.atMs);
        if (next.periodMs === undefined) timers.delete(next);
        else next.atMs += next.periodMs;
        next.run();
        await settle();
      }
      nowMs = untilMs;
      await settle();
    },
  };
}

/** Lets everything continue that waits for nothing but resolved promises. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}
