import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ClusterSchema, OutlierDetectionSchema } from '@heddle/envoy-api/cluster';
import { duration } from '../duration.ts';
import type { TrafficPolicy } from '../mesh-objects.ts';
import { milliseconds, positive } from './connection-pool.ts';

export type OutlierSettings = NonNullable<TrafficPolicy['outlierDetection']>;
type ClusterFields = Pick<MessageInitShape<typeof ClusterSchema>, 'outlierDetection' | 'commonLbConfig'>;
type Fields = MessageInitShape<typeof OutlierDetectionSchema>;

/**
 * Ejection of failing endpoints by a DestinationRule's `outlierDetection`, as Istio's `applyOutlierDetection` has it: by consecutive
 * errors alone, never by success rate, and without panic unless `minHealthPercent` asks for it. A count of 0 switches its kind off.
 */
export function outlierFields(outlier: OutlierSettings | undefined): ClusterFields {
  if (outlier === undefined) return {};
  const { consecutive5xxErrors, consecutiveGatewayErrors, consecutiveLocalOriginFailures } = outlier;
  const intervalMs = milliseconds(outlier.interval);
  const baseMs = milliseconds(outlier.baseEjectionTime);
  const detection: Fields = {
    enforcingSuccessRate: 0,
    ...(consecutive5xxErrors === undefined
      ? {}
      : { consecutive5xx: consecutive5xxErrors, enforcingConsecutive5xx: enforced(consecutive5xxErrors) }),
    ...(consecutiveGatewayErrors === undefined
      ? {}
      : {
          consecutiveGatewayFailure: consecutiveGatewayErrors,
          enforcingConsecutiveGatewayFailure: enforced(consecutiveGatewayErrors),
        }),
    ...(intervalMs === undefined ? {} : { interval: duration(intervalMs) }),
    ...(baseMs === undefined ? {} : { baseEjectionTime: duration(baseMs) }),
    ...(positive(outlier.maxEjectionPercent) ? { maxEjectionPercent: outlier.maxEjectionPercent } : {}),
    ...(outlier.splitExternalLocalOriginErrors === true
      ? {
          splitExternalLocalOriginErrors: true,
          enforcingLocalOriginSuccessRate: 0,
          ...(positive(consecutiveLocalOriginFailures)
            ? {
                consecutiveLocalOriginFailure: consecutiveLocalOriginFailures,
                enforcingConsecutiveLocalOriginFailure: 100,
              }
            : {}),
        }
      : {}),
  };
  return {
    outlierDetection: detection,
    commonLbConfig: { healthyPanicThreshold: { value: outlier.minHealthPercent ?? 0 } },
  };
}

function enforced(count: number): number {
  return count > 0 ? 100 : 0;
}
