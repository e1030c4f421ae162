import type { MessageInitShape } from '@bufbuild/protobuf';
import { Cluster_LbPolicy, type Cluster_SlowStartConfigSchema, type ClusterSchema } from '@heddle/envoy-api/cluster';
import { duration } from '../duration.ts';
import type { TrafficPolicy } from '../mesh-objects.ts';
import { milliseconds, positive } from './connection-pool.ts';

export type LoadBalancer = NonNullable<TrafficPolicy['loadBalancer']>;
type ClusterFields = Pick<MessageInitShape<typeof ClusterSchema>, 'lbPolicy' | 'lbConfig'>;
type SlowStart = MessageInitShape<typeof Cluster_SlowStartConfigSchema>;

/** How endpoints are chosen, after Istio's `applyLoadBalancer`. PASSTHROUGH is a matter of discovery, and ends elsewhere. */
export function loadBalancingFields(loadBalancer: LoadBalancer | undefined): ClusterFields {
  const hash = loadBalancer?.consistentHash;
  if (hash !== undefined) return hashingFields(hash);
  const slowStartConfig = slowStart(loadBalancer);
  switch (loadBalancer?.simple) {
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'ROUND_ROBIN':
      return {
        lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
        ...(slowStartConfig === undefined
          ? {}
          : { lbConfig: { case: 'roundRobinLbConfig', value: { slowStartConfig } } }),
      };
    default:
      // LEAST_CONN is the former name of LEAST_REQUEST, which is the default.
      return {
        lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
        ...(slowStartConfig === undefined
          ? {}
          : { lbConfig: { case: 'leastRequestLbConfig', value: { slowStartConfig } } }),
      };
  }
}

/** Ring hash with Envoy's 1,024 entries unless told otherwise; Maglev where its table is named. */
function hashingFields(hash: NonNullable<LoadBalancer['consistentHash']>): ClusterFields {
  const { maglev, ringHash, minimumRingSize } = hash;
  if (maglev !== undefined) {
    return {
      lbPolicy: Cluster_LbPolicy.MAGLEV,
      lbConfig: { case: 'maglevLbConfig', value: { tableSize: BigInt(maglev.tableSize) } },
    };
  }
  const wanted = ringHash?.minimumRingSize ?? minimumRingSize;
  return {
    lbPolicy: Cluster_LbPolicy.RING_HASH,
    lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(positive(wanted) ? wanted : 1024) } },
  };
}

function slowStart(loadBalancer: LoadBalancer | undefined): SlowStart | undefined {
  const { warmup, warmupDurationSecs } = loadBalancer ?? {};
  if (warmup !== undefined) {
    return {
      slowStartWindow: duration(milliseconds(warmup.duration) ?? 0),
      // Envoy wants a key under which an operator could override the value; Istio's names none that exists.
      aggression: { defaultValue: warmup.aggression ?? 1, runtimeKey: '(' },
      minWeightPercent: { value: warmup.minimumPercent ?? 10 },
    };
  }
  const windowMs = milliseconds(warmupDurationSecs);
  return windowMs === undefined ? undefined : { slowStartWindow: duration(windowMs) };
}
