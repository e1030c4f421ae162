import type { MessageInitShape } from '@bufbuild/protobuf';
import { parseDurationMs } from '@heddle/api';
import type { CircuitBreakers_ThresholdsSchema, ClusterSchema } from '@heddle/envoy-api/cluster';
import { duration } from '../duration.ts';
import type { TrafficPolicy } from '../mesh-objects.ts';
import type { MeshSettings } from '../settings.ts';

export type ConnectionPool = NonNullable<TrafficPolicy['connectionPool']>;
type ClusterFields = Pick<
  MessageInitShape<typeof ClusterSchema>,
  'connectTimeout' | 'circuitBreakers' | 'upstreamConnectionOptions'
>;
type Thresholds = MessageInitShape<typeof CircuitBreakers_ThresholdsSchema>;

const MAX_UINT32 = 0xffff_ffff;

/** Istio's default: limits are asked for by DestinationRules, and Envoy's own (1,024) surprise. */
export const UNLIMITED = {
  maxConnections: MAX_UINT32,
  maxPendingRequests: MAX_UINT32,
  maxRequests: MAX_UINT32,
  maxRetries: MAX_UINT32,
  trackRemaining: true,
} satisfies Thresholds;

/**
 * The limits and sockets of a cluster by a DestinationRule's `connectionPool`, as Istio's `applyConnectionPool` has them: zero is as
 * good as absent. What concerns HTTP is in `httpProtocolOptions`.
 */
export function connectionPoolFields(pool: ConnectionPool | undefined, settings: MeshSettings): ClusterFields {
  const { http = {}, tcp = {} } = pool ?? {};
  const thresholds: Thresholds = {
    ...UNLIMITED,
    ...(positive(tcp.maxConnections) ? { maxConnections: tcp.maxConnections } : {}),
    ...(positive(http.http1MaxPendingRequests) ? { maxPendingRequests: http.http1MaxPendingRequests } : {}),
    ...(positive(http.http2MaxRequests) ? { maxRequests: http.http2MaxRequests } : {}),
    ...(positive(http.maxRetries) ? { maxRetries: http.maxRetries } : {}),
  };
  const { tcpKeepalive = settings.tcpKeepalive } = tcp;
  return {
    connectTimeout: duration(milliseconds(tcp.connectTimeout) ?? settings.connectTimeoutMs),
    circuitBreakers: { thresholds: [thresholds] },
    ...(tcpKeepalive === undefined
      ? {}
      : {
          upstreamConnectionOptions: {
            tcpKeepalive: {
              ...(positive(tcpKeepalive.probes) ? { keepaliveProbes: tcpKeepalive.probes } : {}),
              ...(tcpKeepalive.time === undefined ? {} : { keepaliveTime: wholeSeconds(tcpKeepalive.time) }),
              ...(tcpKeepalive.interval === undefined
                ? {}
                : { keepaliveInterval: wholeSeconds(tcpKeepalive.interval) }),
            },
          },
        }),
  };
}

/** Zero and absent are the same in Istio: no limit. */
export function positive(value: number | undefined): value is number {
  return value !== undefined && value > 0;
}

export function milliseconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDurationMs(text);
}

/** Sockets count in seconds; the kernel refuses 0, so less than one is one. */
function wholeSeconds(text: string): number {
  return Math.max(1, Math.floor((milliseconds(text) ?? 0) / 1000));
}
