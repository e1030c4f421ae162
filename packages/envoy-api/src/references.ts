/**
 * Which resources a resource names: what must be in place before it is of use.
 *
 * @module
 */
import { fromBinary } from '@bufbuild/protobuf';
import type { Any } from '@bufbuild/protobuf/wkt';
import { TcpProxySchema } from '../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import { type Cluster, Cluster_DiscoveryType } from './cluster.ts';
import type { ConfigSource, ExtensionConfigSource, TransportSocket } from './core.ts';
import { HttpConnectionManagerSchema } from './http-connection-manager.ts';
import type { FilterChain, Listener } from './listener.ts';
import type { Route, RouteAction, RouteConfiguration, VirtualHost } from './route.ts';
import { type CommonTlsContext, DownstreamTlsContextSchema, UpstreamTlsContextSchema } from './tls.ts';
import { typeUrlOf } from './type-urls.ts';

/** What a listener needs before it can serve. */
export interface ListenerReferences {
  /** The route configurations that its HTTP connection managers fetch (RDS), by name, and where from. */
  readonly routeConfigurations: ReadonlyMap<string, ConfigSource | undefined>;
  /** Clusters named by TCP proxies and by route configurations written inside the listener. */
  readonly clusters: ReadonlySet<string>;
  /** Secrets that its chains fetch (SDS), by name, and where from. */
  readonly secrets: ReadonlyMap<string, ConfigSource | undefined>;
  /** Configurations of HTTP filters that its connection managers fetch (ECDS), by name, and where from. */
  readonly extensionConfigs: ReadonlyMap<string, ExtensionConfigSource>;
}

const HTTP_CONNECTION_MANAGER = typeUrlOf(HttpConnectionManagerSchema);
const TCP_PROXY = typeUrlOf(TcpProxySchema);
const DOWNSTREAM_TLS = typeUrlOf(DownstreamTlsContextSchema);
const UPSTREAM_TLS = typeUrlOf(UpstreamTlsContextSchema);

/**
 * What the filter chains of a listener refer to. Filters of other types refer to nothing as far as this function knows.
 *
 * @throws if a filter's configuration does not decode
 */
export function listenerReferences(listener: Listener): ListenerReferences {
  const routeConfigurations = new Map<string, ConfigSource | undefined>();
  const clusters = new Set<string>();
  const secrets = new Map<string, ConfigSource | undefined>();
  const extensionConfigs = new Map<string, ExtensionConfigSource>();
  for (const chain of filterChains(listener)) {
    for (const filter of chain.filters) {
      if (filter.configType.case === 'typedConfig')
        collectFilter(filter.configType.value, { routeConfigurations, clusters, extensionConfigs });
    }
    collectSecrets(chain.transportSocket, secrets);
  }
  return { routeConfigurations, clusters, secrets, extensionConfigs };
}

/** The secrets that a cluster's connections fetch (SDS), by name, and where from. */
export function clusterSecrets(cluster: Cluster): ReadonlyMap<string, ConfigSource | undefined> {
  const secrets = new Map<string, ConfigSource | undefined>();
  collectSecrets(cluster.transportSocket, secrets);
  for (const { transportSocket } of cluster.transportSocketMatches) collectSecrets(transportSocket, secrets);
  return secrets;
}

/** The clusters that the routes of a route configuration name; a cluster chosen by a header is not known. */
export function routeConfigurationClusters(configuration: RouteConfiguration): ReadonlySet<string> {
  const clusters = new Set<string>();
  for (const host of configuration.virtualHosts) collectVirtualHost(host, clusters);
  collectMirrors(configuration.requestMirrorPolicies, clusters);
  return clusters;
}

/** The clusters that the routes of a virtual host name. */
export function virtualHostClusters(host: VirtualHost): ReadonlySet<string> {
  const clusters = new Set<string>();
  collectVirtualHost(host, clusters);
  return clusters;
}

