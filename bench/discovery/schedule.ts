import { sharedClockMs, usage } from './child-process.ts';

/** When each change was due, and the memory in use, second by second. */
export interface ScheduleReport {
  readonly times: readonly number[];
  readonly rss: readonly number[];
}

/**
 * Runs changes at a steady rate; those that fall due while the process is busy are handed over together. A change is as old as its
 * moment in the schedule, however late the process comes to it, so that a server that cannot keep up does not look fast.
 */
export async function onSchedule(
  perSecond: number,
  seconds: number,
  change: (from: number, to: number) => void,
): Promise<ScheduleReport> {
  const total = perSecond * seconds;
  const rss: number[] = [usage().rssMegabytes];
  const beginMs = sharedClockMs();
  for (let done = 0; done < total; ) {
    const elapsedMs = sharedClockMs() - beginMs;
    const due = Math.min(total, Math.floor((elapsedMs / 1_000) * perSecond) + 1);
    if (due > done) change(done, due);
    done = due;
    if (elapsedMs >= rss.length * 1_000) rss.push(usage().rssMegabytes);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { times: Array.from({ length: total }, (_, number) => beginMs + (number * 1_000) / perSecond), rss };
}
