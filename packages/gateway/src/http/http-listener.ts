import type { RouteTable } from '@heddle/routing';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { RandomSource } from '../cluster/load-balancer.ts';
import type { AccessLog } from './access-log.ts';
import type { ConnectionManagerSettings } from './connection-manager-settings.ts';
import type { HttpFilter } from './http-filter.ts';
import type { RouteSettings } from './route-settings.ts';
import type { StreamWatch } from './stream-watch.ts';

/** Counters of one listener since it was first configured; names follow Envoy's connection manager statistics. */
export interface ListenerStats {
  downstreamRequestsTotal: number;
  downstreamRequestsActive: number;
  downstreamConnectionsTotal: number;
  downstreamConnectionsActive: number;
  responses2xx: number;
  responses3xx: number;
  responses4xx: number;
  responses5xx: number;
  downstreamProtocolErrors: number;
}

/** Counters that stand at nothing. */
export function emptyStats(): ListenerStats {
  return {
    downstreamRequestsTotal: 0,
    downstreamRequestsActive: 0,
    downstreamConnectionsTotal: 0,
    downstreamConnectionsActive: 0,
    responses2xx: 0,
    responses3xx: 0,
    responses4xx: 0,
    responses5xx: 0,
    downstreamProtocolErrors: 0,
  };
}

/** What exchanges on one listener obey: one immutable generation of configuration. A new generation is a new object. */
export interface HttpListener {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly settings: ConnectionManagerSettings;
  readonly filters: readonly HttpFilter[];
  /** Router settings: `suppress_envoy_headers` and `respect_expected_rq_timeout`. */
  readonly router: { readonly suppressEnvoyHeaders: boolean; readonly respectExpectedTimeout: boolean };
  /** Undefined while the route configuration has not come: every request is answered 404. */
  readonly routes: RouteTable | undefined;
  readonly routeSettings: RouteSettings;
  readonly accessLogs: readonly AccessLog[];
  readonly clusters: ReadonlyMap<string, ClusterRuntime>;
  /** `per_connection_buffer_limit_bytes`: how much of a request body is kept for retries. */
  readonly bufferLimitBytes: number;
  readonly random: RandomSource;
  /** What `x-forwarded-for` says for clients on the loopback interface. */
  readonly ownAddress: string;
  /** `traffic_direction`, as Envoy numbers it: 0 unspecified, 1 inbound, 2 outbound. */
  readonly trafficDirection: number;
  /** Who the gateway is to its control plane (`envoy.config.core.v3.Node` in JSON), for filters that ask. */
  readonly node: unknown;
  readonly stats: ListenerStats;
  readonly watch: StreamWatch;
  /** True once the listener is going away: responses ask clients to close their connections. */
  readonly drain: { draining: boolean };
}
