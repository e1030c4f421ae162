import type { Cluster } from '@heddle/envoy-api/cluster';
import type { TransportSocket } from '@heddle/envoy-api/core';
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
import { unknownFilterConfigs } from '../http/filters/known-filters.ts';
import type { HttpFilter } from '../http/http-filter.ts';
import { emptyStats, type HttpListener, type ListenerStats } from '../http/http-listener.ts';
import { streamIdle } from '../http/respond.ts';
import { RouteSettings } from '../http/route-settings.ts';
import type { ServedChain, ServedListener } from '../http/served-listener.ts';
import { StreamWatch } from '../http/stream-watch.ts';
import type { GatewayProblem } from '../problem.ts';
import { type DownstreamTls, downstreamTls } from '../tls/tls-settings.ts';
import type { UpstreamTransport } from '../upstream-transport.ts';
import { compiledRoutes } from './compiled-routes.ts';
import { type HttpChain, type ListenerLayout, listenerLayout } from './listener-chain.ts';
import type { GatewayResources } from './resources.ts';

/** What a gateway runs on; the parts that differ between runtimes and tests. */
export interface GatewayEnvironment {
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
  }

  /** What is announced to a control plane. */
  get features(): readonly string[] {
    const lacks = this.#environment.lacks ?? [];
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
    for (const [name, listener] of resources.listeners) {
      const served = this.#listener(name, listener, resources, usable, problems);
      if (served !== undefined) listeners.set(name, served);
    }
    this.#clusters = clusters;
    this.#listeners = listeners;
    this.#problems = problems;
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

  /** Closes every connection to endpoints. */
  destroy(): void {
    for (const runtime of this.clusters()) runtime.destroy();
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
  ): ServedListener | undefined {
    const report: Report = (message, kind = 'listener', of = name) => void problems.push({ kind, name: of, message });
    const { layout, problems: layoutProblems } = this.#layout(listener);
    for (const message of layoutProblems) report(message);
    if (layout === undefined) return undefined;
    const place = { name, address: { host: layout.host, port: layout.port } };
    const chains = layout.chains.map((chain): ServedChain => {
      const { serverNames, isDefault } = chain;
      const key = isDefault ? 'default' : serverNames.join();
      const { tls, problems: tlsProblems } = this.#tls(chain.transportSocket, resources.secrets ?? NO_SECRETS);
      for (const message of tlsProblems) report(message);
      const http =
        chain.http === undefined ? undefined : this.#http(place, key, chain.http, resources, clusters, report);
      return { key, serverNames, isDefault, tls, http };
    });
    return { ...place, chains };
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
    { name, address }: Pick<ServedListener, 'name' | 'address'>,
    key: string,
    chain: HttpChain,
    resources: GatewayResources,
    clusters: ReadonlyMap<string, ClusterRuntime>,
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
    const filters = chain.filters.flatMap(({ create, config }) => create(config, table, routeProblems) ?? []);
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
