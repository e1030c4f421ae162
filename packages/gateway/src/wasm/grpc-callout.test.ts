import { expect, test } from 'vitest';
import { grpcTimeout } from './grpc-callout.ts';

test.each([
  [1, '1m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [100_000_001, '100001S'],
  [2 ** 32 - 1, '4294968S'],
])('%i ms are %s: at most eight digits, never less', (ms, text) => {
  expect(grpcTimeout(ms)).toBe(text);
  expect(text).toMatch(/^\d{1,8}[mS]$/);
});
