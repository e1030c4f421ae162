import type { Metric } from '@heddle/wasm-host';
import type { ClusterStats } from './cluster/cluster-runtime.ts';
import { emptyStats, type ListenerStats } from './http/http-listener.ts';
import type { GatewayProblem } from './problem.ts';
import type { GatewayRuntime } from './runtime/gateway-runtime.ts';
import type { FilterInspection } from './wasm/wasm-plugins.ts';

/** What a gateway does at one moment: plain data, for people, tests and dashboards. */
export interface GatewayInspection {
  readonly listeners: readonly {
    readonly name: string;
    /** As configured. */
    readonly address: string;
    readonly stats: ListenerStats;
  }[];
  readonly clusters: readonly {
    readonly name: string;
    readonly stats: ClusterStats;
    readonly endpoints: readonly {
      readonly address: string;
      readonly health: string;
      readonly weight: number;
      readonly priority: number;
      readonly requestsTotal: number;
      readonly requestsActive: number;
    }[];
  }[];
  /** Filters in WebAssembly. */
  readonly filters: readonly FilterInspection[];
  /** What those filters measure. */
  readonly filterMetrics: readonly Metric[];
  readonly problems: readonly GatewayProblem[];
}

/** Copies the counters of a runtime. */
export function inspectRuntime(runtime: GatewayRuntime): GatewayInspection {
  return {
    listeners: [...runtime.listeners.values()].map(({ name, address, chains }) => ({
      name,
      address: `${address.host}:${address.port}`,
      stats: sumOf(chains.flatMap(({ http }) => http?.stats ?? [])),
    })),
    clusters: [...runtime.clusters()].map((cluster) => ({
      name: cluster.name,
      stats: { ...cluster.stats, outlierDetection: { ...cluster.stats.outlierDetection } },
      endpoints: cluster.hosts.entries.map(({ host, health, weight, priority }) => ({
        address: host.name,
        health,
        weight,
        priority,
        requestsTotal: host.requestsTotal,
        requestsActive: host.activeRequests,
      })),
    })),
    filters: runtime.plugins.inspect(),
    filterMetrics: runtime.plugins.metrics,
    problems: [...runtime.problems],
  };
}

/** The counters of all chains of a listener together. */
function sumOf(all: readonly ListenerStats[]): ListenerStats {
  const sum = emptyStats();
  for (const stats of all) for (const name of Object.keys(sum) as (keyof ListenerStats)[]) sum[name] += stats[name];
  return sum;
}
