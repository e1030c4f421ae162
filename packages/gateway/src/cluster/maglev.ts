import type { HostPicker, RandomSource, WeightedHost } from './load-balancer.ts';
import { randomHash } from './random-hash.ts';
import { xxHash64 } from './xx-hash.ts';

/** Settings of MAGLEV. */
export interface MaglevSettings {
  /** A prime number. */
  readonly tableSize: number;
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/**
 * A table as Envoy builds it ("Maglev"; the paper's listing 1 with weights): the hosts, ordered by address, take turns at their own
 * permutations of its places until all are taken. A request goes to the host at its hash modulo the size.
 */
export function maglevPicker(
  hosts: readonly WeightedHost[],
  { tableSize }: MaglevSettings,
  random: RandomSource,
): HostPicker {
  if (hosts.length === 0) return { pick: () => undefined };
  const sum = hosts.reduce((total, { weight }) => total + weight, 0);
  const size = BigInt(tableSize);
  const entries = [...hosts]
    .sort((a, b) => (a.host.name < b.host.name ? -1 : a.host.name > b.host.name ? 1 : 0))
    .map(({ host, weight }) => ({
      host,
      place: Number(xxHash64(host.name) % size),
      skip: Number(xxHash64(host.name, 1n) % (size - 1n)) + 1,
      share: weight / sum,
      target: 0,
    }));
  const largest = Math.max(...entries.map(({ share }) => share));
  const table = new Uint32Array(tableSize);
  for (let taken = 0, round = 1; taken < tableSize; round++) {
    for (let index = 0; index < entries.length && taken < tableSize; index++) {
      const entry = entries[index] as (typeof entries)[number];
      // The heaviest host has a turn in each round, one of a third of its weight in every third.
      if (round * entry.share < entry.target) continue;
      entry.target += largest;
      while (table[entry.place] !== 0) entry.place = (entry.place + entry.skip) % tableSize;
      table[entry.place] = index + 1;
      entry.place = (entry.place + entry.skip) % tableSize;
      taken++;
    }
  }
  return {
    pick(hash = randomHash(random), attempt = 0) {
      const tried = attempt === 0 ? hash : hash ^ (ALL_ONES - BigInt(attempt) + 1n);
      return entries[(table[Number(tried % size)] as number) - 1]?.host;
    },
  };
}
