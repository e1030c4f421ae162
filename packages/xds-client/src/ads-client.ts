import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { type Node, NodeSchema } from '@heddle/envoy-api/core';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import { type AdsStream, type AdsTransport, type Clock, systemClock } from '@heddle/model';
import { type BackOffOptions, backOffMs } from './back-off.ts';
import { deltaVariant } from './delta-variant.ts';
import type { ProtocolVariant, Refusals, ResourceUpdate } from './protocol-variant.ts';
import { SotwVariant } from './sotw-variant.ts';
import {
  changeInterest,
  hasInterest,
  type Interest,
  isInteresting,
  type SubscribedType,
  subscribedType,
} from './subscribed-type.ts';

/** A transport that carries the delta variant. */
export type DeltaTransport = AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;

/** A transport that carries the state-of-the-world variant. */
export type SotwTransport = AdsTransport<DiscoveryRequest, DiscoveryResponse>;

/** How the control plane is reached, and which of the two aggregated variants is spoken; delta by default. */
export type VariantTransport =
  | { readonly variant?: 'delta'; readonly transport: DeltaTransport }
  | { readonly variant: 'sotw'; readonly transport: SotwTransport };

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
export type AdsClientOptions = VariantTransport & AdsClientBehaviour;

/** What an ADS client is made of, apart from its transport. */
export interface AdsClientBehaviour {
  /** Who the client is: sent in the first request of each stream. */
  readonly node: MessageInitShape<typeof NodeSchema>;
  /**
   * Takes one response. Updates come one at a time and in order; the response is acknowledged, or refused for the resources named in
   * the result, when the returned promise resolves. Subscriptions changed meanwhile reach the server before the acknowledgement, or
   * with it, if they are of the same type in state of the world.
   * A throw refuses the whole response with the error's message.
   */
  onUpdate(update: ResourceUpdate): Refusals | undefined | Promise<Refusals | undefined>;
  onState?(state: ConnectionState): void;
  readonly backOff?: BackOffOptions;
  readonly clock?: Clock;
  /** A number from 0 to 1, for the jitter of reconnects. */
  readonly random?: () => number;
}

/** An aggregated discovery client. */
export interface AdsClient {
  /** Opens the first stream. Subscriptions made before are announced on it. */
  start(): void;
  /** Replaces what is subscribed to in one type. Takes effect at once on an open stream, and on every later one. */
  subscribe(typeUrl: string, interest: Interest): void;
  /**
   * Forgets that a resource is in use, so that the next stream brings it again even if it did not change. In state of the world the
   * client learns of removals by what it has in use: that of a forgotten listener or cluster is not reported.
   */
  forget(typeUrl: string, name: string): void;
  readonly state: ConnectionState;
  /** Ends the stream and the attempts to reconnect. */
  close(): void;
}

/**
 * Keeps subscriptions alive over streams that come and go: reconnects with exponential back-off and full jitter, names all
 * subscriptions and the versions in use again, acknowledges or refuses each response. `variant` chooses delta ("Incremental xDS") or state
 * of the world; handlers need not know which.
 *
 * @example
 * const client = createAdsClient({ transport, node: { id }, onUpdate: ({ changed }) => void changed.forEach(use) });
 * client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
 * client.start();
 */
export function createAdsClient(options: AdsClientOptions): AdsClient {
  return options.variant === 'sotw'
    ? new ReconnectingClient(options, options.transport, new SotwVariant())
    : new ReconnectingClient(options, options.transport, deltaVariant);
}

class ReconnectingClient<Request extends { node?: Node | undefined }, Response extends { readonly typeUrl: string }>
  implements AdsClient
{
  readonly #options: AdsClientBehaviour;
  readonly #transport: AdsTransport<Request, Response>;
  readonly #variant: ProtocolVariant<Request, Response>;
  readonly #node: Node;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #types = new Map<string, SubscribedType>();
  readonly #closing = new AbortController();
  #stream: AdsStream<Request, Response> | undefined;
  #isNodeSent = false;
  #cancelRetry: (() => void) | undefined;
  #state: ConnectionState = { status: 'idle', failures: 0 };

  constructor(
    options: AdsClientBehaviour,
    transport: AdsTransport<Request, Response>,
    variant: ProtocolVariant<Request, Response>,
  ) {
    this.#options = options;
    this.#transport = transport;
    this.#variant = variant;
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
    this.#types.set(typeUrl, type);
    const difference = changeInterest(type, interest);
    if (this.#stream === undefined) return;
    if (type.isAnnounced) this.#sendAll(this.#variant.change(type, difference));
    else this.#announce(type);
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
    const stream = this.#transport.open(this.#closing.signal);
    this.#stream = stream;
    this.#isNodeSent = false;
    for (const type of this.#types.values()) type.isAnnounced = false;
    for (const type of this.#types.values()) this.#announce(type);
    // The end of the stream, in whatever way, leads to the next attempt; nothing else waits for this promise.
    void this.#read(stream);
  }

  async #read(stream: AdsStream<Request, Response>): Promise<void> {
    let reason = 'the server ended the stream';
    try {
      for await (const response of stream.responses) {
        if (this.#stream !== stream) break;
        this.#setState({ status: 'connected', failures: 0 });
        const answers = await this.#handle(response);
        if (this.#stream === stream) this.#sendAll(answers);
      }
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (this.#stream === stream) this.#retry(stream, reason);
  }

  #retry(stream: AdsStream<Request, Response>, reason: string): void {
    stream.close();
    this.#stream = undefined;
    const failures = this.#state.failures + 1;
    this.#setState({ status: 'waiting', failures, lastError: reason });
    const delayMs = backOffMs(failures, this.#random, this.#options.backOff);
    this.#cancelRetry = this.#clock.after(delayMs, () => this.#connect());
  }

  async #handle(response: Response): Promise<readonly Request[]> {
    const type = this.#types.get(response.typeUrl);
    if (type === undefined) return this.#variant.answerUnknown(response);
    return this.#variant.answer(type, response, await this.#deliver(type, response));
  }

  async #deliver(type: SubscribedType, response: Response): Promise<Refusals> {
    const { update, refusals, isEmpty } = this.#variant.read(type, response);
    if (update.changed.length + update.removed.length > 0 || isEmpty) {
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
    if (!hasInterest(type)) return;
    type.isAnnounced = true;
    this.#sendAll([this.#variant.announce(type)]);
  }

  #sendAll(requests: readonly Request[]): void {
    for (const request of requests) {
      if (!this.#isNodeSent) {
        this.#isNodeSent = true;
        request.node = this.#node;
      }
      this.#stream?.send(request);
    }
  }

  #setState(state: ConnectionState): void {
    const { status, failures, lastError } = this.#state;
    if (status === state.status && failures === state.failures && lastError === state.lastError) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}
