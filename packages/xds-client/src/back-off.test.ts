import { expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';

test.each([
  [1, 0, 0],
  [1, 0.999, 499],
  [2, 0.999, 999],
  [3, 0.5, 1_000],
  [7, 0.999, 29_970],
  [1_000, 0.5, 15_000],
])('backOffMs doubles its bound up to 30 s: attempt %i, random %f gives %i', (attempt, random, expected) => {
  expect(backOffMs(attempt, () => random)).toBe(expected);
});

test('backOffMs takes other bounds', () => {
  expect(backOffMs(5, () => 0.5, { initialMs: 10, maxMs: 40 })).toBe(20);
});
