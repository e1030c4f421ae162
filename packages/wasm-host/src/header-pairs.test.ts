import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePairs, encodePairs, type HeaderPair, latin1Bytes, latin1Text } from './header-pairs.ts';

test('pairs are counted, measured, and end with NULs', () => {
  expect([...encodePairs([['a', 'bc']])]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 97, 0, 98, 99, 0]);
  expect(encodePairs([])).toEqual(new Uint8Array());
});

test('what is written is read again, bytes above 127 and empty texts too', () => {
  const latin1 = fc.uint8Array({ maxLength: 100 }).map((bytes) => latin1Text(bytes));
  fc.assert(
    fc.property(fc.array(fc.tuple(latin1, latin1), { maxLength: 20 }), (pairs) => {
      expect(decodePairs(encodePairs(pairs))).toEqual(pairs);
    }),
  );
});

describe('bytes that are no map are refused', () => {
  const sound = encodePairs([
    ['name', 'value'],
    ['x', ''],
  ]);
  test.each([
    ['no whole number', new Uint8Array([1, 0])],
    ['a count without lengths', new Uint8Array([1, 0, 0, 0])],
    ['a count of millions', new Uint8Array([0, 0, 0, 0x40])],
    ['an end that is missing', sound.subarray(0, -1)],
    ['bytes behind the end', new Uint8Array([...sound, 0])],
    ['a name without its NUL', sound.with(4 + 16 + 4, 1)],
    ['a value without its NUL', sound.with(sound.length - 4, 1)],
    ['a name that is longer than all', sound.with(6, 1)],
  ])('%s', (_, bytes) => {
    expect(decodePairs(bytes)).toBeUndefined();
  });

  test('more pairs than Envoy takes', () => {
    const many = (count: number): HeaderPair[] => Array.from({ length: count }, (_, index) => [`h${index}`, '']);
    expect(decodePairs(encodePairs(many(1_024)))).toHaveLength(1_024);
    expect(decodePairs(encodePairs(many(1_025)))).toBeUndefined();
  });

  test('more bytes than Envoy takes', () => {
    expect(decodePairs(encodePairs([['a', 'x'.repeat(1024 * 1024)]]))).toBeUndefined();
  });

  test('any bytes, without failing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void decodePairs(bytes)));
  });
});

test('each byte is one character', () => {
  const all = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(latin1Bytes(latin1Text(all))).toEqual(all);
});
