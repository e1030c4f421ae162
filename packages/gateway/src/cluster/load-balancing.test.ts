import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UpstreamTransport } from '../upstream-transport.ts';
import { EarliestDeadlineFirst } from './earliest-deadline-first.ts';
import { Host } from './host.ts';
import { type HostEntry, type HostHealth, HostSet, type HostSetSettings } from './host-set.ts';
import { createHostPicker, type LoadBalancing } from './load-balancer.ts';

const transport: UpstreamTransport = {
  name: 'none',
  supports: { upgrades: false, http2: false, trailers: false },
  createPool: () => ({ isReady: false, send: () => ({ cancel() {} }), close() {}, destroy() {} }),
};
const poolOptions = {
  connectTimeoutMs: 0,
  maxConnectionDurationMs: 0,
  tcpKeepAlive: undefined,
  http2: { maxConcurrentStreams: 1, streamWindowBytes: 1, connectionWindowBytes: 1, keepAlive: undefined },
  idleTimeoutMs: 0,
  maxRequestsPerConnection: 0,
  maxConnections: 1,
  enableTrailers: false,
  maxResponseHeaderBytes: 1,
} as const;
const host = (name: string) => new Host({ host: name, port: 1 }, transport, poolOptions);

/** The same sequence of numbers for the same seed. */
function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function counts(picks: number, pick: () => Host | undefined): Record<string, number> {
  const found: Record<string, number> = {};
  for (let i = 0; i < picks; i++) {
    const name = pick()?.address.host ?? 'none';
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

const leastRequest = { policy: 'LEAST_REQUEST', choiceCount: 2, activeRequestBias: 1 } as const;
const settings: HostSetSettings = {
  balancing: { policy: 'ROUND_ROBIN' },
  panicThreshold: 50,
  overprovisioningFactor: 140,
};

describe('EarliestDeadlineFirst', () => {
  test('gives turns by weight, exactly over a whole number of rounds', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }), (weights) => {
        const schedule = new EarliestDeadlineFirst(
          weights.map((weight, id) => ({ weight, id })),
          ({ weight }) => weight,
        );
        const round = weights.reduce((sum, weight) => sum + weight, 0);
        const turns = weights.map(() => 0);
        for (let i = 0; i < round * 10; i++) {
          const { id = 0 } = schedule.next() ?? {};
          turns[id] = (turns[id] ?? 0) + 1;
        }
        // Deadlines that fall together may go either way at the end of a round.
        for (const [id, weight] of weights.entries())
          expect(Math.abs((turns[id] ?? 0) - weight * 10)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('spreads the turns of a heavy item', () => {
    const schedule = new EarliestDeadlineFirst(['a', 'b'], (item) => (item === 'a' ? 3 : 1));
    const turns = Array.from({ length: 8 }, () => schedule.next()).join('');
    expect(turns).not.toContain('bb');
    expect(turns).not.toContain('aaaaa');
  });
});

describe('createHostPicker', () => {
  const [a, b, c] = [host('a'), host('b'), host('c')] as const;
  const equal = [a, b, c].map((one) => ({ host: one, weight: 1 }));

  test.each<[LoadBalancing]>([
    [{ policy: 'ROUND_ROBIN' }],
    [{ policy: 'RANDOM' }],
    [leastRequest],
    [{ policy: 'MAGLEV', tableSize: 1031 }],
  ])('%s uses every host', (balancing) => {
    const picker = createHostPicker(balancing, equal, seeded(7));
    const found = counts(3000, () => picker.pick());
    for (const name of ['a', 'b', 'c']) expect(found[name]).toBeGreaterThan(850);
  });

  test('ROUND_ROBIN takes turns from a random start', () => {
    const starts = new Set<string | undefined>();
    for (let seed = 1; seed < 40; seed++) {
      const picker = createHostPicker({ policy: 'ROUND_ROBIN' }, equal, seeded(seed * 7919));
      const order = [picker.pick(), picker.pick(), picker.pick(), picker.pick()].map((one) => one?.address.host);
      expect(order[3]).toBe(order[0]);
      expect(new Set(order).size).toBe(3);
      starts.add(order[0]);
    }
    expect(starts.size).toBe(3);
  });

  test('LEAST_REQUEST prefers the less loaded of two', () => {
    const [busy, free] = [host('busy'), host('free')];
    busy.activeRequests = 5;
    const picker = createHostPicker(
      leastRequest,
      [
        { host: busy, weight: 1 },
        { host: free, weight: 1 },
      ],
      seeded(3),
    );
    const found = counts(1000, () => picker.pick());
    // The busy one is taken only when both choices fall on it.
    expect(found['busy']).toBeGreaterThan(180);
    expect(found['busy']).toBeLessThan(320);
  });

  test('LEAST_REQUEST with weights divides the weight by the load', () => {
    const [busy, free] = [host('busy'), host('free')];
    busy.activeRequests = 3;
    const hosts = [
      { host: busy, weight: 4 },
      { host: free, weight: 2 },
    ];
    const picker = createHostPicker(leastRequest, hosts, seeded(3));
    const found = counts(300, () => picker.pick());
    expect(found['free']).toBeGreaterThan(195);
    expect(found['free']).toBeLessThan(205);
  });

  test('ROUND_ROBIN keeps to weights', () => {
    const picker = createHostPicker(
      { policy: 'ROUND_ROBIN' },
      [
        { host: a, weight: 9 },
        { host: b, weight: 1 },
      ],
      seeded(1),
    );
    expect(counts(1000, () => picker.pick())).toEqual({ a: 900, b: 100 });
  });

  test('no hosts give no host', () => {
    expect(createHostPicker({ policy: 'RANDOM' }, [], seeded(1)).pick()).toBeUndefined();
  });
});

describe('HostSet', () => {
  /** `2h1u` is two healthy hosts and one unhealthy; levels are separated by a slash. */
  function entries(text: string): HostEntry[] {
    const healths: Record<string, HostHealth> = { h: 'healthy', d: 'degraded', u: 'unhealthy' };
    return text.split('/').flatMap((level, priority) =>
      [...level.matchAll(/(\d+)([hdu])/g)].flatMap(([, count, letter = 'h']) =>
        Array.from({ length: Number(count) }, () => ({
          host: host(`${priority}${letter}`),
          weight: 1,
          health: healths[letter] ?? 'healthy',
          priority,
        })),
      ),
    );
  }

  test.each<[string, Record<string, number>]>([
    // Enough healthy hosts take everything.
    ['4h1u', { '0h': 10_000 }],
    ['8h2u/1h', { '0h': 10_000 }],
    // 1.4 × 50 % = 70 % stay, the rest spills over.
    ['1h1u/1h', { '0h': 7000, '1h': 3000 }],
    ['1u/1h', { '1h': 10_000 }],
    // Degraded hosts stand in when no priority has healthy ones left.
    ['1h1d', { '0h': 7000, '0d': 3000 }],
    ['1d/1h', { '1h': 10_000 }],
    // Below the panic threshold all hosts are used.
    ['1h3u', { '0h': 2500, '0u': 7500 }],
    ['2u', { '0u': 10_000 }],
    ['1u/3u', { '0u': 2500, '1u': 7500 }],
    ['', { none: 10_000 }],
  ])('%s shares the load', (text, expected) => {
    const set = new HostSet(entries(text), settings, seeded(42));
    const found = counts(10_000, () => set.pick());
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, count] of Object.entries(expected)) {
      expect(Math.abs((found[name] ?? 0) - count)).toBeLessThanOrEqual(200);
    }
  });

  test('a panic threshold of 0 never uses unhealthy hosts', () => {
    const set = new HostSet(entries('2u'), { ...settings, panicThreshold: 0 }, seeded(1));
    expect(set.pick()).toBeUndefined();
  });
});
