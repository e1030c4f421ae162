import type { RequestView } from './request-view.ts';
import type { ForwardAction, WeightedLeg } from './route-action.ts';

/** The cluster a request goes to. */
export interface PickedCluster {
  /** Empty when the header that should name the cluster is absent. */
  readonly name: string;
  /** The leg of a weighted choice, with its own header operations. */
  readonly leg?: WeightedLeg;
}

/**
 * Chooses the cluster: a weighted choice takes the leg in whose interval `random` modulo the total weight falls, as Envoy does.
 *
 * @param random integer from 0, drawn uniformly from a range much larger than the total weight; the same number the request's route was
 * matched with
 */
export function pickCluster(action: ForwardAction, random: number, request: RequestView): PickedCluster {
  const { target } = action;
  switch (target.kind) {
    case 'cluster':
      return target;
    case 'header':
      return { name: firstValue(request.header(target.header)) };
    case 'weighted': {
      let rest = remainder(target.randomHeader, request, random, target.totalWeight);
      for (const leg of target.legs) {
        if (rest < leg.weight) {
          const named = leg.clusterHeader === undefined ? '' : firstValue(request.header(leg.clusterHeader));
          return { name: named === '' ? leg.name : named, leg };
        }
        rest -= leg.weight;
      }
      throw new RangeError(`cannot pick a cluster: random ${random} is no integer from 0`);
    }
  }
}

function remainder(header: string | undefined, request: RequestView, random: number, total: number): number {
  const given = header === undefined ? undefined : request.header(header);
  // A repeated header arrives joined by commas and is therefore no number: Envoy ignores it too.
  if (given !== undefined && /^[0-9]{1,20}$/.test(given)) {
    const value = BigInt(given);
    if (value < 2n ** 64n) return Number(value % BigInt(total));
  }
  return random % total;
}

function firstValue(value: string | undefined): string {
  return value?.split(',', 1)[0] ?? '';
}
