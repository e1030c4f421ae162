import { manualClock, tick } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { Pace } from './pace.ts';

function setUp({ costMs = 0, maxDelayMs = 500 } = {}) {
  const clock = manualClock();
  const state = { costMs, busyMs: 0, stopwatchMs: 0, fails: false };
  const ranAtMs: number[] = [];
  const pace = new Pace({
    clock,
    maxDelayMs,
    busyMs: () => state.busyMs,
    now: () => state.stopwatchMs,
    run: () => {
      ranAtMs.push(clock.nowMs());
      state.stopwatchMs += state.costMs;
      if (state.fails) throw new Error('out of order');
      return ranAtMs.length;
    },
  });
  return { clock, state, ranAtMs, pace };
}

describe('Pace', () => {
  test('runs at once when idle, and calls of one moment together', async () => {
    const { pace, ranAtMs } = setUp();
    expect(await Promise.all([pace.run(), pace.run()])).toEqual([1, 1]);
    expect(ranAtMs).toEqual([0]);
  });

  test('rests as long as the run has cost, and does together what comes meanwhile', async () => {
    const { clock, pace, ranAtMs } = setUp({ costMs: 40 });
    await pace.run();
    const later = [pace.run()];
    await clock.advance(10);
    later.push(pace.run());
    await clock.advance(29);
    expect(ranAtMs).toEqual([0]);
    await clock.advance(1);
    expect(ranAtMs).toEqual([0, 40]);
    expect(await Promise.all(later)).toEqual([2, 2]);
    await clock.advance(40);
    await pace.run();
    expect(ranAtMs).toEqual([0, 40, 80]);
  });

  test('counts what the run has set off, even if it comes up while the next one waits', async () => {
    const { clock, state, pace, ranAtMs } = setUp({ costMs: 10 });
    await pace.run();
    void pace.run();
    state.busyMs = 60;
    await clock.advance(69);
    expect(ranAtMs).toEqual([0]);
    await clock.advance(1);
    expect(ranAtMs).toEqual([0, 70]);
  });

  test('lets no call wait longer than the limit', async () => {
    const { clock, pace, ranAtMs } = setUp({ costMs: 10_000, maxDelayMs: 500 });
    await pace.run();
    await clock.advance(100);
    void pace.run();
    await clock.advance(499);
    expect(ranAtMs).toEqual([0]);
    await clock.advance(1);
    expect(ranAtMs).toEqual([0, 600]);
  });

  test('tells of a failure and goes on', async () => {
    const { state, pace } = setUp();
    state.fails = true;
    await expect(pace.run()).rejects.toThrow('out of order');
    state.fails = false;
    expect(await pace.run()).toBe(2);
  });

  test('close does what waits, and delays nothing any more', async () => {
    const { clock, pace, ranAtMs } = setUp({ costMs: 100 });
    await pace.run();
    const waiting = pace.run();
    pace.close();
    expect(await waiting).toBe(2);
    await pace.run();
    await tick();
    expect(ranAtMs).toEqual([0, 0, 0]);
    expect(clock.pending).toBe(0);
  });
});
