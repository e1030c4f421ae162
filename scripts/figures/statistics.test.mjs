import { expect, test } from 'vitest';
import { spreadOf } from './statistics.ts';

test.each([
  [[5], { count: 1, min: 5, p50: 5, p99: 5, max: 5 }],
  [[3, 1, 2], { count: 3, min: 1, p50: 2, p99: 3, max: 3 }],
  [Array.from({ length: 200 }, (_, index) => 200 - index), { count: 200, min: 1, p50: 100, p99: 198, max: 200 }],
])('spreadOf takes measured values, in whatever order: %j', (values, spread) => {
  expect(spreadOf(values)).toEqual(spread);
});

test('spreadOf refuses nothing', () => {
  expect(() => spreadOf([])).toThrow('no values');
});
