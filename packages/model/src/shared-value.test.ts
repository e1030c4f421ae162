import { SecretValue } from '@heddle/api';
import { expect, test } from 'vitest';
import { shared } from './shared-value.ts';

test('shared: secrets are compared by their bytes, though they show nothing', () => {
  const previous = { data: { a: new SecretValue(Uint8Array.of(1)) } };
  expect(shared(previous, { data: { a: new SecretValue(Uint8Array.of(1)) } })).toBe(previous);
  const next = { data: { a: new SecretValue(Uint8Array.of(2)) } };
  expect(shared(previous, next).data.a).toBe(next.data.a);
});
