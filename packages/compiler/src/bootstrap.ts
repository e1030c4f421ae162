/**
 * A whole static Envoy configuration made of compiled resources: it serves the same traffic without a control plane.
 *
 * @module
 */
import { create, fromBinary } from '@bufbuild/protobuf';
import { anyIs, anyPack, anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '@heddle/envoy-api';
import { type Bootstrap, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { type Cluster, Cluster_DiscoveryType, ClusterSchema } from '@heddle/envoy-api/cluster';
import { TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { ClusterLoadAssignmentSchema } from '@heddle/envoy-api/endpoint';
import { type HttpConnectionManager, HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { type FilterChain, type Listener, ListenerSchema } from '@heddle/envoy-api/listener';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { SecretSchema } from '@heddle/envoy-api/tls';
import { ENVOY_RUNTIME, type ResourceSet } from '@heddle/model';
import { socketAddress } from './listeners/listener-address.ts';
import { redactSecret } from './tls/redact-secret.ts';
import { useStaticSecrets } from './tls/static-secrets.ts';

/** See {@link staticBootstrap}. */
export interface StaticBootstrapOptions {
  readonly node: { readonly id: string; readonly cluster: string };
  /** Put private keys in; without it their places say `[redacted]`, and Envoy refuses what has such places. */
  readonly withSecrets?: boolean;
  /** Where Envoy's admin interface listens; without it there is none. It tells and does everything: bind it to loopback. */
  readonly admin?: { readonly address: string; readonly port: number };
}

/**
 * An Envoy Bootstrap with the listeners and clusters of a view, their route configurations and endpoints inside them
 * (envoy.config.bootstrap.v3.Bootstrap). Print it with `toEnvoyJson` of `@heddle/compiler/dump`.
 */
export function staticBootstrap(resources: ResourceSet, options: StaticBootstrapOptions): Bootstrap {
  const of = (typeUrl: string): readonly Uint8Array[] =>
    [...(resources.get(typeUrl)?.values() ?? [])].map((resource) => resource.bytes);
  return create(BootstrapSchema, {
    node: { id: options.node.id, cluster: options.node.cluster },
    ...(options.admin === undefined ? {} : { admin: { address: socketAddress(options.admin) } }),
    layeredRuntime: {
      layers: [{ name: 'heddle', layerSpecifier: { case: 'staticLayer', value: { ...ENVOY_RUNTIME } } }],
    },
    staticResources: {
      listeners: of(LISTENER_TYPE_URL).map((bytes) => withRoutes(fromBinary(ListenerSchema, bytes), resources)),
      clusters: of(CLUSTER_TYPE_URL).map((bytes) => withEndpoints(fromBinary(ClusterSchema, bytes), resources)),
      secrets: of(SECRET_TYPE_URL).map((bytes) => {
        const secret = fromBinary(SecretSchema, bytes);
        if (options.withSecrets !== true) redactSecret(secret);
        return secret;
      }),
    },
  });
}

function withRoutes(listener: Listener, resources: ResourceSet): Listener {
  for (const chain of listener.filterChains) inlineRoutes(chain, resources);
  if (listener.defaultFilterChain !== undefined) inlineRoutes(listener.defaultFilterChain, resources);
  return listener;
}

function inlineRoutes(chain: FilterChain, resources: ResourceSet): void {
  useStaticSecrets(chain.transportSocket);
  for (const filter of chain.filters) {
    if (filter.configType.case !== 'typedConfig' || !anyIs(filter.configType.value, HttpConnectionManagerSchema))
      continue;
    const manager = anyUnpack(filter.configType.value, HttpConnectionManagerSchema);
    if (manager === undefined) continue;
    inlineExtensions(manager, resources);
    if (manager.routeSpecifier.case === 'rds') {
      const name = manager.routeSpecifier.value.routeConfigName;
      const found = resources.get(ROUTE_CONFIGURATION_TYPE_URL)?.get(name);
      const value =
        found === undefined
          ? create(RouteConfigurationSchema, { name })
          : fromBinary(RouteConfigurationSchema, found.bytes);
      manager.routeSpecifier = { case: 'routeConfig', value };
    }
    filter.configType = { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) };
  }
}

/** Filters whose configuration is discovered get it where they stand. */
function inlineExtensions(manager: HttpConnectionManager, resources: ResourceSet): void {
  for (const filter of manager.httpFilters) {
    if (filter.configType.case !== 'configDiscovery') continue;
    const found = resources.get(EXTENSION_CONFIG_TYPE_URL)?.get(filter.name);
    const config = found === undefined ? undefined : fromBinary(TypedExtensionConfigSchema, found.bytes).typedConfig;
    if (config !== undefined) filter.configType = { case: 'typedConfig', value: config };
  }
}

function withEndpoints(cluster: Cluster, resources: ResourceSet): Cluster {
  useStaticSecrets(cluster.transportSocket);
  if (cluster.edsClusterConfig === undefined) return cluster;
  const found = resources
    .get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL)
    ?.get(cluster.edsClusterConfig.serviceName || cluster.name);
  delete cluster.edsClusterConfig;
  cluster.clusterDiscoveryType = { case: 'type', value: Cluster_DiscoveryType.STATIC };
  cluster.loadAssignment =
    found === undefined
      ? create(ClusterLoadAssignmentSchema, { clusterName: cluster.name })
      : fromBinary(ClusterLoadAssignmentSchema, found.bytes);
  return cluster;
}
