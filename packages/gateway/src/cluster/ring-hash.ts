import type { HostPicker, RandomSource, WeightedHost } from './load-balancer.ts';
import { randomHash } from './random-hash.ts';
import { xxHash64 } from './xx-hash.ts';

/** Settings of RING_HASH. */
export interface RingHashSettings {
  readonly minimumRingSize: number;
  readonly maximumRingSize: number;
}

/**
 * A ring of hashes as Envoy builds it ("Ring hash"): each host stands on it under the hashes of `ADDRESS_0`, `ADDRESS_1`, …, as often as
 * its weight asks for and the lightest a whole number of times; a request goes to the first entry at or after its hash.
 */
export function ringHashPicker(
  hosts: readonly WeightedHost[],
  { minimumRingSize, maximumRingSize }: RingHashSettings,
  random: RandomSource,
): HostPicker {
  if (hosts.length === 0) return { pick: () => undefined };
  const sum = hosts.reduce((total, { weight }) => total + weight, 0);
  const shares = hosts.map(({ weight }) => weight / sum);
  const least = Math.min(...shares);
  const scale = Math.min(Math.ceil(least * minimumRingSize) / least, maximumRingSize);
  const entries: { readonly hash: bigint; readonly host: number }[] = [];
  let wanted = 0;
  hosts.forEach(({ host }, index) => {
    // Parts of entries are carried over from host to host.
    wanted += scale * (shares[index] as number);
    for (let i = 0; entries.length < wanted; i++) entries.push({ hash: xxHash64(`${host.name}_${i}`), host: index });
  });
  entries.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
  const hashes = BigUint64Array.from(entries, ({ hash }) => hash);
  const places = Uint32Array.from(entries, ({ host }) => host);
  return {
    pick(hash = randomHash(random), attempt = 0) {
      const at = (firstFrom(hashes, hash) + attempt) % hashes.length;
      return hosts[places[at] as number]?.host;
    },
  };
}

/** The place of the first hash that is not below the wanted one; beyond the last, the ring begins anew. */
function firstFrom(hashes: BigUint64Array, wanted: bigint): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hashes[middle] as bigint) < wanted) low = middle + 1;
    else high = middle;
  }
  return low === hashes.length ? 0 : low;
}
