import type { Cluster } from '@heddle/envoy-api/cluster';
import type { ClusterLoadAssignment } from '@heddle/envoy-api/endpoint';
import type { Clock } from '@heddle/model';
import type { HttpProtocol } from '../http/exchange.ts';
import type { ConnectionBudget, UpstreamProtocol, UpstreamTransport } from '../upstream-transport.ts';
import { type ClusterSettings, clusterSettings, type EndpointDiscovery } from './cluster-settings.ts';
import { type ConfiguredEndpoint, configuredEndpoints } from './configured-endpoint.ts';
import { Host, type HostPoolOptions } from './host.ts';
import type { HostResolver } from './host-resolver.ts';
import { type HostEntry, HostSet } from './host-set.ts';
import type { RandomSource } from './load-balancer.ts';
import { emptyOutlierStats, OutlierDetector, type OutlierStats } from './outlier-detector.ts';

/** What clusters need from their surroundings. */
export interface ClusterContext {
  readonly transport: UpstreamTransport;
  readonly resolver: HostResolver | undefined;
  readonly random: RandomSource;
  readonly clock: Clock;
  report(name: string, message: string): void;
}

/** Counters of one cluster since it was first configured; names follow Envoy's cluster statistics. */
export interface ClusterStats {
  upstreamRequestsTotal: number;
  upstreamRequestsActive: number;
  upstreamRequestRetries: number;
  upstreamRequestTimeouts: number;
  upstreamConnectFailures: number;
  /** Connections open or being made. */
  upstreamConnectionsActive: number;
  upstreamConnectionsTotal: number;
  /** Times a request had to wait because the cluster had all the connections it may have. */
  upstreamConnectionsOverflow: number;
  /** Requests given up at a limit: too many waiting for a connection, or too many at once. */
  upstreamRequestsOverflow: number;
  upstreamRetriesOverflow: number;
  noHealthyUpstream: number;
  readonly outlierDetection: OutlierStats;
}

/**
 * One cluster with its endpoints and their connections. The object lives as long as the cluster's own fields do not change;
 * new endpoints replace {@link hosts} at once and keep the hosts that stay.
 */
export class ClusterRuntime implements ConnectionBudget {
  readonly settings: ClusterSettings;
  readonly stats: ClusterStats = {
    upstreamRequestsTotal: 0,
    upstreamRequestsActive: 0,
    upstreamRequestRetries: 0,
    upstreamRequestTimeouts: 0,
    upstreamConnectFailures: 0,
    upstreamConnectionsActive: 0,
    upstreamConnectionsTotal: 0,
    upstreamConnectionsOverflow: 0,
    upstreamRequestsOverflow: 0,
    upstreamRetriesOverflow: 0,
    noHealthyUpstream: 0,
    outlierDetection: emptyOutlierStats(),
  };
  activeRetries = 0;
  /** Requests that no connection has taken yet. */
  pendingRequests = 0;
  /** Requests that are on a connection: what `max_requests` bounds. */
  startedRequests = 0;
  hosts: HostSet;
  /** Told what becomes of requests, where failing endpoints are ejected. */
  readonly outliers: OutlierDetector | undefined;
  #entries: readonly HostEntry[] = [];
  readonly #context: ClusterContext;
  readonly #pool: HostPoolOptions;
  #byAddress = new Map<string, Host>();
  #endpoints: readonly ConfiguredEndpoint[] = [];
  #assignment: ClusterLoadAssignment | undefined;
  #stopDns: (() => void) | undefined;

  constructor(settings: ClusterSettings, context: ClusterContext) {
    this.settings = settings;
    this.#pool = { ...settings.pool, budget: this };
    this.#context = context;
    const { clock, random } = context;
    this.outliers =
      settings.outlierDetection === undefined
        ? undefined
        : new OutlierDetector(settings.outlierDetection, {
            clock,
            random,
            stats: this.stats.outlierDetection,
            onChange: () => {
              this.hosts = this.#hostSet();
            },
          });
    this.hosts = this.#hostSet();
  }

  /** Whether hosts are chosen by the hash of a request. */
  get choosesByHash(): boolean {
    const { policy } = this.settings.balancing;
    return policy === 'RING_HASH' || policy === 'MAGLEV';
  }

  get hasRoom(): boolean {
    return this.stats.upstreamConnectionsActive < this.settings.circuitBreakers.maxConnections;
  }

  opened(): void {
    this.stats.upstreamConnectionsActive++;
    this.stats.upstreamConnectionsTotal++;
  }

  closed(): void {
    this.stats.upstreamConnectionsActive--;
  }

  overflowed(): void {
    this.stats.upstreamConnectionsOverflow++;
  }

  get name(): string {
    return this.settings.name;
  }

  /** What endpoints are spoken to in for a request that came in this protocol. */
  protocolFor(downstream: HttpProtocol): UpstreamProtocol {
    const { protocol } = this.settings;
    if (protocol !== 'as-the-client') return protocol;
    return downstream === 'HTTP/2' ? 'http2' : 'http1';
  }

