import { create } from '@bufbuild/protobuf';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import {
  describeRefusals,
  type ProtocolVariant,
  type ReadResponse,
  type ReceivedResource,
} from './protocol-variant.ts';
import { isInteresting, type SubscribedType } from './subscribed-type.ts';

/** "Incremental xDS": names are added and removed, and each resource has a version of its own. */
export const deltaVariant: ProtocolVariant<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  announce: (type) =>
    create(DeltaDiscoveryRequestSchema, {
      typeUrl: type.typeUrl,
      resourceNamesSubscribe: [...(type.wildcard ? ['*'] : []), ...type.names],
      initialResourceVersions: Object.fromEntries(type.versions),
    }),

  change: (type, { added, removed }) =>
    added.length + removed.length === 0
      ? []
      : [
          create(DeltaDiscoveryRequestSchema, {
            typeUrl: type.typeUrl,
            resourceNamesSubscribe: [...added],
            resourceNamesUnsubscribe: [...removed],
          }),
        ],

  read: readResponse,

  answer: (type, { nonce }, refusals) => [
    create(DeltaDiscoveryRequestSchema, {
      typeUrl: type.typeUrl,
      responseNonce: nonce,
      ...(refusals.size > 0
        ? { errorDetail: create(StatusSchema, { code: 3, message: describeRefusals(refusals) }) }
        : {}),
    }),
  ],

  answerUnknown: ({ typeUrl, nonce }) => [create(DeltaDiscoveryRequestSchema, { typeUrl, responseNonce: nonce })],
};

function readResponse(type: SubscribedType, response: DeltaDiscoveryResponse): ReadResponse {
  const changed = new Map<string, ReceivedResource>();
  const removed = new Set(response.removedResources);
  const refusals = new Map<string, string>();
  for (const { name, aliases, version, resource } of response.resources) {
    if (changed.has(name)) refusals.set(name, 'the response contains it twice');
    // A resource nobody asked for (any more) is ignored without complaint.
    if (!isInteresting(type, name) && !aliases.some((alias) => isInteresting(type, alias))) continue;
    if (resource === undefined) {
      removed.add(name);
    } else if (resource.typeUrl !== type.typeUrl) {
      refusals.set(name, `it is a "${resource.typeUrl}", wanted "${type.typeUrl}"`);
    } else {
      changed.set(name, { name, version, bytes: resource.value });
    }
  }
  for (const name of refusals.keys()) changed.delete(name);
  return {
    update: { typeUrl: type.typeUrl, changed: [...changed.values()], removed: [...removed] },
    refusals,
    isEmpty: response.resources.length === 0 && response.removedResources.length === 0,
  };
}
