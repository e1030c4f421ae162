import { describe, expect, test } from 'vitest';
import { printable, withoutSecrets } from './printable.ts';

test('printable: one line, without control characters', () => {
  expect(printable('plain “text”, ✖ and tabs')).toBe('plain “text”, ✖ and tabs');
  expect(printable('a\nb\r\u001b[31mred\u0007\u009b1m\u2028')).toBe(
    'a\\nb\\u000d\\u001b[31mred\\u0007\\u009b1m\\u2028',
  );
  expect(printable('a\u202eb')).toBe('a\\u202eb');
});

describe('withoutSecrets', () => {
  const key = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIJ\n-----END EC PRIVATE KEY-----';
  test.each([
    ['a key', `bad key: ${key}!`, 'bad key: [redacted]!'],
    ['a key that was cut off', 'bad key: -----BEGIN PRIVATE KEY-----\nMHcC', 'bad key: [redacted]'],
    ['two of them', `${key} ${key}`, '[redacted] [redacted]'],
    ['a token', 'jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_x rejected', 'jwt [redacted] rejected'],
    ['a bearer', 'authorization: Bearer abcdefgh.1234+/==', 'authorization: Bearer [redacted]'],
    ['nothing', 'cluster outbound|80||a.b.svc: no such cluster', 'cluster outbound|80||a.b.svc: no such cluster'],
  ])('%s', (_, text, expected) => expect(withoutSecrets(text)).toBe(expected));
});
