import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Node, NodeSchema } from '@heddle/envoy-api/core';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import { type AdsStream, type AdsTransport, type Clock, systemClock } from '@heddle/model';
import { type BackOffOptions, backOffMs } from './back-off.ts';
import {
  announcement,
  changeInterest,
  type Interest,
  isInteresting,
  type SubscribedType,
  subscribedType,
} from './subscribed-type.ts';

/** A transport that carries the delta variant. */
export type DeltaTransport = AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

/** One resource as it arrived; decode `bytes` only if needed. */
export interface ReceivedResource {
  readonly name: string;
  readonly version: string;
  /** The encoded message. May be shared with other clients of this process: do not change it. */
  readonly bytes: Uint8Array;
}

/** One response: what to add or replace, and what no longer exists (or never did, if it was asked for). */
export interface ResourceUpdate {
  readonly typeUrl: string;
  readonly changed: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

/** What a handler says about an update: nothing if all is well, else why which resources are refused. The others count as accepted. */
export type Refusals = ReadonlyMap<string, string>;

/** How the connection stands. */
export interface ConnectionState {
  /** `connected` from the first response of a stream on. */
  readonly status: 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';
  /** Failed attempts since the last response. */
  readonly failures: number;
  /** Why the last stream ended. */
  readonly lastError?: string;
}

/** What an ADS client is made of. */
export interface AdsClientOptions {
  readonly transport: DeltaTransport;
  /** Who the client is: sent in the first request of each stream. */
  readonly node: MessageInitShape<typeof NodeSchema>;
  /**
   * Takes one response. Updates come one at a time and in order; the response is acknowledged, or refused for the resources named in
   * the result, when the returned promise resolves. Subscriptions changed meanwhile reach the server before the acknowledgement.
   * A throw refuses the whole response with the error's message.
   */
  onUpdate(update: ResourceUpdate): Refusals | undefined | Promise<Refusals | undefined>;
  onState?(state: ConnectionState): void;
  readonly backOff?: BackOffOptions;
  readonly clock?: Clock;
  /** A number from 0 to 1, for the jitter of reconnects. */
  readonly random?: () => number;
}

/** An aggregated discovery client, delta variant. */
export interface AdsClient {
  /** Opens the first stream. Subscriptions made before are announced on it. */
  start(): void;
  /** Replaces what is subscribed to in one type. Takes effect at once on an open stream, and on every later one. */
  subscribe(typeUrl: string, interest: Interest): void;
  /** Forgets that a resource is in use, so that the next stream brings it again even if it did not change. */
  forget(typeUrl: string, name: string): void;
  readonly state: ConnectionState;
  /** Ends the stream and the attempts to reconnect. */
  close(): void;
}

/**
 * Keeps subscriptions alive over streams that come and go: reconnects with exponential back-off and full jitter, names all
 * subscriptions and the versions in use again ("Incremental xDS"), acknowledges or refuses each response.
 *
 * @example
 * const client = createAdsClient({ transport, node: { id }, onUpdate: ({ changed }) => void changed.forEach(use) });
 * client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
 * client.start();
 */
export function createAdsClient(options: AdsClientOptions): AdsClient {
  return new DeltaAdsClient(options);
}

class DeltaAdsClient implements AdsClient {
  readonly #options: AdsClientOptions;
  readonly #node: Node;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #types = new Map<string, SubscribedType>();
  readonly #closing = new AbortController();
  #stream: AdsStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse> | undefined;
  #isNodeSent = false;
  #cancelRetry: (() => void) | undefined;
  #state: ConnectionState = { status: 'idle', failures: 0 };

