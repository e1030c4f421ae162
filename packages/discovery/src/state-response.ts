import { create } from '@bufbuild/protobuf';
import { type Any, AnySchema, anyPack } from '@bufbuild/protobuf/wkt';
import { type DiscoveryResponse, DiscoveryResponseSchema, ResourceSchema } from '@heddle/envoy-api/discovery';
import type { XdsResource } from '@heddle/model';
import { expiring } from './delta-response.ts';
import type { DeltaPush } from './push.ts';

/** Made once for all streams, as the bytes within are. */
const anys = new WeakMap<XdsResource, Any>();

/** The message of one push of a state-of-the-world stream. Resource bytes are not copied. */
export function stateResponse({ typeUrl, nonce, state, expires }: DeltaPush): DiscoveryResponse {
  return create(DiscoveryResponseSchema, {
    typeUrl,
    nonce,
    versionInfo: state?.version ?? '',
    resources:
      state?.resources.map((resource) =>
        expires === true && resource.ttlMs !== undefined ? wrapped(resource) : anyOf(resource),
      ) ?? [],
  });
}

/** By state of the world only a resource that says more than its content is wrapped. */
function wrapped(resource: XdsResource): Any {
  return anyPack(ResourceSchema, expiring(resource));
}

function anyOf(resource: XdsResource): Any {
  let any = anys.get(resource);
  if (any === undefined) {
    any = create(AnySchema, { typeUrl: resource.typeUrl, value: resource.bytes });
    anys.set(resource, any);
  }
  return any;
}
