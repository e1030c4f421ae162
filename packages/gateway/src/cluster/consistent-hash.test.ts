import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import xxhash from 'xxhash-wasm';
import type { Host } from './host.ts';
import { createHostPicker, type LoadBalancing, type WeightedHost } from './load-balancer.ts';
import { xxHash64 } from './xx-hash.ts';

describe('xxHash64', () => {
  // From the reference implementation.
  test.each([
    ['', 0n, 0xef46db3751d8e999n],
    ['a', 0n, 0xd24ec4f1a98c6e5bn],
    ['abc', 0n, 0x44bc2cf5ad770999n],
    ['', 1n, 0xd5afba1336a3be4bn],
  ])('%j with seed %s', (text, seed, wanted) => {
    expect(xxHash64(text, seed)).toBe(wanted);
  });

  test('takes a text as bytes, not as characters', async () => {
    expect(xxHash64('\u00e9')).not.toBe(xxHash64('\u00c3\u00a9'));
    // Two bytes that are one character in UTF-8 hash as that character does where texts are encoded.
    expect(xxHash64('\u00c3\u00a9')).toBe((await xxhash()).h64('\u00e9'));
  });
});

const hosts = (weights: readonly number[]): WeightedHost[] =>
  weights.map((weight, i) => ({ host: { name: `10.0.0.${i + 1}:80` } as Host, weight }));

const hashes = Array.from({ length: 2000 }, (_, i) => xxHash64(`key ${i}`));

const balancings: readonly LoadBalancing[] = [
  { policy: 'RING_HASH', minimumRingSize: 1024, maximumRingSize: 65_536 },
  { policy: 'MAGLEV', tableSize: 65_537 },
];

describe.each(balancings)('$policy', (balancing) => {
  const choose = (list: readonly WeightedHost[]): (string | undefined)[] => {
    const picker = createHostPicker(balancing, list, Math.random);
    return hashes.map((hash) => picker.pick(hash)?.name);
  };

  // A ring is scaled to its hosts, so that some entries come and go with one of them.
  test('a host that goes moves few but its own requests', () => {
    const all = hosts([1, 1, 1, 1, 1, 1, 1, 1]);
    const before = choose(all);
    const after = choose(all.slice(1));
    const moved = before.filter((name, i) => name !== all[0]?.host.name && name !== after[i]).length;
    expect(moved).toBeLessThan(hashes.length * 0.2);
    expect(after).not.toContain(all[0]?.host.name);
  });

  test('requests are shared by weight', () => {
    const chosen = choose(hosts([3, 1]));
    const share = chosen.filter((name) => name === '10.0.0.1:80').length / chosen.length;
    expect(Math.abs(share - 0.75)).toBeLessThan(0.1);
  });

  test('every hash has a host, and every attempt too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 12 }),
        fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
        fc.nat(5),
        (weights, hash, attempt) => {
          expect(createHostPicker(balancing, hosts(weights), Math.random).pick(hash, attempt)).toBeDefined();
        },
      ),
      { numRuns: 20 },
    );
  });

  test('without a hash, chance chooses', () => {
    const picker = createHostPicker(balancing, hosts([1, 1, 1]), Math.random);
    expect(new Set(Array.from({ length: 200 }, () => picker.pick()?.name)).size).toBe(3);
  });
});
