import { EarliestDeadlineFirst } from './earliest-deadline-first.ts';
import type { Host } from './host.ts';
import { type MaglevSettings, maglevPicker } from './maglev.ts';
import { type RingHashSettings, ringHashPicker } from './ring-hash.ts';
import { anyStarts, type SlowStart, startFactor } from './slow-start.ts';

/** Uniform in [0, 1), `Math.random` unless a test wants the same picks every time. */
export type RandomSource = () => number;

/** A host with its `load_balancing_weight`. */
export interface WeightedHost {
  readonly host: Host;
  readonly weight: number;
}

/** Chooses one host of a set; the set never changes, an update makes a new picker. */
export interface HostPicker {
  /**
   * `hash` is the request's, for policies that choose by it; `attempt` counts the hosts that were chosen for it before and not wanted
   * (as a retry does not want those it has tried).
   */
  pick(hash?: bigint, attempt?: number): Host | undefined;
}

/** How hosts of a cluster are chosen: Envoy's `Cluster.LbPolicy` values that are implemented, with their settings. */
export type LoadBalancing =
  | { readonly policy: 'ROUND_ROBIN'; readonly slowStart?: SlowStart | undefined }
  | { readonly policy: 'RANDOM' }
  | ({ readonly policy: 'LEAST_REQUEST'; readonly slowStart?: SlowStart | undefined } & LeastRequestSettings)
  | ({ readonly policy: 'RING_HASH' } & RingHashSettings)
  | ({ readonly policy: 'MAGLEV' } & MaglevSettings);

/** Settings of LEAST_REQUEST: `choice_count` and `active_request_bias`. */
export interface LeastRequestSettings {
  readonly choiceCount: number;
  readonly activeRequestBias: number;
}

/**
 * Builds the picker for a policy.
 *
 * With equal weights ROUND_ROBIN takes turns from a random start and LEAST_REQUEST picks the less loaded of `choiceCount`
 * random hosts; with unequal weights both schedule by earliest deadline, LEAST_REQUEST with
 * weight / (active requests + 1)^bias, as Envoy documents in "Supported load balancers".
 */
export function createHostPicker(
  balancing: LoadBalancing,
  hosts: readonly WeightedHost[],
  random: RandomSource,
  nowMs: () => number = () => 0,
): HostPicker {
  if (hosts.length === 0) return { pick: () => undefined };
  if (hosts.length === 1) {
    const only = (hosts[0] as WeightedHost).host;
    return { pick: () => only };
  }
  const first = (hosts[0] as WeightedHost).weight;
  const equalWeights = hosts.every(({ weight }) => weight === first);
  const skip = Math.floor(random() * hosts.length);
  const plain = hosts.map(({ host }) => host);
  switch (balancing.policy) {
    case 'RANDOM':
      return randomPicker(plain, random);
    case 'ROUND_ROBIN': {
      const { slowStart } = balancing;
      return equalWeights && !anyStarts(slowStart, plain, nowMs)
        ? turnsPicker(plain, skip)
        : scheduledPicker(hosts, ({ host, weight }) => weight * startFactor(slowStart, host, nowMs), skip);
    }
    case 'LEAST_REQUEST': {
      const { slowStart, choiceCount, activeRequestBias } = balancing;
      return equalWeights && !anyStarts(slowStart, plain, nowMs)
        ? leastLoadedPicker(plain, random, choiceCount)
        : scheduledPicker(
            hosts,
            ({ host, weight }) =>
              (weight / (host.activeRequests + 1) ** activeRequestBias) * startFactor(slowStart, host, nowMs),
            skip,
          );
    }
    case 'RING_HASH':
      return ringHashPicker(hosts, balancing, random);
    case 'MAGLEV':
      return maglevPicker(hosts, balancing, random);
  }
}

// Envoy's random policy looks at health, not at weights.
function randomPicker(hosts: readonly Host[], random: RandomSource): HostPicker {
  return { pick: () => hosts[Math.floor(random() * hosts.length)] };
}

function turnsPicker(hosts: readonly Host[], start: number): HostPicker {
  let turn = start;
  return {
    pick() {
      if (turn >= hosts.length) turn = 0;
      return hosts[turn++];
    },
  };
}

function leastLoadedPicker(hosts: readonly Host[], random: RandomSource, choiceCount: number): HostPicker {
  return {
    pick() {
      let best: Host | undefined;
      for (let i = 0; i < choiceCount; i++) {
        const candidate = hosts[Math.floor(random() * hosts.length)] as Host;
        if (best === undefined || candidate.activeRequests < best.activeRequests) best = candidate;
      }
      return best;
    },
  };
}

function scheduledPicker(
  hosts: readonly WeightedHost[],
  weightOf: (host: WeightedHost) => number,
  skip: number,
): HostPicker {
  const schedule = new EarliestDeadlineFirst(hosts, weightOf, skip);
  return { pick: () => schedule.next()?.host };
}