/** The name under which a cluster's endpoints are discovered (EDS); undefined for clusters that find them otherwise. */
export function clusterLoadAssignmentName(cluster: Cluster): string | undefined {
  const isEds =
    cluster.clusterDiscoveryType.case === 'type' && cluster.clusterDiscoveryType.value === Cluster_DiscoveryType.EDS;
  if (!isEds) return undefined;
  return cluster.edsClusterConfig?.serviceName || cluster.name;
}

function filterChains(listener: Listener): readonly FilterChain[] {
  return listener.defaultFilterChain === undefined
    ? listener.filterChains
    : [...listener.filterChains, listener.defaultFilterChain];
}

function collectFilter(
  config: Any,
  {
    routeConfigurations,
    clusters,
    extensionConfigs,
  }: {
    readonly routeConfigurations: Map<string, ConfigSource | undefined>;
    readonly clusters: Set<string>;
    readonly extensionConfigs: Map<string, ExtensionConfigSource>;
  },
): void {
  if (config.typeUrl === HTTP_CONNECTION_MANAGER) {
    const manager = fromBinary(HttpConnectionManagerSchema, config.value);
    if (manager.routeSpecifier.case === 'rds') {
      const { routeConfigName, configSource } = manager.routeSpecifier.value;
      routeConfigurations.set(routeConfigName, configSource);
    }
    if (manager.routeSpecifier.case === 'routeConfig') {
      for (const cluster of routeConfigurationClusters(manager.routeSpecifier.value)) clusters.add(cluster);
    }
    for (const { name, configType } of manager.httpFilters) {
      if (configType.case === 'configDiscovery') extensionConfigs.set(name, configType.value);
    }
  }
  if (config.typeUrl === TCP_PROXY) {
    const { clusterSpecifier } = fromBinary(TcpProxySchema, config.value);
    if (clusterSpecifier.case === 'cluster') clusters.add(clusterSpecifier.value);
    if (clusterSpecifier.case === 'weightedClusters') {
      for (const { name } of clusterSpecifier.value.clusters) clusters.add(name);
    }
  }
}

function collectSecrets(socket: TransportSocket | undefined, secrets: Map<string, ConfigSource | undefined>): void {
  const config = socket?.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  const context = config === undefined ? undefined : commonTlsContext(config);
  if (context === undefined) return;
  const validation = context.validationContextType;
  const references = [
    ...context.tlsCertificateSdsSecretConfigs,
    ...(validation.case === 'validationContextSdsSecretConfig' ? [validation.value] : []),
    ...(validation.case === 'combinedValidationContext' ? [validation.value.validationContextSdsSecretConfig] : []),
  ];
  // Without a source the secret is one of the bootstrap's.
  for (const reference of references)
    if (reference?.sdsConfig !== undefined) secrets.set(reference.name, reference.sdsConfig);
}

function commonTlsContext(config: Any): CommonTlsContext | undefined {
  if (config.typeUrl === DOWNSTREAM_TLS) return fromBinary(DownstreamTlsContextSchema, config.value).commonTlsContext;
  if (config.typeUrl === UPSTREAM_TLS) return fromBinary(UpstreamTlsContextSchema, config.value).commonTlsContext;
  return undefined;
}

function collectVirtualHost(host: VirtualHost, clusters: Set<string>): void {
  for (const route of host.routes) collectRoute(route, clusters);
  collectMirrors(host.requestMirrorPolicies, clusters);
}

function collectRoute(route: Route, clusters: Set<string>): void {
  if (route.action.case !== 'route') return;
  const action: RouteAction = route.action.value;
  const specifier = action.clusterSpecifier;
  if (specifier.case === 'cluster') clusters.add(specifier.value);
  if (specifier.case === 'weightedClusters') {
    for (const { name } of specifier.value.clusters) if (name !== '') clusters.add(name);
  }
  collectMirrors(action.requestMirrorPolicies, clusters);
}

function collectMirrors(policies: RouteAction['requestMirrorPolicies'], clusters: Set<string>): void {
  for (const { cluster } of policies) if (cluster !== '') clusters.add(cluster);
}
