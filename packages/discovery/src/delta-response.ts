import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type Resource,
  ResourceSchema,
} from '@heddle/envoy-api/discovery';
import type { XdsResource } from '@heddle/model';
import type { DeltaPush } from './push.ts';

/** The protocol's wrapper of a resource is the same for every stream, so it is made once and shared, as the bytes within are. */
const wrappers = new WeakMap<XdsResource, Resource>();

/**
 * The message of one push. Resource bytes are not copied: whoever receives the message in memory must not change them. A transport
 * that writes bytes itself starts from the {@link DeltaPush} instead, since all but the nonce can be encoded once for all streams.
 */
export function deltaResponse(push: DeltaPush, systemVersion: string): DeltaDiscoveryResponse {
  return create(DeltaDiscoveryResponseSchema, {
    typeUrl: push.typeUrl,
    nonce: push.nonce,
    systemVersionInfo: systemVersion,
    resources: [
      ...push.resources.map((resource) => (push.expires === true ? expiring(resource) : wrap(resource))),
      ...(push.heartbeats?.map(heartbeat) ?? []),
      ...push.absent.map((name) => absentResource(name)),
    ],
    removedResources: [...push.removed],
  });
}

function wrap(resource: XdsResource): Resource {
  let wrapper = wrappers.get(resource);
  if (wrapper === undefined) {
    wrapper = create(ResourceSchema, {
      name: resource.name,
      version: resource.version,
      resource: { typeUrl: resource.typeUrl, value: resource.bytes },
    });
    wrappers.set(resource, wrapper);
  }
  return wrapper;
}

/** The wrapper with the time to live, for clients that know it. */
export function expiring(resource: XdsResource): Resource {
  return resource.ttlMs === undefined
    ? wrap(resource)
    : create(ResourceSchema, { ...wrap(resource), ttl: durationFromMs(resource.ttlMs) });
}

/** Says that a resource lives on ("TTL"). */
export function heartbeat({ name, version, ttlMs }: XdsResource): Resource {
  return create(ResourceSchema, { name, version, ...(ttlMs === undefined ? {} : { ttl: durationFromMs(ttlMs) }) });
}

/** Tells a client on demand that a name does not exist: the alias is what it asked for. */
function absentResource(name: string): Resource {
  return create(ResourceSchema, { name, aliases: [name] });
}
