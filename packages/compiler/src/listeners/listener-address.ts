import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AddressSchema } from '@heddle/envoy-api/core';
import type { ListenerBinding } from '@heddle/model';

/** What a socket listens on. */
export interface BoundAddress {
  readonly address: string;
  readonly port: number;
}

/** Where a listener that is configured for an address and port is really bound. */
export function boundAddress(address: string, port: number, binding: ListenerBinding | undefined): BoundAddress {
  if (binding === undefined) return { address, port };
  return { address: binding.address, port: binding.ports[String(port)] ?? port };
}

export function socketAddress({ address, port }: BoundAddress): MessageInitShape<typeof AddressSchema> {
  return { address: { case: 'socketAddress', value: { address, portSpecifier: { case: 'portValue', value: port } } } };
}
