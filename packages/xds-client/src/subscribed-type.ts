import { create } from '@bufbuild/protobuf';
import { type DeltaDiscoveryRequest, DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';

/** What to subscribe to in one type: everything there is, some names, or both. */
export interface Interest {
  readonly wildcard?: boolean;
  readonly names?: Iterable<string>;
}

/** What the client remembers about one type. It outlives streams: on reconnect it says what need not be sent again. */
export interface SubscribedType {
  readonly typeUrl: string;
  wildcard: boolean;
  names: ReadonlySet<string>;
  /** Versions of the resources in use, by name: accepted ones only. */
  readonly versions: Map<string, string>;
  /** Whether the current stream has seen a request for this type. */
  isAnnounced: boolean;
}

/** A type before its first subscription. */
export function subscribedType(typeUrl: string): SubscribedType {
  return { typeUrl, wildcard: false, names: new Set(), versions: new Map(), isAnnounced: false };
}

/** Whether a resource of this name was asked for. */
export function isInteresting(type: SubscribedType, name: string): boolean {
  return type.wildcard || type.names.has(name);
}

/** The first request of a type on a stream: all names again, and the versions in use. */
export function announcement(type: SubscribedType): DeltaDiscoveryRequest {
  return create(DeltaDiscoveryRequestSchema, {
    typeUrl: type.typeUrl,
    resourceNamesSubscribe: [...(type.wildcard ? ['*'] : []), ...type.names],
    initialResourceVersions: Object.fromEntries(type.versions),
  });
}

/** Changes the interest and gives the request that tells the server; undefined if nothing changed. */
export function changeInterest(type: SubscribedType, interest: Interest): DeltaDiscoveryRequest | undefined {
  const wildcard = interest.wildcard === true;
  const names = new Set(interest.names);
  const subscribe = [...names].filter((name) => !type.names.has(name));
  const unsubscribe = [...type.names].filter((name) => !names.has(name));
  if (wildcard && !type.wildcard) subscribe.unshift('*');
  if (!wildcard && type.wildcard) unsubscribe.unshift('*');
  type.wildcard = wildcard;
  type.names = names;
  for (const name of type.versions.keys()) if (!isInteresting(type, name)) type.versions.delete(name);
  if (subscribe.length + unsubscribe.length === 0) return undefined;
  return create(DeltaDiscoveryRequestSchema, {
    typeUrl: type.typeUrl,
    resourceNamesSubscribe: subscribe,
    resourceNamesUnsubscribe: unsubscribe,
  });
}
