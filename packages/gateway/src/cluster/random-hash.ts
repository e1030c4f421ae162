import type { RandomSource } from './load-balancer.ts';

/** What stands for the hash of a request that has none: chance decides then. */
export function randomHash(random: RandomSource): bigint {
  const half = () => BigInt(Math.floor(random() * 2 ** 32));
  return (half() << 32n) | half();
}
