import { contentHash } from './content-hash.ts';
import type { FieldPath } from './field-path.ts';
import type { ResourceRef } from './resource-ref.ts';

/**
 * One compiled xDS resource: encoded once, sent as it is to every proxy that may see it. `version` is the hash of `bytes`, so equal
 * content has an equal version across restarts and replicas.
 */
export interface XdsResource {
  /** `type.googleapis.com/envoy.config.cluster.v3.Cluster` and so on. */
  readonly typeUrl: string;
  readonly name: string;
  readonly version: string;
  /** The encoded message: the `value` of its `google.protobuf.Any`. */
  readonly bytes: Uint8Array;
  /**
   * For how long a client may use it without hearing of it again, in milliseconds; without it, for good. Concerns clients that know
   * times to live ("TTL" of the xDS protocol): others use it until they are told otherwise.
   */
  readonly ttlMs?: number;
}

/** What a client states in `node.client_features` if it drops resources whose time to live is over. */
export const TTL_FEATURE = 'xds.config.supports-resource-ttl';

/** What a client states if it takes resources within `envoy.service.discovery.v3.Resource` by state of the world too. */
export const WRAPPED_FEATURE = 'xds.config.resource-in-sotw';

/** Makes a resource of encoded bytes; the version is their content hash, with the time to live if there is one. */
export function xdsResource(typeUrl: string, name: string, bytes: Uint8Array, ttlMs?: number): XdsResource {
  const version = contentHash(bytes);
  return ttlMs === undefined
    ? { typeUrl, name, version, bytes }
    : { typeUrl, name, version: `${version}.${ttlMs}`, bytes, ttlMs };
}

/** What one proxy may see of one type, by resource name. */
export type ResourcesByName = ReadonlyMap<string, XdsResource>;
/** What one proxy may see, by type URL. */
export type ResourceSet = ReadonlyMap<string, ResourcesByName>;

/** The field of the object that made a part of a resource. */
export interface Origin {
  readonly resource: ResourceRef;
  readonly path: FieldPath;
}

/**
 * Where the parts of one resource come from: keys are paths into the xDS message in protobuf JSON naming
 * (`virtualHosts[0].routes[2]`), the empty key is the resource itself. Never part of bytes or versions, so that a comment which
 * moves lines resends nothing.
 */
export type Provenance = ReadonlyMap<string, Origin>;
