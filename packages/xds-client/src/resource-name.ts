import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { ResourceSchema } from '@heddle/envoy-api/discovery';

const WRAPPER_TYPE_URL = 'type.googleapis.com/envoy.service.discovery.v3.Resource';

/** The name of an encoded resource: in every xDS resource type it is the string in field 1 (of endpoints, `cluster_name`). */
export function resourceName(bytes: Uint8Array): string {
  const reader = new BinaryReader(bytes);
  let name = '';
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) name = reader.string();
    else reader.skip(wireType, field);
  }
  return name;
}

/** A resource of a state-of-the-world response. `bytes` is undefined in a heartbeat, which only prolongs the resource's life. */
export interface UnwrappedResource {
  readonly name: string;
  readonly typeUrl: string;
  readonly bytes: Uint8Array | undefined;
}

/**
 * Reads one element of `DiscoveryResponse.resources`, which is the resource itself or an `envoy.service.discovery.v3.Resource` around
 * it. Throws if the bytes are no message.
 */
export function unwrapResource({
  typeUrl,
  value,
}: {
  readonly typeUrl: string;
  readonly value: Uint8Array;
}): UnwrappedResource {
  if (typeUrl !== WRAPPER_TYPE_URL) return { name: resourceName(value), typeUrl, bytes: value };
  const { name, resource } = fromBinary(ResourceSchema, value);
  return {
    name: name === '' && resource !== undefined ? resourceName(resource.value) : name,
    typeUrl: resource?.typeUrl ?? '',
    bytes: resource?.value,
  };
}
