import type { Cluster } from '@heddle/envoy-api/cluster';
import type { TypedExtensionConfig } from '@heddle/envoy-api/core';
import type { ClusterLoadAssignment } from '@heddle/envoy-api/endpoint';
import type { Listener } from '@heddle/envoy-api/listener';
import type { RouteConfiguration } from '@heddle/envoy-api/route';
import type { Secret } from '@heddle/envoy-api/tls';

/**
 * What a gateway obeys: Envoy resources by name, complete and consistent at one moment. Messages are immutable: an unchanged
 * resource must be the same object in the next state, which is how the gateway knows what to keep. The shape of
 * `DataPlaneConfig` of `@heddle/xds-client`.
 */
export interface GatewayResources {
  readonly listeners: ReadonlyMap<string, Listener>;
  readonly routes: ReadonlyMap<string, RouteConfiguration>;
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** By `eds_cluster_config.service_name`, or the cluster's name. */
  readonly endpoints: ReadonlyMap<string, ClusterLoadAssignment>;
  /** Certificates, keys and whom to trust, where listeners and clusters name some. */
  readonly secrets?: ReadonlyMap<string, Secret>;
  /** Configurations of HTTP filters that listeners fetch (ECDS). */
  readonly extensionConfigs?: ReadonlyMap<string, TypedExtensionConfig>;
}