  constructor(options: AdsClientOptions) {
    this.#options = options;
    this.#node = create(NodeSchema, options.node);
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    if (this.#state.status === 'idle') this.#connect();
  }

  subscribe(typeUrl: string, interest: Interest): void {
    const type = this.#types.get(typeUrl) ?? subscribedType(typeUrl);
    const isNew = !this.#types.has(typeUrl);
    this.#types.set(typeUrl, type);
    const request = changeInterest(type, interest);
    if (this.#stream === undefined) return;
    if (type.isAnnounced) {
      if (request !== undefined) this.#send(request);
    } else if (isNew || request !== undefined) {
      this.#announce(type);
    }
  }

  forget(typeUrl: string, name: string): void {
    this.#types.get(typeUrl)?.versions.delete(name);
  }

  close(): void {
    if (this.#state.status === 'closed') return;
    this.#cancelRetry?.();
    this.#closing.abort();
    this.#stream?.close();
    this.#stream = undefined;
    this.#setState({ ...this.#state, status: 'closed' });
  }

  #connect(): void {
    this.#cancelRetry = undefined;
    this.#setState({ ...this.#state, status: 'connecting' });
    const stream = this.#options.transport.open(this.#closing.signal);
    this.#stream = stream;
    this.#isNodeSent = false;
    for (const type of this.#types.values()) type.isAnnounced = false;
    for (const type of this.#types.values()) this.#announce(type);
    // The end of the stream, in whatever way, leads to the next attempt; nothing else waits for this promise.
    void this.#read(stream);
  }

  async #read(stream: AdsStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>): Promise<void> {
    let reason = 'the server ended the stream';
    try {
      for await (const response of stream.responses) {
        if (this.#stream !== stream) break;
        this.#setState({ status: 'connected', failures: 0 });
        const answer = await this.#handle(response);
        if (this.#stream === stream) this.#send(answer);
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (this.#stream === stream) this.#retry(stream, reason);
  }

  #retry(stream: AdsStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>, reason: string): void {
    stream.close();
    this.#stream = undefined;
    const failures = this.#state.failures + 1;
    this.#setState({ status: 'waiting', failures, lastError: reason });
    const delayMs = backOffMs(failures, this.#random, this.#options.backOff);
    this.#cancelRetry = this.#clock.after(delayMs, () => this.#connect());
  }

  async #handle(response: DeltaDiscoveryResponse): Promise<DeltaDiscoveryRequest> {
    const type = this.#types.get(response.typeUrl);
    const refusals = type === undefined ? undefined : await this.#deliver(type, response);
    const isRefused = refusals !== undefined && refusals.size > 0;
    return create(DeltaDiscoveryRequestSchema, {
      typeUrl: response.typeUrl,
      responseNonce: response.nonce,
      ...(isRefused ? { errorDetail: create(StatusSchema, { code: 3, message: describe(refusals) }) } : {}),
    });
  }

  async #deliver(type: SubscribedType, response: DeltaDiscoveryResponse): Promise<Refusals | undefined> {
    const { update, refusals } = readResponse(type, response);
    if (update.changed.length + update.removed.length > 0 || isEmpty(response)) {
      try {
        for (const [name, reason] of (await this.#options.onUpdate(update)) ?? []) refusals.set(name, reason);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        for (const { name } of update.changed) refusals.set(name, reason);
      }
    }
    for (const name of update.removed) type.versions.delete(name);
    for (const { name, version } of update.changed) {
      // Interest may have changed while the handler ran.
      if (!refusals.has(name) && isInteresting(type, name)) type.versions.set(name, version);
    }
    return refusals;
  }

  #announce(type: SubscribedType): void {
    if (!type.wildcard && type.names.size === 0) return;
    type.isAnnounced = true;
    this.#send(announcement(type));
  }

  #send(request: DeltaDiscoveryRequest): void {
    if (!this.#isNodeSent) {
      this.#isNodeSent = true;
      request.node = this.#node;
    }
    this.#stream?.send(request);
  }

  #setState(state: ConnectionState): void {
    const { status, failures, lastError } = this.#state;
    if (status === state.status && failures === state.failures && lastError === state.lastError) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}

interface ReadResponse {
  readonly update: ResourceUpdate;
  readonly refusals: Map<string, string>;
}

/** Sorts out what the protocol itself forbids or lets a client ignore, before anybody decodes anything. */
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
  return { update: { typeUrl: type.typeUrl, changed: [...changed.values()], removed: [...removed] }, refusals };
}

/** A first answer without resources says that there are none, which a start-up may wait for. */
function isEmpty(response: DeltaDiscoveryResponse): boolean {
  return response.resources.length === 0 && response.removedResources.length === 0;
}

/** One line per refused resource: servers find the names in it. */
function describe(refusals: Refusals): string {
  return [...refusals].map(([name, reason]) => `${name}: ${reason}`).join('\n');
}
