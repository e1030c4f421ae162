import type { Cluster } from '@heddle/envoy-api/cluster';
import type { TransportSocket, TypedExtensionConfig } from '@heddle/envoy-api/core';
import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import type { Listener } from '@heddle/envoy-api/listener';
import type { RouteConfiguration } from '@heddle/envoy-api/route';
import type { Secret } from '@heddle/envoy-api/tls';
import { type Clock, systemClock } from '@heddle/model';
import type { RouteTable } from '@heddle/routing';
import { type ClusterContext, type ClusterRuntime, createClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { HostResolver } from '../cluster/host-resolver.ts';
import type { RandomSource } from '../cluster/load-balancer.ts';
import { featuresOver } from '../features.ts';
import { type AccessLogSink, compileAccessLogs } from '../http/access-log.ts';
import { connectionManagerSettings } from '../http/connection-manager-settings.ts';
import { type FilterContext, prepareFilter, unknownFilterConfigs } from '../http/filters/known-filters.ts';
import type { HttpFilter } from '../http/http-filter.ts';
import { emptyStats, type HttpListener, type ListenerStats } from '../http/http-listener.ts';
import { streamIdle } from '../http/respond.ts';
import { RouteSettings } from '../http/route-settings.ts';
import type { ServedChain, ServedListener } from '../http/served-listener.ts';
import { StreamWatch } from '../http/stream-watch.ts';
import type { GatewayProblem } from '../problem.ts';
import { type DownstreamTls, downstreamTls } from '../tls/tls-settings.ts';
import type { UpstreamTransport } from '../upstream-transport.ts';
import { clusterCallouts } from '../wasm/cluster-callouts.ts';
import { type PluginLease, type WasmEnvironment, WasmPlugins } from '../wasm/wasm-plugins.ts';
import { compiledRoutes } from './compiled-routes.ts';
import { filterConfigsOf, type HttpChain, type ListenerLayout, listenerLayout } from './listener-chain.ts';
import type { GatewayResources } from './resources.ts';

/** What a gateway runs on; the parts that differ between runtimes and tests. */
export interface GatewayEnvironment extends WasmEnvironment {
  readonly transport: UpstreamTransport;
  /** Features that this runtime does not have. */
  readonly lacks?: readonly string[] | undefined;
  readonly resolver?: HostResolver | undefined;
  readonly random?: RandomSource | undefined;
  /** Time as ejection of failing endpoints sees it. */
  readonly clock?: Clock | undefined;
  readonly accessLogSink?: AccessLogSink | undefined;
  /** The machine's address: what `x-forwarded-for` says for clients on the loopback interface. */
  readonly ownAddress?: string | undefined;
  /** Filters of the embedding program, before the router. */
  readonly filters?: readonly HttpFilter[] | undefined;
  /** Who the gateway is (`envoy.config.core.v3.Node` in JSON), for filters that ask. */
  readonly node?: unknown;
  readonly onProblem?: ((problem: GatewayProblem) => void) | undefined;
}

/** Timers that keep no process alive, and a time that nobody sets. */
const monotonicClock: Clock = { ...systemClock, nowMs: () => performance.now() };

/** State of a listener that outlives its configurations. */
interface ListenerLife {
  readonly stats: ListenerStats;
  readonly drain: { draining: boolean };
}

/**
 * The configuration in force. {@link apply} builds the next generation beside the present one and then swaps it in at once:
 * exchanges under way keep the listener object they began with, new ones get the new.
 */
export class GatewayRuntime {
  readonly #environment: GatewayEnvironment;
  readonly #random: RandomSource;
  readonly #watch = new StreamWatch(streamIdle);
  readonly #plugins: WasmPlugins;
  /** Modules that the configuration in force uses. */
  #leases: readonly PluginLease[] = [];
  readonly #lives = new Map<string, ListenerLife>();
  readonly #layouts = new WeakMap<
    Listener,
    { readonly layout: ListenerLayout | undefined; readonly problems: readonly string[] }
  >();
  readonly #tlsOf = new WeakMap<TransportSocket, ChainTls & { readonly secrets: ReadonlyMap<string, Secret> }>();
  #listeners: ReadonlyMap<string, ServedListener> = new Map();
  #clusters: ReadonlyMap<string, { readonly config: Cluster; readonly runtime: ClusterRuntime | undefined }> =
    new Map();
  #problems: GatewayProblem[] = [];

  constructor(environment: GatewayEnvironment) {
    this.#environment = environment;
    this.#random = environment.random ?? Math.random;
    this.#plugins = new WasmPlugins(
      environment,
      clusterCallouts({
        cluster: (name) => this.#clusters.get(name)?.runtime,
        ownAddress: () => environment.ownAddress ?? '127.0.0.1',
      }),
    );
  }

  /** The filters in WebAssembly. */
  get plugins(): WasmPlugins {
    return this.#plugins;
  }

  /**
   * Loads and starts what a listener or a filter's configuration asks for, so that it is there when the configuration is in force. The
   * reason if it cannot be obeyed.
   */
  async prepare(resource: Listener | TypedExtensionConfig): Promise<string | undefined> {
    const configs =
      resource.$typeName === 'envoy.config.core.v3.TypedExtensionConfig'
        ? [resource.typedConfig]
        : filterConfigsOf(resource);
    for (const config of configs) {
      const problem = config === undefined ? undefined : await prepareFilter(config, this.#plugins);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  /** What is announced to a control plane. */
  get features(): readonly string[] {
    const { lacks: lacking = [], readModule } = this.#environment;
    // Control planes name modules by their files.
    const lacks = readModule === undefined ? [...lacking, 'heddle.http.wasm'] : lacking;
    return featuresOver(this.#environment.transport).filter((feature) => !lacks.includes(feature));
  }

  /** The listeners that can be served, by name. */
  get listeners(): ReadonlyMap<string, ServedListener> {
    return this.#listeners;
  }

  /** What of the present configuration cannot be obeyed. */
  get problems(): readonly GatewayProblem[] {
    return this.#problems;
  }

  *clusters(): IterableIterator<ClusterRuntime> {
    for (const { runtime } of this.#clusters.values()) if (runtime !== undefined) yield runtime;
  }

  /** Takes a new state. Resources that did not change keep their connections and counters. */
  apply(resources: GatewayResources): void {
    const problems: GatewayProblem[] = [];
    const previous = this.#clusters;
    const clusters = this.#nextClusters(resources, problems);
    const usable = new Map<string, ClusterRuntime>();
    for (const [name, { runtime }] of clusters) if (runtime !== undefined) usable.set(name, runtime);
    const listeners = new Map<string, ServedListener>();
    const leases: PluginLease[] = [];
    for (const [name, listener] of resources.listeners) {
      const served = this.#listener(name, listener, resources, usable, problems, leases);
      if (served !== undefined) listeners.set(name, served);
    }
    this.#clusters = clusters;
    this.#listeners = listeners;
    this.#problems = problems;
    const former = this.#leases;
    this.#leases = leases;
    for (const lease of former) lease.release();
    for (const lease of leases) this.#reportUnlessLoaded(lease);
    const alive = new Set(
      [...listeners.values()].flatMap((listener) => listener.chains.map(({ key }) => lifeKey(listener, key))),
    );
    for (const key of this.#lives.keys()) if (!alive.has(key)) this.#lives.delete(key);
    for (const [name, { runtime }] of previous) {
      if (runtime !== undefined && clusters.get(name)?.runtime !== runtime) runtime.retire();
    }
    const { onProblem } = this.#environment;
    if (onProblem !== undefined) for (const problem of problems) onProblem(problem);
  }

  /** Closes every connection to endpoints, and ends all modules. */
  destroy(): void {
    for (const lease of this.#leases) lease.release();
    this.#leases = [];
    this.#plugins.close();
    for (const runtime of this.clusters()) runtime.destroy();
  }

  /** What cannot be loaded is told when that is known: a listener of a control plane would not have come to this. */
  #reportUnlessLoaded(lease: PluginLease): void {
    if (lease.plugin !== undefined) return;
    void lease.loaded.then((message) => {
      if (message === undefined || !this.#leases.includes(lease)) return;
      const problem: GatewayProblem = { kind: 'filter', name: lease.name, message };
      this.#problems = [...this.#problems, problem];
      this.#environment.onProblem?.(problem);
    });
  }

  #nextClusters(resources: GatewayResources, problems: GatewayProblem[]) {
    const context: ClusterContext = {
      transport: this.#environment.transport,
      resolver: this.#environment.resolver,
      random: this.#random,
      clock: this.#environment.clock ?? monotonicClock,
      report: (name, message) => {
        const problem: GatewayProblem = { kind: 'cluster', name, message };
        problems.push(problem);
      },
    };
    const next = new Map<string, { readonly config: Cluster; readonly runtime: ClusterRuntime | undefined }>();
    for (const [name, config] of resources.clusters) {
      const present = this.#clusters.get(name);
      // A cluster that could not be obeyed is built again, so that its problems are reported for every state.
      const runtime =
        present !== undefined && present.config === config && present.runtime !== undefined
          ? present.runtime
          : createClusterRuntime(config, context);
      if (runtime !== undefined) {
        const { discovery, pool } = runtime.settings;
        for (const message of pool.tls?.update(resources.secrets ?? NO_SECRETS) ?? []) context.report(name, message);
        runtime.assign(
          discovery.kind === 'eds' ? resources.endpoints.get(discovery.serviceName) : config.loadAssignment,
        );
      }
      next.set(name, { config, runtime });
    }
    return next;
  }

  #listener(
    name: string,
    listener: Listener,
    resources: GatewayResources,
    clusters: ReadonlyMap<string, ClusterRuntime>,
    problems: GatewayProblem[],
    leases: PluginLease[],
  ): ServedListener | undefined {
    const report: Report = (message, kind = 'listener', of = name) => void problems.push({ kind, name: of, message });
    const { layout, problems: layoutProblems } = this.#layout(listener);
    for (const message of layoutProblems) report(message);
    if (layout === undefined) return undefined;
    const place = {
      name,
      address: { host: layout.host, port: layout.port },
      trafficDirection: layout.trafficDirection,
    };
    const context: FilterContext = {
      plugins: this.#plugins,
      leases: { add: (lease) => void leases.push(lease) },
      extensionConfigs: resources.extensionConfigs ?? NO_EXTENSIONS,
    };
    const chains = layout.chains.map((chain): ServedChain => {
      const { serverNames, isDefault } = chain;
      const key = isDefault ? 'default' : serverNames.join();
      const { tls, problems: tlsProblems } = this.#tls(chain.transportSocket, resources.secrets ?? NO_SECRETS);
      for (const message of tlsProblems) report(message);
      const http =
        chain.http === undefined ? undefined : this.#http(place, key, chain.http, resources, clusters, context, report);
      return { key, serverNames, isDefault, tls, http };
    });
    return { name, address: place.address, chains };
  }

  /** The same object as long as neither the socket nor any secret changes, so that a listener keeps what it made of it. */
  #tls(socket: TransportSocket | undefined, secrets: ReadonlyMap<string, Secret>): ChainTls {
    if (socket === undefined) return PLAIN_TEXT;
    let known = this.#tlsOf.get(socket);
    if (known?.secrets !== secrets) {
      const problems: string[] = [];
      known = { secrets, tls: downstreamTls(socket, secrets, problems), problems };
      this.#tlsOf.set(socket, known);
    }
    return known;
  }

  #http(
    { name, address, trafficDirection }: Pick<HttpListener, 'name' | 'address' | 'trafficDirection'>,
    key: string,
    chain: HttpChain,
    resources: GatewayResources,
    clusters: ReadonlyMap<string, ClusterRuntime>,
    context: FilterContext,
    report: Report,
  ): HttpListener {
    const found: string[] = [];
    const settings = connectionManagerSettings(chain.manager, found);
    const configuration = routeConfigurationOf(chain.manager, resources, found);
    let table: RouteTable | undefined;
    if (configuration !== undefined) {
      const compiled = compiledRoutes(configuration);
      if ('table' in compiled) table = compiled.table;
      else report(compiled.problem, 'route', configuration.name);
    }
    const routeProblems: string[] = [];
    const routeSettings = new RouteSettings(table, routeProblems);
    routeProblems.push(...unknownFilterConfigs(table));
    const filters = chain.filters.flatMap(({ create, config }) => create(config, table, routeProblems, context) ?? []);
    for (const message of routeProblems) report(message, 'route', configuration?.name ?? name);
    const accessLogs = compileAccessLogs(chain.manager.accessLog, this.#environment.accessLogSink, found);
    for (const message of found) report(message);
    const life = this.#life(lifeKey({ name, address }, key));
    return {
      name,
      address,
      settings,
      filters: [...(this.#environment.filters ?? []), ...filters],
      router: {
        suppressEnvoyHeaders: chain.router?.suppressEnvoyHeaders ?? false,
        respectExpectedTimeout: chain.router?.respectExpectedRqTimeout ?? false,
      },
      routes: table,
      routeSettings,
      accessLogs,
      clusters,
      bufferLimitBytes: chain.bufferLimitBytes,
      random: this.#random,
      ownAddress: this.#environment.ownAddress ?? '127.0.0.1',
      trafficDirection,
      node: this.#environment.node,
      watch: this.#watch,
      ...life,
    };
  }

  #layout(listener: Listener) {
    let known = this.#layouts.get(listener);
    if (known === undefined) {
      const problems: string[] = [];
      known = { layout: listenerLayout(listener, problems), problems };
      this.#layouts.set(listener, known);
    }
    return known;
  }

  #life(key: string): ListenerLife {
    let life = this.#lives.get(key);
    if (life === undefined) {
      life = { stats: emptyStats(), drain: { draining: false } };
      this.#lives.set(key, life);
    }
    return life;
  }
}

type Report = (message: string, kind?: GatewayProblem['kind'], of?: string) => void;

interface ChainTls {
  readonly tls: DownstreamTls | undefined;
  readonly problems: readonly string[];
}

const PLAIN_TEXT: ChainTls = { tls: undefined, problems: [] };
const NO_EXTENSIONS: ReadonlyMap<string, TypedExtensionConfig> = new Map();
const NO_SECRETS: ReadonlyMap<string, Secret> = new Map();

function routeConfigurationOf(
  manager: HttpConnectionManager,
  resources: GatewayResources,
  problems: string[],
): RouteConfiguration | undefined {
  switch (manager.routeSpecifier.case) {
    case 'routeConfig':
      return manager.routeSpecifier.value;
    case 'rds': {
      const name = manager.routeSpecifier.value.routeConfigName;
      const found = resources.routes.get(name);
      if (found === undefined)
        problems.push(`route configuration "${name}" does not exist: every request is answered 404`);
      return found;
    }
    default:
      problems.push('scoped_routes is not implemented: every request is answered 404');
      return undefined;
  }
}

// A listener that moves to another address starts a new life: the old one is draining.
function lifeKey({ name, address }: Pick<ServedListener, 'name' | 'address'>, chain: string): string {
  return `${name}|${address.host}|${address.port}|${chain}`;
}