  /** Takes the endpoints of a load assignment; the same message again costs nothing. */
  assign(assignment: ClusterLoadAssignment | undefined): void {
    if (assignment === this.#assignment) return;
    this.#assignment = assignment;
    const problems: string[] = [];
    this.#endpoints = assignment === undefined ? [] : configuredEndpoints(assignment, problems);
    for (const problem of problems) this.#context.report(this.name, problem);
    this.#stopDns?.();
    this.#stopDns = undefined;
    const { discovery } = this.settings;
    if (discovery.kind === 'strict-dns' || discovery.kind === 'logical-dns') this.#followDns(discovery);
    else this.#replace(this.#endpoints);
  }

  /** No route leads here any more: requests in flight finish, then connections close. */
  retire(): void {
    this.outliers?.stop();
    this.#stopDns?.();
    this.#stopDns = undefined;
    for (const host of this.#byAddress.values()) host.retire();
  }

  /** Closes every connection now. */
  destroy(): void {
    this.outliers?.stop();
    this.#stopDns?.();
    this.#stopDns = undefined;
    for (const host of this.#byAddress.values()) host.destroy();
  }

  #replace(endpoints: readonly ConfiguredEndpoint[]): void {
    const next = new Map<string, Host>();
    const entries: HostEntry[] = [];
    for (const endpoint of endpoints) {
      const key = `${endpoint.address.host}|${endpoint.address.port}`;
      if (next.has(key)) continue;
      const host = this.#byAddress.get(key) ?? this.#newHost(endpoint);
      next.set(key, host);
      entries.push({ host, weight: endpoint.weight, health: endpoint.health, priority: endpoint.priority });
    }
    const previous = this.#byAddress;
    this.#byAddress = next;
    this.#entries = entries;
    this.outliers?.follow(next.values());
    this.hosts = this.#hostSet();
    for (const [key, host] of previous) if (!next.has(key)) host.retire();
  }

  #newHost({ address, hostname }: ConfiguredEndpoint): Host {
    const host = new Host(address, this.#context.transport, this.#pool, hostname);
    host.addedAtMs = this.#context.clock.nowMs();
    return host;
  }

  /** The configured hosts as they are now: ejected ones count as unhealthy. */
  #hostSet(): HostSet {
    const { balancing, panicThreshold } = this.settings;
    const overprovisioningFactor = this.#assignment?.policy?.overprovisioningFactor ?? 140;
    const { outliers } = this;
    const entries =
      outliers === undefined
        ? this.#entries
        : this.#entries.map((entry) =>
            outliers.isEjected(entry.host) ? { ...entry, health: 'unhealthy' as const } : entry,
          );
    const { clock, random } = this.#context;
    return new HostSet(entries, { balancing, panicThreshold, overprovisioningFactor }, random, () => clock.nowMs());
  }

  #followDns(discovery: Extract<EndpointDiscovery, { kind: 'strict-dns' | 'logical-dns' }>): void {
    const { resolver } = this.#context;
    if (resolver === undefined) {
      // Without a resolver of our own the transport looks names up when it connects (fetch does).
      this.#replace(this.#endpoints);
      return;
    }
    const endpoints = this.#endpoints;
    const resolved = new Map<string, readonly string[]>();
    const firstOnly = discovery.kind === 'logical-dns';
    const apply = () => {
      const expanded: ConfiguredEndpoint[] = [];
      for (const endpoint of endpoints) {
        const addresses = resolved.get(endpoint.address.host) ?? [];
        const used = firstOnly ? addresses.slice(0, 1) : addresses;
        for (const host of used) expanded.push({ ...endpoint, address: { host, port: endpoint.address.port } });
      }
      this.#replace(expanded);
    };
    const stops = [...new Set(endpoints.map(({ address }) => address.host))].map((name) =>
      resolver.watch(name, { family: discovery.family, firstOnly, refreshMs: discovery.refreshMs }, (result) => {
        if ('problem' in result) {
          // The last good addresses stay, as in Envoy.
          this.#context.report(this.name, `cannot resolve "${name}": ${result.problem}`);
          return;
        }
        resolved.set(name, result.addresses);
        apply();
      }),
    );
    this.#stopDns = () => {
      for (const stop of stops) stop();
    };
  }
}

/** Builds a cluster, or reports why it cannot be obeyed. */
export function createClusterRuntime(cluster: Cluster, context: ClusterContext): ClusterRuntime | undefined {
  const { settings, problems, remarks } = clusterSettings(cluster);
  for (const problem of [...problems, ...remarks]) context.report(cluster.name, problem);
  if (settings === undefined) return undefined;
  if (settings.protocol !== 'http1' && !context.transport.supports.http2) {
    context.report(cluster.name, `HTTP/2 to endpoints is not implemented by the "${context.transport.name}" transport`);
    return undefined;
  }
  if (settings.pool.tls !== undefined && context.transport.supports.tls !== true) {
    context.report(cluster.name, `TLS to endpoints is not implemented by the "${context.transport.name}" transport`);
    return undefined;
  }
  return new ClusterRuntime(settings, context);
}
