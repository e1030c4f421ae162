import type { DescMessage } from '@bufbuild/protobuf';

/** What precedes a message's full name in the `type_url` of an `Any`, in Envoy as in protobuf itself. */
export const TYPE_URL_PREFIX = 'type.googleapis.com/';

/** LDS: `envoy.config.listener.v3.Listener`. */
export const LISTENER_TYPE_URL = 'type.googleapis.com/envoy.config.listener.v3.Listener';
/** CDS: `envoy.config.cluster.v3.Cluster`. */
export const CLUSTER_TYPE_URL = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
/** RDS: `envoy.config.route.v3.RouteConfiguration`. */
export const ROUTE_CONFIGURATION_TYPE_URL = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
/** SRDS: `envoy.config.route.v3.ScopedRouteConfiguration`. */
export const SCOPED_ROUTE_CONFIGURATION_TYPE_URL = 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration';
/** VHDS: `envoy.config.route.v3.VirtualHost`. */
export const VIRTUAL_HOST_TYPE_URL = 'type.googleapis.com/envoy.config.route.v3.VirtualHost';
/** EDS: `envoy.config.endpoint.v3.ClusterLoadAssignment`. */
export const CLUSTER_LOAD_ASSIGNMENT_TYPE_URL = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
/** SDS: `envoy.extensions.transport_sockets.tls.v3.Secret`. */
export const SECRET_TYPE_URL = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
/** ECDS: `envoy.config.core.v3.TypedExtensionConfig`. */
export const EXTENSION_CONFIG_TYPE_URL = 'type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig';

/** The type URLs of the resources that are discovered, in the order in which a push must send them: make before break. */
export const RESOURCE_TYPE_URLS = [
  CLUSTER_TYPE_URL,
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  SECRET_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  SCOPED_ROUTE_CONFIGURATION_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  VIRTUAL_HOST_TYPE_URL,
] as const;

/** The type URL of a resource that is discovered. */
export type ResourceTypeUrl = (typeof RESOURCE_TYPE_URLS)[number];

/**
 * The type URL under which a message travels in an `Any`.
 *
 * @example
 * typeUrlOf(RouterSchema); // 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'
 */
export function typeUrlOf(schema: DescMessage): string {
  return TYPE_URL_PREFIX + schema.typeName;
}
