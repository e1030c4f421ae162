import { type DescMessage, fromBinary, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '@heddle/envoy-api';
import { type Cluster, ClusterSchema } from '@heddle/envoy-api/cluster';
import {
  type ConfigSource,
  type NodeSchema,
  type TypedExtensionConfig,
  TypedExtensionConfigSchema,
} from '@heddle/envoy-api/core';
import { type ClusterLoadAssignment, ClusterLoadAssignmentSchema } from '@heddle/envoy-api/endpoint';
import { type Listener, ListenerSchema } from '@heddle/envoy-api/listener';
import { clusterLoadAssignmentName, clusterSecrets, listenerReferences } from '@heddle/envoy-api/references';
import { type RouteConfiguration, RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { type Secret, SecretSchema } from '@heddle/envoy-api/tls';
import { type Clock, systemClock } from '@heddle/model';
import { type AdsClient, type ConnectionState, createAdsClient, type VariantTransport } from './ads-client.ts';
import type { BackOffOptions } from './back-off.ts';
import type { ReceivedResource, Refusals, ResourceUpdate } from './protocol-variant.ts';
import { WarmingResources } from './warming-resources.ts';

/**
 * What a data plane obeys at one moment. Immutable: an unchanged message is the same object in the next state, and an unchanged type
 * the same Map.
 */
export interface DataPlaneConfig {
  /** Listeners whose routes have arrived, by name. */
  readonly listeners: ReadonlyMap<string, Listener>;
  /** Route configurations that listeners name. One that a listener names and that is not here does not exist. */
  readonly routes: ReadonlyMap<string, RouteConfiguration>;
  /** Clusters whose endpoints have arrived, by name. */
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Endpoints by the name under which clusters discover them: `eds_cluster_config.service_name`, or the cluster's own name. */
  readonly endpoints: ReadonlyMap<string, ClusterLoadAssignment>;
  /** Secrets that listeners and clusters name. One that is named and that is not here does not exist. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Configurations of filters that listeners name. One that is named and that is not here does not exist. */
  readonly extensionConfigs: ReadonlyMap<string, TypedExtensionConfig>;
}

/** A decoded resource of one of the six types. */
export type DataPlaneResource =
  | Listener
  | RouteConfiguration
  | Cluster
  | ClusterLoadAssignment
  | Secret
  | TypedExtensionConfig;

/** What a resource watcher is made of. */
export type ResourceWatcherOptions = VariantTransport & ResourceWatcherBehaviour;

/** What a resource watcher is made of, apart from its transport. */
export interface ResourceWatcherBehaviour {
  /** Who the data plane is; see `AdsClientOptions.node`. */
  readonly node: MessageInitShape<typeof NodeSchema>;
  /**
   * Takes each new state. Called one at a time; the response that led to it is acknowledged when the returned promise resolves, so a
   * server that saw all acknowledgements knows that the data plane has caught up. A throw refuses that response, not the state.
   */
  onConfig(config: DataPlaneConfig): void | Promise<void>;
  /** Looks at a decoded resource before it is accepted; a sentence refuses it, and its last good version stays. */
  validate?(typeUrl: string, resource: DataPlaneResource): string | undefined;
  /**
   * Makes ready what a resource is about, where that takes time: a module is read and started. Called for changed listeners and filter
   * configurations before they are accepted; the answer is as that of `validate`.
   */
  prepare?(typeUrl: string, resource: Listener | TypedExtensionConfig): Promise<string | undefined>;
  onState?(state: ConnectionState): void;
  readonly backOff?: BackOffOptions;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Follows a control plane as a data plane does. */
export interface ResourceWatcher {
  start(): void;
  /** The last state given to `onConfig`; undefined before the first. */
  readonly config: DataPlaneConfig | undefined;
  readonly connection: ConnectionState;
  close(): void;
}

/** How long Envoy waits for a first answer when the config source does not say (`ConfigSource.initial_fetch_timeout`). */
const DEFAULT_INITIAL_FETCH_TIMEOUT_MS = 15_000;

/**
 * Subscribes as Envoy does: to all listeners and clusters, to the route configurations that listeners name and to the endpoints that
 * clusters name; and gives consistent states. A listener is not given before its route configurations were answered, a cluster not
 * before its endpoints were, or `initial_fetch_timeout` passed; until then the last version of the same name stays. The first state is
 * given when listeners and clusters were answered and nothing is warming.
 *
 * Unlike Envoy, "does not exist" is an answer for a route configuration: the listener then starts without waiting for the timeout. In
 * state of the world nobody says so, and the timeout is what ends the wait.
 *
 * @example
 * const watcher = createResourceWatcher({ transport, node: { id }, onConfig: (config) => gateway.apply(config) });
 * watcher.start();
 */
export function createResourceWatcher(options: ResourceWatcherOptions): ResourceWatcher {
  return new Watcher(options);
}

class Watcher implements ResourceWatcher {
  readonly #options: ResourceWatcherBehaviour;
  readonly #client: AdsClient;
  readonly #listeners: WarmingResources<Listener>;
  readonly #clusters: WarmingResources<Cluster>;
  readonly #routes = new NamedResources(RouteConfigurationSchema);
  readonly #endpoints = new NamedResources(ClusterLoadAssignmentSchema);
  readonly #secrets = new NamedResources(SecretSchema);
  readonly #extensionConfigs = new NamedResources(TypedExtensionConfigSchema);
  /** Wildcard types that were answered at least once. */
  readonly #answered = new Set<string>();
  #config: DataPlaneConfig | undefined;
  #publishing: Promise<void> = Promise.resolve();

  constructor(options: ResourceWatcherOptions) {
    this.#options = options;
    const { node, onState, backOff, random } = options;
    const clock = options.clock ?? systemClock;
    // Nobody waits for a state that a timeout brings: a data plane that fails to take it says so itself.
    const timedOut = () => void this.#publish().catch(() => {});
    this.#listeners = new WarmingResources(clock, timedOut);
    this.#clusters = new WarmingResources(clock, timedOut);
    this.#client = createAdsClient({
      ...(options.variant === 'sotw'
        ? { variant: options.variant, transport: options.transport }
        : { transport: options.transport }),
      node,
      clock,
      onUpdate: (update) => this.#take(update),
      ...(onState === undefined ? {} : { onState }),
      ...(backOff === undefined ? {} : { backOff }),
      ...(random === undefined ? {} : { random }),
    });
    this.#client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
    this.#client.subscribe(LISTENER_TYPE_URL, { wildcard: true });
  }

  get config(): DataPlaneConfig | undefined {
    return this.#config;
  }

  get connection(): ConnectionState {
    return this.#client.state;
  }

  start(): void {
    this.#client.start();
  }

  close(): void {
    this.#listeners.close();
    this.#clusters.close();
    this.#client.close();
  }

  async #take(update: ResourceUpdate): Promise<Refusals> {
    const refusals = new Map<string, string>();
    for (const resource of update.changed) {
      const unfit =
        this.#options.prepare === undefined
          ? undefined
          : await this.#prepare(update.typeUrl, resource, this.#options.prepare);
      const reason = unfit ?? this.#accept(update.typeUrl, resource);
      if (reason === undefined) continue;
      refusals.set(resource.name, reason);
      // Listeners wait for a filter's configuration, not for a good one, as in Envoy.
      if (update.typeUrl === EXTENSION_CONFIG_TYPE_URL) this.#answerExtension(resource.name);
    }
    for (const name of update.removed) this.#remove(update.typeUrl, name);
    this.#answered.add(update.typeUrl);
    this.#followReferences();
    await this.#publish();
    return refusals;
  }

  async #prepare(
    typeUrl: string,
    { name, version, bytes }: ReceivedResource,
    prepare: NonNullable<ResourceWatcherBehaviour['prepare']>,
  ): Promise<string | undefined> {
    try {
      if (typeUrl === LISTENER_TYPE_URL && this.#listeners.newestVersion(name) !== version) {
        return await prepare(typeUrl, fromBinary(ListenerSchema, bytes));
      }
      if (typeUrl === EXTENSION_CONFIG_TYPE_URL && this.#extensionConfigs.version(name) !== version) {
        return await prepare(typeUrl, fromBinary(TypedExtensionConfigSchema, bytes));
      }
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return undefined;
  }

  /** Takes one resource; gives the reason if it is refused. */
  #accept(typeUrl: string, resource: ReceivedResource): string | undefined {
    try {
      switch (typeUrl) {
        case LISTENER_TYPE_URL:
          return this.#acceptListener(resource);
        case CLUSTER_TYPE_URL:
          return this.#acceptCluster(resource);
        case ROUTE_CONFIGURATION_TYPE_URL: {
          const reason = this.#routes.accept(resource, (message) => this.#validate(typeUrl, message));
          if (reason === undefined) this.#listeners.answer(resource.name);
          return reason;
        }
        case CLUSTER_LOAD_ASSIGNMENT_TYPE_URL: {
          const reason = this.#endpoints.accept(resource, (message) => this.#validate(typeUrl, message));
          if (reason === undefined) this.#clusters.answer(resource.name);
          return reason;
        }
        case SECRET_TYPE_URL: {
          const reason = this.#secrets.accept(resource, (message) => this.#validate(typeUrl, message));
          if (reason === undefined) this.#answerSecret(resource.name);
          return reason;
        }
        case EXTENSION_CONFIG_TYPE_URL: {
          const reason = this.#extensionConfigs.accept(resource, (message) => this.#validate(typeUrl, message));
          if (reason === undefined) this.#listeners.answer(extensionNeed(resource.name));
          return reason;
        }
        default:
          return `type "${typeUrl}" was not asked for`;
      }
    } catch (error) {
      return `cannot be decoded: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  #acceptListener({ name, version, bytes }: ReceivedResource): string | undefined {
    if (this.#listeners.newestVersion(name) === version) return undefined;
    const listener = fromBinary(ListenerSchema, bytes);
    const reason = this.#validate(LISTENER_TYPE_URL, listener);
    if (reason !== undefined) return reason;
    const { routeConfigurations, secrets, extensionConfigs } = listenerReferences(listener);
    const needs = new Map<string, number>();
    for (const [route, source] of routeConfigurations) needs.set(route, fetchTimeoutMs(source));
    for (const [secret, source] of secrets) needs.set(secretNeed(secret), fetchTimeoutMs(source));
    const eager = new Set<string>();
    for (const [extension, { configSource, defaultConfig, applyDefaultConfigWithoutWarming }] of extensionConfigs) {
      const need = extensionNeed(extension);
      needs.set(need, fetchTimeoutMs(configSource));
      if (defaultConfig !== undefined && applyDefaultConfigWithoutWarming) eager.add(need);
    }
    this.#listeners.put(name, version, listener, needs, (need) => {
      const { kind, name: wanted } = parsedNeed(need);
      if (kind === 'secret') return this.#secrets.isAnswered(wanted);
      if (kind === 'extension') return eager.has(need) || this.#extensionConfigs.isAnswered(wanted);
      return this.#routes.isAnswered(wanted);
    });
    return undefined;
  }

  #acceptCluster({ name, version, bytes }: ReceivedResource): string | undefined {
    if (this.#clusters.newestVersion(name) === version) return undefined;
    const cluster = fromBinary(ClusterSchema, bytes);
    const reason = this.#validate(CLUSTER_TYPE_URL, cluster);
    if (reason !== undefined) return reason;
    const endpoints = clusterLoadAssignmentName(cluster);
    const needs = new Map<string, number>();
    if (endpoints !== undefined) {
      needs.set(endpoints, fetchTimeoutMs(cluster.edsClusterConfig?.edsConfig));
      // A changed cluster waits for an answer of its own; if this stream breaks before it, the next one must bring it.
      this.#client.forget(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, endpoints);
    }
    for (const [secret, source] of clusterSecrets(cluster)) needs.set(secretNeed(secret), fetchTimeoutMs(source));
    this.#clusters.put(name, version, cluster, needs, (need) => {
      const { kind, name: wanted } = parsedNeed(need);
      return kind === 'secret' && this.#secrets.isAnswered(wanted);
    });
    return undefined;
  }

  #remove(typeUrl: string, name: string): void {
    if (typeUrl === LISTENER_TYPE_URL) this.#listeners.remove(name);
    if (typeUrl === CLUSTER_TYPE_URL) this.#clusters.remove(name);
    // Routes and endpoints that are still named stay in use, as in Envoy: what names them decides when they go.
    if (typeUrl === ROUTE_CONFIGURATION_TYPE_URL) {
      this.#routes.noteAbsent(name);
      this.#listeners.answer(name);
    }
    if (typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL) this.#clusters.answer(name);
    if (typeUrl === SECRET_TYPE_URL) {
      this.#secrets.noteAbsent(name);
      this.#answerSecret(name);
    }
    if (typeUrl === EXTENSION_CONFIG_TYPE_URL) {
      // Envoy goes back to the default configuration, or to none.
      this.#extensionConfigs.drop(name);
      this.#listeners.answer(extensionNeed(name));
    }
  }

  /** Subscribes to what listeners and clusters name now, and forgets what none names any more. */
  #followReferences(): void {
    const ofListeners = needsByKind(this.#listeners.needs());
    const ofClusters = needsByKind(this.#clusters.needs());
    const [routes, endpoints] = [ofListeners.other, ofClusters.other];
    const secrets = new Set([...ofListeners.secret, ...ofClusters.secret]);
    this.#routes.keepOnly(routes);
    this.#endpoints.keepOnly(endpoints);
    this.#secrets.keepOnly(secrets);
    this.#extensionConfigs.keepOnly(ofListeners.extension);
    this.#client.subscribe(SECRET_TYPE_URL, { names: secrets });
    this.#client.subscribe(EXTENSION_CONFIG_TYPE_URL, { names: ofListeners.extension });
    this.#client.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, { names: endpoints });
    this.#client.subscribe(ROUTE_CONFIGURATION_TYPE_URL, { names: routes });
  }

  #answerExtension(name: string): void {
    this.#extensionConfigs.noteAbsent(name);
    this.#listeners.answer(extensionNeed(name));
  }

  #answerSecret(name: string): void {
    this.#listeners.answer(secretNeed(name));
    this.#clusters.answer(secretNeed(name));
  }

  #publish(): Promise<void> {
    const previous = this.#config;
    if (previous === undefined) {
      const isComplete = this.#answered.has(LISTENER_TYPE_URL) && this.#answered.has(CLUSTER_TYPE_URL);
      if (!isComplete || this.#clusters.isWarming || this.#listeners.isWarming) return Promise.resolve();
    }
    const config: DataPlaneConfig = {
      listeners: this.#listeners.active,
      routes: this.#routes.all,
      clusters: this.#clusters.active,
      endpoints: this.#endpoints.all,
      secrets: this.#secrets.all,
      extensionConfigs: this.#extensionConfigs.all,
    };
    if (previous !== undefined && isSame(previous, config)) return Promise.resolve();
    this.#config = config;
    // One at a time, also when a timeout brings a state while the data plane still takes the last one.
    const published = this.#publishing.then(() => this.#options.onConfig(config));
    this.#publishing = published.catch(() => {});
    return published;
  }

  #validate(typeUrl: string, message: DataPlaneResource): string | undefined {
    return this.#options.validate?.(typeUrl, message);
  }
}

/** Resources of a type that needs no warming, decoded once per version. */
class NamedResources<Schema extends DescMessage> {
  readonly #schema: Schema;
  readonly #entries = new Map<string, { readonly version: string; readonly message: MessageShape<Schema> }>();
  readonly #absent = new Set<string>();
  #all: ReadonlyMap<string, MessageShape<Schema>> | undefined;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  /** By name: the same Map as long as nothing changes. */
  get all(): ReadonlyMap<string, MessageShape<Schema>> {
    this.#all ??= new Map([...this.#entries].map(([name, { message }]) => [name, message]));
    return this.#all;
  }

  version(name: string): string | undefined {
    return this.#entries.get(name)?.version;
  }

  isAnswered(name: string): boolean {
    return this.#entries.has(name) || this.#absent.has(name);
  }

  accept(
    { name, version, bytes }: ReceivedResource,
    validate: (message: MessageShape<Schema>) => string | undefined,
  ): string | undefined {
    if (this.#entries.get(name)?.version === version) return undefined;
    const message = fromBinary(this.#schema, bytes);
    const reason = validate(message);
    if (reason !== undefined) return reason;
    this.#absent.delete(name);
    this.#entries.set(name, { version, message });
    this.#all = undefined;
    return undefined;
  }

  noteAbsent(name: string): void {
    if (!this.#entries.has(name)) this.#absent.add(name);
  }

  /** It does not exist any more. */
  drop(name: string): void {
    if (this.#entries.delete(name)) this.#all = undefined;
    this.#absent.add(name);
  }

  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.#absent) if (!names.has(name)) this.#absent.delete(name);
    for (const name of this.#entries.keys()) {
      if (names.has(name)) continue;
      this.#entries.delete(name);
      this.#all = undefined;
    }
  }
}

/** Secrets and filter configurations are waited for beside routes and endpoints: a mark tells their names from those. */
const SECRET_MARK = 'secret ';
const EXTENSION_MARK = 'extension ';

function secretNeed(name: string): string {
  return SECRET_MARK + name;
}

function extensionNeed(name: string): string {
  return EXTENSION_MARK + name;
}

/** What a need is for. `other` is a route configuration for a listener, a load assignment for a cluster. */
type NeedKind = 'secret' | 'extension' | 'other';

function parsedNeed(need: string): { readonly kind: NeedKind; readonly name: string } {
  if (need.startsWith(SECRET_MARK)) return { kind: 'secret', name: need.slice(SECRET_MARK.length) };
  if (need.startsWith(EXTENSION_MARK)) return { kind: 'extension', name: need.slice(EXTENSION_MARK.length) };
  return { kind: 'other', name: need };
}

function needsByKind(needs: ReadonlySet<string>): Readonly<Record<NeedKind, ReadonlySet<string>>> {
  const byKind = { secret: new Set<string>(), extension: new Set<string>(), other: new Set<string>() };
  for (const need of needs) {
    const { kind, name } = parsedNeed(need);
    byKind[kind].add(name);
  }
  return byKind;
}

function fetchTimeoutMs(source: ConfigSource | undefined): number {
  const timeout = source?.initialFetchTimeout;
  if (timeout === undefined) return DEFAULT_INITIAL_FETCH_TIMEOUT_MS;
  const ms = Number(timeout.seconds) * 1_000 + timeout.nanos / 1e6;
  // Zero disables the timeout.
  return ms === 0 ? Number.POSITIVE_INFINITY : ms;
}

function isSame(a: DataPlaneConfig, b: DataPlaneConfig): boolean {
  return (
    a.listeners === b.listeners &&
    a.routes === b.routes &&
    a.clusters === b.clusters &&
    a.endpoints === b.endpoints &&
    a.secrets === b.secrets &&
    a.extensionConfigs === b.extensionConfigs
  );
}
