import { fromBinary } from '@bufbuild/protobuf';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  VIRTUAL_HOST_TYPE_URL,
} from '@heddle/envoy-api';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import {
  clusterLoadAssignmentName,
  listenerReferences,
  routeConfigurationClusters,
  virtualHostClusters,
} from '@heddle/envoy-api/references';
import { RouteConfigurationSchema, VirtualHostSchema } from '@heddle/envoy-api/route';
import type { XdsResource } from '@heddle/model';
import { isFresh, isSettled, type Subscription, wants } from './subscription.ts';

/** One stream's subscriptions by type URL. */
export type Subscriptions = ReadonlyMap<string, Subscription>;

/** Finds the current resource of a type and name in the stream's view. */
export type Lookup = (typeUrl: string, name: string) => XdsResource | undefined;

const NONE: ReadonlySet<string> = new Set();
// Resources are shared by all streams that see them, so each is decoded once, not once per stream.
const clustersOfResource = new WeakMap<XdsResource, ReadonlySet<string>>();
const endpointsOfCluster = new WeakMap<XdsResource, { readonly name: string | undefined }>();

/** Whether resources of a type may name clusters, and so be held back. */
export function mayWaitForClusters(typeUrl: string): boolean {
  return typeUrl === LISTENER_TYPE_URL || typeUrl === ROUTE_CONFIGURATION_TYPE_URL || typeUrl === VIRTUAL_HOST_TYPE_URL;
}

/** The clusters that a listener, route configuration or virtual host names. Nothing for other types, or if it does not decode. */
export function clustersNamedBy(resource: XdsResource): ReadonlySet<string> {
  let clusters = clustersOfResource.get(resource);
  if (clusters === undefined) {
    clusters = decoded(() => decodeClusters(resource)) ?? NONE;
    clustersOfResource.set(resource, clusters);
  }
  return clusters;
}

/** The name under which the endpoints of a cluster resource are discovered, if they are. */
export function endpointsNamedBy(cluster: XdsResource): string | undefined {
  let endpoints = endpointsOfCluster.get(cluster);
  if (endpoints === undefined) {
    endpoints = { name: decoded(() => clusterLoadAssignmentName(fromBinary(ClusterSchema, cluster.bytes))) };
    endpointsOfCluster.set(cluster, endpoints);
  }
  return endpoints.name;
}

/**
 * Why a resource must wait: it names a cluster that this client is subscribed to and has not acknowledged, or whose endpoints it
 * has not acknowledged. Undefined if nothing stands against sending it. A cluster that the client refused, or does not subscribe
 * to (a gRPC client learns cluster names from the route), is not waited for.
 *
 * Follows "Eventual consistency considerations": routes are not warmed, so what they name precedes them.
 */
export function reasonToHoldBack(
  resource: XdsResource,
  subscriptions: Subscriptions,
  lookup: Lookup,
): string | undefined {
  const clusters = subscriptions.get(CLUSTER_TYPE_URL);
  if (clusters === undefined) return undefined;
  for (const name of clustersNamedBy(resource)) {
    if (!wants(clusters, name)) continue;
    const cluster = lookup(CLUSTER_TYPE_URL, name);
    if (cluster === undefined) continue;
    if (clusters.held.version(name) === undefined) return `cluster "${name}" is not sent yet`;
    if (isFresh(clusters, name)) return `cluster "${name}" is not acknowledged yet`;
    const reason = endpointsReason(cluster, subscriptions.get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL), lookup);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Why a removal must wait: resources that may still refer to it have changes that the client has not acknowledged. */
export function reasonToKeep(subscription: Subscription, subscriptions: Subscriptions): string | undefined {
  for (const typeUrl of subscription.type.removedAfter) {
    const other = subscriptions.get(typeUrl);
    if (other !== undefined && !isSettled(other)) return `changes of ${other.type.label} are not acknowledged yet`;
  }
  return undefined;
}

function endpointsReason(
  cluster: XdsResource,
  endpoints: Subscription | undefined,
  lookup: Lookup,
): string | undefined {
  const name = endpointsNamedBy(cluster);
  if (name === undefined || endpoints === undefined || !endpoints.names.has(name)) return undefined;
  if (lookup(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name) === undefined) return undefined;
  if (endpoints.held.version(name) === undefined) return `endpoints "${name}" are not sent yet`;
  return isFresh(endpoints, name) ? `endpoints "${name}" are not acknowledged yet` : undefined;
}

function decodeClusters(resource: XdsResource): ReadonlySet<string> {
  switch (resource.typeUrl) {
    case LISTENER_TYPE_URL:
      return listenerReferences(fromBinary(ListenerSchema, resource.bytes)).clusters;
    case ROUTE_CONFIGURATION_TYPE_URL:
      return routeConfigurationClusters(fromBinary(RouteConfigurationSchema, resource.bytes));
    case VIRTUAL_HOST_TYPE_URL:
      return virtualHostClusters(fromBinary(VirtualHostSchema, resource.bytes));
    default:
      return NONE;
  }
}

/** Bytes come from whoever compiles: what does not decode here is for the client to refuse, not a reason to fail a stream. */
function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
