import { create } from '@bufbuild/protobuf';
import { CLUSTER_TYPE_URL, LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { type DiscoveryRequest, DiscoveryRequestSchema, type DiscoveryResponse } from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import { contentHash } from '@heddle/model';
import {
  describeRefusals,
  type ProtocolVariant,
  type ReadResponse,
  type ReceivedResource,
  type Refusals,
} from './protocol-variant.ts';
import { unwrapResource } from './resource-name.ts';
import { hasInterest, isInteresting, type SubscribedType } from './subscribed-type.ts';

/** Types whose responses carry everything: what is missing does not exist ("Grouping Resources into Responses"). */
const WHOLE_SET_TYPES: ReadonlySet<string> = new Set([LISTENER_TYPE_URL, CLUSTER_TYPE_URL]);

/** What state of the world remembers about one type. */
interface TypeState {
  /** Of the last response accepted as a whole; outlives streams. */
  version: string;
  /** Whether that response was one to a wildcard. */
  isVersionOfWildcard: boolean;
  /** Names asked for and reported as missing. */
  readonly absent: Set<string>;
  /** Of the last response on this stream. */
  nonce: string;
  /** Whether a request of this stream listed a name (`*` too): only before that an empty list means all. */
  hasListed: boolean;
  /** Whether the server takes this client's requests without names for a wildcard. */
  isLegacyWildcard: boolean;
  /** Whether a response is with its handler; the answer will carry the newest names. */
  isTaking: boolean;
}

/**
 * "Basic Protocol Overview": each request lists all names, and a response is accepted or refused as a whole. Responses of listeners
 * and clusters are whole sets; of other types they may hold any part, and a name that does not exist is never answered.
 */
export class SotwVariant implements ProtocolVariant<DiscoveryRequest, DiscoveryResponse> {
  readonly #states = new Map<string, TypeState>();

  announce(type: SubscribedType): DiscoveryRequest {
    const state = this.#state(type);
    state.nonce = '';
    state.hasListed = false;
    state.isLegacyWildcard = false;
    state.isTaking = false;
    state.absent.clear();
    // A server cannot know what an earlier stream asked for: a version says "I have all that I list here". A name that does not exist
    // costs the type's resources once more.
    const hasAll =
      state.isVersionOfWildcard === type.wildcard && [...type.names].every((name) => type.versions.has(name));
    return this.#request(type, state, hasAll ? state.version : '', this.#list(type, state));
  }

  change(type: SubscribedType, { added, removed }: { added: readonly string[]; removed: readonly string[] }) {
    const state = this.#state(type);
    for (const name of [...added, ...removed]) state.absent.delete(name);
    if (added.length + removed.length === 0 || state.isTaking) return [];
    return this.#subscriptionRequests(type, state, state.version);
  }

  read(type: SubscribedType, response: DiscoveryResponse): ReadResponse {
    const state = this.#state(type);
    state.isTaking = true;
    state.nonce = response.nonce;
    const isWholeSet = WHOLE_SET_TYPES.has(type.typeUrl);
    const changed = new Map<string, ReceivedResource>();
    const present = new Set<string>();
    const refusals = new Map<string, string>();
    let isReadable = true;
    for (const [index, any] of response.resources.entries()) {
      let unwrapped: ReturnType<typeof unwrapResource>;
      try {
        unwrapped = unwrapResource(any);
      } catch (error) {
        isReadable = false;
        refusals.set(`resources[${index}]`, `cannot be decoded: ${error instanceof Error ? error.message : error}`);
        continue;
      }
      const { name, typeUrl, bytes } = unwrapped;
      if (present.has(name)) refusals.set(name, 'the response contains it twice');
      present.add(name);
      if (bytes === undefined || !isInteresting(type, name)) continue;
      if (typeUrl !== type.typeUrl) {
        refusals.set(name, `it is a "${typeUrl}", wanted "${type.typeUrl}"`);
        continue;
      }
      const version = contentHash(bytes);
      // In a whole set most is what it was. Elsewhere a repetition is an answer, which a warming cluster waits for.
      if (isWholeSet && type.versions.get(name) === version) continue;
      changed.set(name, { name, version, bytes });
    }
    for (const name of refusals.keys()) changed.delete(name);
    for (const name of present) state.absent.delete(name);
    const removed: string[] = [];
    // What could not be read may be anything, so nothing is missing for certain.
    if (isWholeSet && isReadable) {
      for (const name of type.versions.keys()) if (!present.has(name)) removed.push(name);
      for (const name of type.names) {
        if (present.has(name) || type.versions.has(name) || state.absent.has(name)) continue;
        removed.push(name);
      }
      for (const name of removed) if (type.names.has(name)) state.absent.add(name);
    }
    return {
      update: { typeUrl: type.typeUrl, changed: [...changed.values()], removed },
      refusals,
      isEmpty: response.resources.length === 0,
    };
  }

  answer(type: SubscribedType, response: DiscoveryResponse, refusals: Refusals): readonly DiscoveryRequest[] {
    const state = this.#state(type);
    state.isTaking = false;
    if (refusals.size === 0) {
      state.version = response.versionInfo;
      state.isVersionOfWildcard = type.wildcard;
    }
    // Nobody is interested any more and the server was not told on this stream: an empty list would ask for everything.
    if (!type.isAnnounced && !hasInterest(type)) return [];
    const [first, ...rest] = this.#subscriptionRequests(type, state, state.version);
    if (first !== undefined && refusals.size > 0) {
      first.errorDetail = create(StatusSchema, { code: 3, message: describeRefusals(refusals) });
    }
    return first === undefined ? [] : [first, ...rest];
  }

  /** Any request of the type, even an acknowledgement, would be a subscription. */
  answerUnknown(): readonly DiscoveryRequest[] {
    return [];
  }

  #subscriptionRequests(type: SubscribedType, state: TypeState, version: string): DiscoveryRequest[] {
    const requests: DiscoveryRequest[] = [];
    // An empty list goes on meaning "all" until a name was listed.
    if (!hasInterest(type) && state.isLegacyWildcard) {
      state.hasListed = true;
      state.isLegacyWildcard = false;
      requests.push(this.#request(type, state, version, ['*']));
    }
    requests.push(this.#request(type, state, version, this.#list(type, state)));
    return requests;
  }

  /** The names of a request. Servers that do not know `*` yet understand the empty list. */
  #list(type: SubscribedType, state: TypeState): string[] {
    if (type.wildcard && type.names.size === 0 && !state.hasListed) {
      state.isLegacyWildcard = true;
      return [];
    }
    if (hasInterest(type)) {
      state.hasListed = true;
      state.isLegacyWildcard = false;
    }
    return [...(type.wildcard ? ['*'] : []), ...type.names];
  }

  #request(type: SubscribedType, state: TypeState, versionInfo: string, resourceNames: string[]): DiscoveryRequest {
    return create(DiscoveryRequestSchema, {
      typeUrl: type.typeUrl,
      versionInfo,
      responseNonce: state.nonce,
      resourceNames,
    });
  }

  #state(type: SubscribedType): TypeState {
    let state = this.#states.get(type.typeUrl);
    if (state === undefined) {
      state = {
        version: '',
        isVersionOfWildcard: false,
        absent: new Set(),
        nonce: '',
        hasListed: false,
        isLegacyWildcard: false,
        isTaking: false,
      };
      this.#states.set(type.typeUrl, state);
    }
    return state;
  }
}
