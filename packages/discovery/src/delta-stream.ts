import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import type { DeltaDiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { Clock, ProxyNode, ResourcesByName } from '@heddle/model';
import { type ClientInfo, clientInfoOf } from './client-info.ts';
import type { DiscoveryCounters } from './counters.ts';
import { DiscoveryError } from './discovery-error.ts';
import { endpointsNamedBy, reasonToHoldBack, reasonToKeep } from './make-before-break.ts';
import type { DiscoveryObserver } from './observer.ts';
import { type DeltaPush, nextDeadline, type PushLimits, takePush } from './push.ts';
import { applyAnswer, applySubscriptions } from './receive.ts';
import type { ResourceType } from './resource-type.ts';
import { emptySubscription, isSettled, markChanged, type Subscription } from './subscription.ts';
import type { TurnBudget } from './turn-budget.ts';
import type { ViewGroup } from './view-group.ts';

/** Bounds on what one stream may ask for. */
export interface StreamLimits extends PushLimits {
  /** Names that one stream may be subscribed to, over all types. */
  readonly maxNamesPerStream: number;
}

/** What a stream needs of the server it belongs to. */
export interface StreamHost {
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly limits: StreamLimits;
  readonly clock: Clock;
  readonly counters: DiscoveryCounters;
  /** Shared by all streams, so that many with something to send do not freeze the process. */
  readonly turnBudget: TurnBudget;
  readonly observer: DiscoveryObserver;
  /** Joins the group of the node's view. Throws `DiscoveryError`. */
  join(stream: DeltaStream, node: ProxyNode): ViewGroup;
  readNode(request: DeltaDiscoveryRequest): ProxyNode;
  /** Called after each step that may have left the stream settled, and when it has ended. */
  progressed(stream: DeltaStream): void;
  refused(stream: DeltaStream, typeUrl: string, message: string, names: readonly string[]): void;
}

/**
 * One delta stream: takes requests, gives pushes. It is pulled: what a response holds is decided when the transport can take it, so
 * a blocked client costs names, not messages, and always gets the newest state.
 */
export class DeltaStream {
  readonly connectedAtMs: number;
  /** Who is at the other end, for people. */
  readonly peer: string;
  readonly #host: StreamHost;
  /** By type URL, in push order. */
  readonly #subscriptions = new Map<string, Subscription>();
  /** Endpoints of clusters that were sent before the client subscribed to any endpoints. */
  readonly #owedEndpoints = new Set<string>();
  #node: ProxyNode | undefined;
  #client: ClientInfo = {};
  #group: ViewGroup | undefined;
  /** The oldest change that is not acknowledged yet. */
  #change: { readonly atMs: number; isSent: boolean; isRefused: boolean } | undefined;
  #nameCount = 0;
  #nonce = 0;
  #ended: { readonly error?: DiscoveryError } | undefined;
  #wakeReader: (() => void) | undefined;
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined;

  constructor(host: StreamHost, peer: string) {
    this.#host = host;
    this.peer = peer;
    this.connectedAtMs = host.clock.nowMs();
  }

  get node(): ProxyNode | undefined {
    return this.#node;
  }

  get client(): ClientInfo {
    return this.#client;
  }

  get group(): ViewGroup | undefined {
    return this.#group;
  }

  get subscriptions(): ReadonlyMap<string, Subscription> {
    return this.#subscriptions;
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** What ended the stream, if it did not end in peace. */
  get error(): DiscoveryError | undefined {
    return this.#ended?.error;
  }

  /** Whether all that is due was sent and answered. */
  get isSettled(): boolean {
    return this.isEnded || [...this.#subscriptions.values()].every(isSettled);
  }

  /** Takes one request. A request that breaks the rules ends the stream with an error; nothing is thrown. */
  receive(request: DeltaDiscoveryRequest): void {
    if (this.isEnded) return;
    this.#host.counters.requests += 1;
    try {
      this.#apply(request);
    } catch (error) {
      this.end(asDiscoveryError(error));
      return;
    }
    this.#observeConvergence();
    this.#host.progressed(this);
    this.wake();
  }

  /** Notes that resources of the stream's view changed. Follow with {@link wake}. */
  noteChanges(typeUrl: string, names: Iterable<string>): void {
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription !== undefined) markChanged(subscription, names);
  }

  /** Notes when a change came up that is due to this stream, so that it is known how long it takes. */
  noteChangeAt(atMs: number): void {
    this.#change ??= { atMs, isSent: false, isRefused: false };
  }

  /** Moves the stream to another view: what differs from what the client holds is due. Follow with {@link wake}. */
  moveTo(node: ProxyNode, group: ViewGroup): void {
    this.#leaveGroup();
    this.#node = node;
    this.#group = group;
    for (const [typeUrl, subscription] of this.#subscriptions) {
      const { names, held, wildcard } = subscription;
      if (wildcard) group.setWildcard(this, typeUrl, true);
      group.addInterest(this, typeUrl, names);
      const available = group.resources(typeUrl);
      const candidates = new Set([...names, ...held.names(), ...(wildcard ? available.keys() : [])]);
      markChanged(
        subscription,
        [...candidates].filter((name) => held.version(name) !== available.get(name)?.version),
      );
    }
  }

  /** The next response to send, if any may be sent now. */
  take(): DeltaPush | undefined {
    if (this.isEnded || this.#group === undefined) return undefined;
    const { clock, observer } = this.#host;
    const nowMs = clock.nowMs();
    for (const [typeUrl, subscription] of this.#subscriptions) {
      const startedAtMs = observer.pushed === undefined ? 0 : performance.now();
      const push = takePush(
        subscription,
        {
          available: this.#available(typeUrl),
          limits: this.#host.limits,
          nowMs,
          reasonToHoldBack: (resource) => reasonToHoldBack(resource, this.#subscriptions, this.#lookup),
          reasonToKeep: (name) =>
            this.#graceReason(subscription, name, nowMs) ?? reasonToKeep(subscription, this.#subscriptions),
        },
        this.#nextNonce,
      );
      if (push === undefined) continue;
      this.#noteTaken(push, startedAtMs);
      return push;
    }
    this.#shareSettled();
    this.#armTimer();
    this.#observeConvergence();
    this.#host.progressed(this);
    return undefined;
  }

  /** Pushes until the stream ends; throws the `DiscoveryError` that ended it, if one did. */
  async *pushes(): AsyncIterableIterator<DeltaPush> {
    try {
      for (;;) {
        while (this.#host.turnBudget.isSpent) await this.#host.turnBudget.nextTurn;
        const push = this.take();
        if (push !== undefined) {
          this.#host.turnBudget.use();
          yield push;
          continue;
        }
        if (this.#ended?.error !== undefined) throw this.#ended.error;
        if (this.isEnded) return;
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    } finally {
      this.end();
    }
  }

  /** Lets {@link pushes} look again. */
  wake(): void {
    const wakeReader = this.#wakeReader;
    this.#wakeReader = undefined;
    wakeReader?.();
  }

  /** Ends the stream, with an error for the client or in peace. Only the first call counts. */
  end(error?: DiscoveryError): void {
    if (this.isEnded) return;
    this.#ended = error === undefined ? {} : { error };
    if (error !== undefined) this.#host.counters.streamErrors += 1;
    this.#timer?.cancel();
    this.#leaveGroup();
    this.#host.progressed(this);
    this.wake();
  }

  readonly #nextNonce = (): string => String(++this.#nonce);

  readonly #lookup = (typeUrl: string, name: string) => this.#available(typeUrl).get(name);

  #available(typeUrl: string): ResourcesByName {
    return this.#group?.resources(typeUrl) ?? new Map();
  }

  #apply(request: DeltaDiscoveryRequest): void {
    const { host, group } = { host: this.#host, group: this.#group ?? this.#join(request) };
    const type = host.types.get(request.typeUrl);
    if (type === undefined) throw unknownType(request.typeUrl, host.types);
    if (request.resourceLocatorsSubscribe.length > 0 || request.resourceLocatorsUnsubscribe.length > 0) {
      throw new DiscoveryError('unimplemented', `Cannot serve ${type.label}: resource locators are not supported`);
    }
    const known = this.#subscriptions.get(type.typeUrl);
    const subscription = known ?? this.#subscribe(type);
    this.#takeAnswer(subscription, request);
    const isEndpoints = type.typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL;
    const change = applySubscriptions(
      subscription,
      request,
      known === undefined,
      group.resources(type.typeUrl),
      // A changed cluster warms only by an answer of its own, even if the endpoints are those the client has.
      (name) => isEndpoints && this.#owedEndpoints.has(name),
    );
    if (isEndpoints) this.#owedEndpoints.clear();
    this.#nameCount += change.added.length - change.removed.length;
    group.addInterest(this, type.typeUrl, change.added);
    group.removeInterest(this, type.typeUrl, change.removed);
    if (change.wildcard !== 'same') group.setWildcard(this, type.typeUrl, change.wildcard === 'added');
    if (this.#nameCount > host.limits.maxNamesPerStream) {
      throw new DiscoveryError(
        'resource-exhausted',
        `Cannot serve ${type.label}: the stream subscribes to ${this.#nameCount} names, at most ${host.limits.maxNamesPerStream} are allowed`,
      );
    }
  }

  #join(request: DeltaDiscoveryRequest): ViewGroup {
    const node = this.#host.readNode(request);
    const group = this.#host.join(this, node);
    this.#node = node;
    this.#client = clientInfoOf(request.node);
    this.#group = group;
    return group;
  }

  #subscribe(type: ResourceType): Subscription {
    const subscription = emptySubscription(type);
    this.#subscriptions.set(type.typeUrl, subscription);
    // Pushes go through the map in its order, so it is kept in the order of the types, not of the client's requests.
    for (const typeUrl of this.#host.types.keys()) {
      const existing = this.#subscriptions.get(typeUrl);
      if (existing === undefined) continue;
      this.#subscriptions.delete(typeUrl);
      this.#subscriptions.set(typeUrl, existing);
    }
    return subscription;
  }

  #takeAnswer(subscription: Subscription, request: DeltaDiscoveryRequest): void {
    if (request.responseNonce === '') return;
    const { counters, clock } = this.#host;
    if (!applyAnswer(subscription, request, clock.nowMs())) {
      counters.staleNonces += 1;
    } else if (request.errorDetail === undefined) {
      counters.acks += 1;
    } else {
      counters.nacks += 1;
      if (this.#change !== undefined) this.#change.isRefused = true;
      const { typeUrl } = subscription.type;
      const names = subscription.lastNack?.names ?? [];
      this.#host.observer.rejected?.({ typeUrl, names });
      this.#host.refused(this, typeUrl, request.errorDetail.message, names);
    }
  }

  /** Tells how long the change took, once the client has acknowledged it and nothing else is due. */
  #observeConvergence(): void {
    const change = this.#change;
    if (change === undefined || this.isEnded || !this.isSettled) return;
    this.#change = undefined;
    const { clock, observer } = this.#host;
    if (change.isSent && !change.isRefused) observer.converged?.(clock.nowMs() - change.atMs);
  }

  #noteTaken(push: DeltaPush, startedAtMs: number): void {
    const { counters, observer } = this.#host;
    if (this.#change !== undefined) this.#change.isSent = true;
    counters.responses += 1;
    counters.resourcesSent += push.resources.length + push.absent.length;
    counters.removalsSent += push.removed.length;
    let bytes = 0;
    for (const resource of push.resources) bytes += resource.bytes.length;
    counters.resourceBytesSent += bytes;
    observer.pushed?.({
      typeUrl: push.typeUrl,
      resources: push.resources.length,
      removals: push.removed.length,
      bytes,
      elapsedMs: performance.now() - startedAtMs,
    });
    if (push.typeUrl !== CLUSTER_TYPE_URL) return;
    const endpoints = this.#subscriptions.get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    for (const cluster of push.resources) {
      const name = endpointsNamedBy(cluster);
      if (name === undefined) continue;
      if (endpoints === undefined) this.#owedEndpoints.add(name);
      else if (endpoints.names.has(name)) endpoints.asked.add(name);
    }
  }

  /** A client that holds exactly what its view offers is remembered by a reference to the view's map. */
  #shareSettled(): void {
    for (const [typeUrl, subscription] of this.#subscriptions) {
      if (subscription.held.differences === 0 || subscription.rejected.size > 0 || !isSettled(subscription)) continue;
      subscription.held.share(this.#available(typeUrl));
    }
  }

  get #graceEndsAtMs(): number {
    return this.connectedAtMs + this.#host.limits.reconnectGraceMs;
  }

  /** Why a resource that the client only stated is not removed yet. A listener is: another may need its port. */
  #graceReason({ type, held }: Subscription, name: string, nowMs: number): string | undefined {
    if (type.removedAfter.length === 0 || nowMs >= this.#graceEndsAtMs) return undefined;
    const isStated = held.get(name)?.resource === undefined;
    return isStated ? 'the client has just connected and may not have said yet what it uses' : undefined;
  }

  #armTimer(): void {
    const nowMs = this.#host.clock.nowMs();
    let atMs = Number.POSITIVE_INFINITY;
    for (const subscription of this.#subscriptions.values()) {
      atMs = Math.min(atMs, nextDeadline(subscription, this.#host.limits) ?? atMs);
      if (subscription.heldBack.size > 0 && nowMs < this.#graceEndsAtMs) atMs = Math.min(atMs, this.#graceEndsAtMs);
    }
    if (this.#timer?.atMs === atMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    if (atMs === Number.POSITIVE_INFINITY) return;
    const cancel = this.#host.clock.after(Math.max(0, atMs - nowMs), () => {
      this.#timer = undefined;
      this.wake();
    });
    this.#timer = { atMs, cancel };
  }

  #leaveGroup(): void {
    const group = this.#group;
    if (group === undefined) return;
    group.streams.delete(this);
    for (const [typeUrl, { names, wildcard }] of this.#subscriptions) {
      if (wildcard) group.setWildcard(this, typeUrl, false);
      group.removeInterest(this, typeUrl, names);
    }
  }
}

function unknownType(typeUrl: string, types: ReadonlyMap<string, ResourceType>): DiscoveryError {
  const served = [...types.keys()].join(', ');
  return new DiscoveryError(
    'invalid-argument',
    `Cannot serve type "${typeUrl.slice(0, 200)}", wanted one of ${served}`,
  );
}

function asDiscoveryError(error: unknown): DiscoveryError {
  if (error instanceof DiscoveryError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DiscoveryError('internal', `Cannot serve this stream: ${reason}`, { cause: error });
}
