import { describe, expect, test } from 'vitest';
import type { Host } from './host.ts';
import { createHostPicker, type LoadBalancing } from './load-balancer.ts';
import { anyStarts, startFactor } from './slow-start.ts';

const slowStart = { windowMs: 60_000, aggression: 1, leastShare: 0.1 };
const host = (name: string, addedAtMs: number) => ({ name, addedAtMs, activeRequests: 0 }) as Host;

describe('startFactor', () => {
  test.each([
    ['a host without slow start', undefined, 0, 1],
    ['a new host', slowStart, 0, 0.1],
    ['a linear rise', slowStart, 30_000, 0.5],
    ['the end of the window', slowStart, 60_000, 1],
    ['after it', slowStart, 600_000, 1],
    ['a rise that is fast at first', { ...slowStart, aggression: 2 }, 15_000, 0.5],
    ['a higher least share', { ...slowStart, leastShare: 0.4 }, 6000, 0.4],
  ])('%s', (_, settings, ageMs, wanted) => {
    expect(startFactor(settings, host('a', 1000), () => 1000 + ageMs)).toBeCloseTo(wanted, 5);
  });
});

test('anyStarts: as long as one is new', () => {
  const hosts = [host('a', Number.NEGATIVE_INFINITY), host('b', 1000)];
  expect(anyStarts(undefined, hosts, () => 1000)).toBe(false);
  expect(anyStarts(slowStart, hosts, () => 1000)).toBe(true);
  expect(anyStarts(slowStart, hosts, () => 61_000)).toBe(false);
});

describe.each<LoadBalancing>([
  { policy: 'ROUND_ROBIN', slowStart },
  { policy: 'LEAST_REQUEST', choiceCount: 2, activeRequestBias: 1, slowStart },
])('$policy', (balancing) => {
  const shareOfNew = (ageMs: number): number => {
    const hosts = [host('old', -1e9), host('new', 0)].map((one) => ({ host: one, weight: 1 }));
    const picker = createHostPicker(
      balancing,
      hosts,
      () => 0.5,
      () => ageMs,
    );
    const picked = Array.from({ length: 1100 }, () => picker.pick()?.name);
    return picked.filter((name) => name === 'new').length / picked.length;
  };

  test.each([
    [0, 0.1 / 1.1],
    [30_000, 0.5 / 1.5],
  ])('a host of %d ms has its share', (ageMs, wanted) => {
    expect(shareOfNew(ageMs)).toBeCloseTo(wanted, 2);
  });
});
