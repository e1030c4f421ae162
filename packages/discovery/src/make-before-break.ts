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
import type { ResourcesByName, XdsResource } from '@heddle/model';
import type { Chunk } from './chunk.ts';
import { firstTimeChunk, isFresh, isSettled, type Subscription, wants } from './subscription.ts';

/** One stream's subscriptions by type URL. */
export type Subscriptions = ReadonlyMap<string, Subscription>;

/** What the stream's view offers of a type. */
export type Offer = (typeUrl: string) => ResourcesByName;

const NONE: ReadonlySet<string> = new Set();
// Resources are shared by all streams that see them, so each is decoded once, not once per stream.
const clustersOfResource = new WeakMap<XdsResource, ReadonlySet<string>>();
/** Those used last, by type and version. */
const clustersOfVersions = new Map<string, ReadonlySet<string>>();
const MAX_VERSIONS = 256;
const endpointsOfCluster = new WeakMap<XdsResource, { readonly name: string | undefined }>();

/** Whether resources of a type may name clusters, and so be held back. */
export function mayWaitForClusters(typeUrl: string): boolean {
  return typeUrl === LISTENER_TYPE_URL || typeUrl === ROUTE_CONFIGURATION_TYPE_URL || typeUrl === VIRTUAL_HOST_TYPE_URL;
}

/** The clusters that a listener, route configuration or virtual host names. Nothing for other types, or if it does not decode. */
export function clustersNamedBy(resource: XdsResource): ReadonlySet<string> {
  let clusters = clustersOfResource.get(resource);
  if (clusters === undefined) {
    clusters = clustersOfVersion(resource);
    clustersOfResource.set(resource, clusters);
  }
  return clusters;
}

