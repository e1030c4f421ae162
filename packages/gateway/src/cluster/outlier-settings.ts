import type { OutlierDetection } from '@heddle/envoy-api/cluster';
import { durationMs } from '../duration.ts';

/** A count of errors in a row that ejects a host, and how surely: in percent of the times it is reached. */
export interface ConsecutiveErrors {
  readonly count: number;
  readonly enforcedPercent: number;
}

/** `envoy.config.cluster.v3.OutlierDetection`, in the parts that look at errors in a row; defaults filled in. */
export interface OutlierSettings {
  readonly intervalMs: number;
  readonly baseEjectionTimeMs: number;
  readonly maxEjectionTimeMs: number;
  readonly maxEjectionTimeJitterMs: number;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectsOne: boolean;
  readonly serverErrors: ConsecutiveErrors;
  readonly gatewayErrors: ConsecutiveErrors;
  /** Undefined: errors of the connection count as answers of 5xx. */
  readonly localErrors: ConsecutiveErrors | undefined;
}

/** Reads outlier detection; what is not implemented is said in `remarks`, and hosts are ejected by the rest. */
export function outlierSettings(config: OutlierDetection, remarks: string[]): OutlierSettings {
  if ((config.enforcingSuccessRate ?? 100) > 0) {
    remarks.push('outlier_detection by success rate is not implemented, wanted enforcing_success_rate 0');
  }
  if ((config.enforcingFailurePercentage ?? 0) > 0 || (config.enforcingFailurePercentageLocalOrigin ?? 0) > 0) {
    remarks.push('outlier_detection by failure percentage is not implemented');
  }
  if (config.monitors.length > 0) remarks.push('outlier_detection.monitors is not implemented');
  const baseEjectionTimeMs = durationMs(config.baseEjectionTime, 30_000);
  return {
    intervalMs: Math.max(1, durationMs(config.interval, 10_000)),
    baseEjectionTimeMs,
    maxEjectionTimeMs: durationMs(config.maxEjectionTime, Math.max(300_000, baseEjectionTimeMs)),
    maxEjectionTimeJitterMs: durationMs(config.maxEjectionTimeJitter, 0),
    maxEjectionPercent: Math.min(100, config.maxEjectionPercent ?? 10),
    alwaysEjectsOne: config.alwaysEjectOneHost ?? false,
    serverErrors: { count: config.consecutive5xx ?? 5, enforcedPercent: config.enforcingConsecutive5xx ?? 100 },
    gatewayErrors: {
      count: config.consecutiveGatewayFailure ?? 5,
      enforcedPercent: config.enforcingConsecutiveGatewayFailure ?? 0,
    },
    localErrors: config.splitExternalLocalOriginErrors
      ? {
          count: config.consecutiveLocalOriginFailure ?? 5,
          enforcedPercent: config.enforcingConsecutiveLocalOriginFailure ?? 100,
        }
      : undefined,
  };
}
