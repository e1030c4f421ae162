import { parseDurationMs } from '@heddle/api';
import { expect, test } from 'vitest';
import { duration } from './duration.ts';

test.each<[string, bigint, number]>([
  ['0s', 0n, 0],
  ['1ms', 0n, 1_000_000],
  ['1.001s', 1n, 1_000_000],
  ['4.1s', 4n, 100_000_000],
  // In binary fractions these are a little less, and a little more, than so many seconds.
  ['2.05m', 123n, 0],
  ['8.05m', 483n, 0],
  ['87600h', 315_360_000n, 0],
])('duration: %s', (text, seconds, nanos) => {
  expect(duration(parseDurationMs(text) ?? Number.NaN)).toMatchObject({ seconds, nanos });
});
