import { create } from '@bufbuild/protobuf';
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
    resources: [...push.resources.map(wrap), ...push.absent.map((name) => absentResource(name))],
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

/** Tells a client on demand that a name does not exist: the alias is what it asked for. */
function absentResource(name: string): Resource {
  return create(ResourceSchema, { name, aliases: [name] });
}