/** Views that see the same may have compiled the same resource each for itself: it is decoded once all the same. */
function clustersOfVersion(resource: XdsResource): ReadonlySet<string> {
  const key = `${resource.typeUrl} ${resource.version}`;
  const clusters = clustersOfVersions.get(key) ?? decoded(() => decodeClusters(resource)) ?? NONE;
  clustersOfVersions.delete(key);
  clustersOfVersions.set(key, clusters);
  for (const oldest of clustersOfVersions.keys()) {
    if (clustersOfVersions.size <= MAX_VERSIONS) break;
    clustersOfVersions.delete(oldest);
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
  offer: Offer,
): string | undefined {
  const clusters = subscriptions.get(CLUSTER_TYPE_URL);
  const named = clustersNamedBy(resource);
  if (clusters === undefined || named.size === 0) return undefined;
  const endpoints = subscriptions.get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
  const cause = likelyCause(resource, clusters, endpoints, offer);
  // A client that is in step but for shared chunks needs no look at each of a thousand clusters.
  if (cause === undefined && isInStep(clusters, offer) && (endpoints === undefined || isInStep(endpoints, offer))) {
    return undefined;
  }
  for (const name of cause === undefined ? named : [cause, ...named]) {
    const reason = reasonToWaitFor(name, clusters, endpoints, offer);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function reasonToWaitFor(
  name: string,
  clusters: Subscription,
  endpoints: Subscription | undefined,
  offer: Offer,
): string | undefined {
  if (!wants(clusters, name)) return undefined;
  const cluster = offer(CLUSTER_TYPE_URL).get(name);
  if (cluster === undefined) return undefined;
  if (clusters.held.version(name) === undefined) return `cluster "${name}" is not sent yet`;
  if (isFresh(clusters, name)) return `cluster "${name}" is not acknowledged yet`;
  return endpointsReason(cluster, endpoints, offer);
}

/** Why a removal must wait: resources that may still refer to it have changes that the client has not acknowledged. */
export function reasonToKeep(subscription: Subscription, subscriptions: Subscriptions): string | undefined {
  for (const typeUrl of subscription.type.removedAfter) {
    const other = subscriptions.get(typeUrl);
    if (other !== undefined && !isSettled(other)) return `changes of ${other.type.label} are not acknowledged yet`;
  }
  return undefined;
}

function endpointsReason(cluster: XdsResource, endpoints: Subscription | undefined, offer: Offer): string | undefined {
  const name = endpointsNamedBy(cluster);
  if (name === undefined || endpoints === undefined || !endpoints.names.has(name)) return undefined;
  if (!offer(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL).has(name)) return undefined;
  if (endpoints.held.version(name) === undefined) return `endpoints "${name}" are not sent yet`;
  return isFresh(endpoints, name) ? `endpoints "${name}" are not acknowledged yet` : undefined;
}

/** A cluster that the resource may have to wait for, found in the shared chunks that are on their way. */
function likelyCause(
  resource: XdsResource,
  clusters: Subscription,
  endpoints: Subscription | undefined,
  offer: Offer,
): string | undefined {
  const cause = firstOnItsWay(clusters, clustersNamedBy(resource));
  if (cause !== undefined || endpoints === undefined || !hasChunks(endpoints)) return cause;
  const needed = endpointsNeededBy(resource, offer(CLUSTER_TYPE_URL));
  return needed.get(firstOnItsWay(endpoints, needed) ?? '');
}

/** Whether all but shared chunks is as the view offers it, and acknowledged. */
function isInStep({ type, held, fresh }: Subscription, offer: Offer): boolean {
  return fresh.size === 0 && held.follows(offer(type.typeUrl));
}

/** By which names a resource depends on which clusters: for what a view offers, and so for all its streams. */
const neededEndpoints = new WeakMap<ResourcesByName, WeakMap<XdsResource, ReadonlyMap<string, string>>>();

/** The endpoints of the clusters that a resource names, with the cluster of each. */
function endpointsNeededBy(resource: XdsResource, clusters: ResourcesByName): ReadonlyMap<string, string> {
  let byResource = neededEndpoints.get(clusters);
  if (byResource === undefined) {
    byResource = new WeakMap();
    neededEndpoints.set(clusters, byResource);
  }
  let needed = byResource.get(resource);
  if (needed === undefined) {
    const entries: [string, string][] = [];
    for (const name of clustersNamedBy(resource)) {
      const cluster = clusters.get(name);
      const endpoints = cluster === undefined ? undefined : endpointsNamedBy(cluster);
      if (endpoints !== undefined) entries.push([endpoints, name]);
    }
    needed = new Map(entries);
    byResource.set(resource, needed);
  }
  return needed;
}

type Names = ReadonlySet<string> | ReadonlyMap<string, string>;

interface First {
  readonly name: string | undefined;
}

/** Found once for all streams. */
const firstNames = new WeakMap<Names, WeakMap<Chunk, First>>();

function hasChunks({ held, outstanding }: Subscription): boolean {
  if (held.unsent.length > 0 && held.before === undefined) return true;
  for (const response of outstanding.values()) if (firstTimeChunk(response) !== undefined) return true;
  return false;
}

/** The first of some names in a shared chunk that is new to the client, and not sent yet or not acknowledged. */
function firstOnItsWay(subscription: Subscription, names: Names): string | undefined {
  if (!hasChunks(subscription)) return undefined;
  let byChunk = firstNames.get(names);
  if (byChunk === undefined) {
    byChunk = new WeakMap();
    firstNames.set(names, byChunk);
  }
  const { held, outstanding } = subscription;
  for (const chunk of held.before === undefined ? held.unsent : []) {
    const { name } = firstIn(chunk, names, byChunk);
    if (name !== undefined) return name;
  }
  for (const response of outstanding.values()) {
    const chunk = firstTimeChunk(response);
    const name = chunk === undefined ? undefined : firstIn(chunk, names, byChunk).name;
    if (name !== undefined) return name;
  }
  return undefined;
}

function firstIn(chunk: Chunk, names: Names, byChunk: WeakMap<Chunk, First>): First {
  let first = byChunk.get(chunk);
  if (first === undefined) {
    first = { name: chunk.resources.find(({ name }) => names.has(name))?.name };
    byChunk.set(chunk, first);
  }
  return first;
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
