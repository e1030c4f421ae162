import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL, SECRET_TYPE_URL } from '@heddle/envoy-api';
import type { DiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { ProxyNode, ResourcesByName, XdsResource } from '@heddle/model';
import { type ClientInfo, clientInfoOf } from './client-info.ts';
import { Convergence } from './convergence.ts';
import { asDiscoveryError, DiscoveryError } from './discovery-error.ts';
import { canExpire, Heartbeats } from './heartbeats.ts';
import { reasonToHoldBack, reasonToKeep } from './make-before-break.ts';
import { endpointsToAnswer, OwedEndpoints } from './owed-endpoints.ts';
import { type DeltaPush, nextDeadline, noteOutstanding, takePush } from './push.ts';
import { countPush } from './push-account.ts';
import { applySubscriptions, type DeltaRequest, type SubscriptionRequest } from './receive.ts';
import { type AnswerRequest, applyAnswer } from './receive-answer.ts';
import { isStale, stateAsChange } from './receive-state.ts';
import { refuseLocators, requestType } from './request-type.ts';
import type { ResourceType } from './resource-type.ts';
import type { OpenStreamOptions, StreamHost, StreamVariant } from './stream-host.ts';
import { StreamLife } from './stream-life.ts';
import {
  emptySubscription,
  hasDue,
  isSettled,
  isUnanswered,
  markChanged,
  type ResponseStyle,
  type Subscription,
  unfold,
} from './subscription.ts';
import type { ViewGroup } from './view-group.ts';
import { WakeTimer } from './wake-timer.ts';

/** The largest message that gRPC clients take by default, in bytes. */
const GRPC_DEFAULT_MESSAGE_BYTES = 4 * 1024 * 1024;

/** How many requests wait for a view at most; a data plane begins with one for each type. */
const MAX_WAITING_REQUESTS = 64;

const NO_RESOURCES: ResourcesByName = new Map();

/** The parts that the requests of both variants have. */
type EitherRequest = AnswerRequest & Pick<DeltaRequest, 'typeUrl' | 'node'>;

/**
 * One stream, delta or state of the world: takes requests, gives pushes. It is pulled: what a response holds is decided when the transport can take it, so
 * a blocked client costs names, not messages, and always gets the newest state.
 */
export class DiscoveryStream {
  readonly connectedAtMs: number;
  /** Who is at the other end, for people. */
  readonly peer: string;
  readonly variant: StreamVariant;
  readonly #options: OpenStreamOptions;
  /** Only for clients that know times to live. */
  #heartbeats: Heartbeats | undefined;
  readonly #isPrivate: boolean;
  #toldOfWithholding = false;
  readonly #host: StreamHost;
  readonly #life: StreamLife | undefined;
  readonly #convergence: Convergence;
  readonly #timer: WakeTimer;
  /** By type URL, in push order. */
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #owedEndpoints = new OwedEndpoints();
  #node: ProxyNode | undefined;
  #client: ClientInfo = {};
  #group: ViewGroup | undefined;
  /** Requests that came while the stream's view is prepared. */
  #waiting: (() => void)[] | undefined;
  #nameCount = 0;
  #nonce = 0;
  #ended: { readonly error?: DiscoveryError } | undefined;
  #wakeReader: (() => void) | undefined;

  constructor(host: StreamHost, peer: string, options: OpenStreamOptions = {}) {
    this.#host = host;
    this.#options = options;
    this.#isPrivate = options.isPrivate ?? options.isLocal === true;
    this.peer = peer;
    this.variant = options.variant ?? 'delta';
    this.connectedAtMs = host.clock.nowMs();
    this.#convergence = new Convergence(host.clock, host.observer);
    this.#timer = new WakeTimer(host.clock, () => this.wake());
    if (options.isLocal !== true) {
      const { clock, limits } = host;
      const letGo = (error: DiscoveryError) => this.end(error);
      this.#life = new StreamLife(clock, limits, host.random(), letGo, () => options.abandon?.());
    }
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
    if (this.isEnded) return true;
    return this.#waiting === undefined && [...this.#subscriptions.values()].every(isSettled);
  }

  /** Takes one request of the delta variant. One that breaks the rules ends the stream with an error; nothing is thrown. */
  receive(request: DeltaRequest): void {
    this.#receiveInTurn(request, () => this.#applyDelta(request));
  }

  /** Takes one request of the state-of-the-world variant, like {@link receive}. */
  receiveState(request: DiscoveryRequest): void {
    this.#receiveInTurn(request, () => this.#applyState(request));
  }

  /** Applies a request behind those that wait for the stream's view. */
  #receiveInTurn(request: EitherRequest, apply: () => void): void {
    if (this.isEnded) return;
    if (this.#waiting === undefined && this.#group === undefined) {
      try {
        const preparing = this.#host.prepare(request);
        if (preparing !== undefined) {
          this.#waiting = [];
          const proceed = () => this.#proceed();
          preparing.then(proceed, proceed);
        }
      } catch (error) {
        this.end(asDiscoveryError(error));
        return;
      }
    }
    this.#waiting?.push(apply);
    // Who says so much before the first answer gets it in one go.
    if (this.#waiting === undefined) this.#receive(apply);
    else if (this.#waiting.length > MAX_WAITING_REQUESTS) this.#proceed();
  }

  #proceed(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const apply of waiting) this.#receive(apply);
  }

  #receive(apply: () => void): void {
    if (this.isEnded) return;
    this.#host.counters.requests += 1;
    this.#life?.requested();
    try {
      apply();
    } catch (error) {
      this.end(asDiscoveryError(error));
      return;
    }
    this.#observeConvergence();
    this.#host.progressed(this);
    this.wake();
  }

  /** Whether the client has acknowledged this version of a resource. */
  hasAccepted(typeUrl: string, name: string, version: string): boolean {
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription?.held.version(name) !== version || subscription.rejected.has(name)) return false;
    return !isUnanswered(subscription, name);
  }

  /** Notes that resources of the stream's view changed. Follow with {@link wake}. */
  noteChanges(typeUrl: string, names: Iterable<string>): void {
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription !== undefined) markChanged(subscription, names);
  }

  /** Notes when a change came up that is due to this stream, so that it is known how long it takes. */
  noteChangeAt(atMs: number): void {
    this.#convergence.began(atMs);
  }

  /** Moves the stream to another view: what differs from what the client holds is due. Follow with {@link wake}. */
  moveTo(node: ProxyNode, group: ViewGroup): void {
    this.#leaveGroup();
    this.#node = node;
    this.#group = group;
    for (const [typeUrl, subscription] of this.#subscriptions) {
      const { names, held, wildcard } = subscription;
      unfold(subscription);
      group.interestIn(typeUrl).enter(this, wildcard, names);
      const available = this.#offered(group, typeUrl);
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
    const heartbeat = this.#takeHeartbeat(nowMs);
    if (heartbeat !== undefined) return heartbeat;
    for (const [typeUrl, subscription] of this.#subscriptions) {
      if (!hasDue(subscription)) continue;
      const startedAtMs = observer.pushed === undefined ? 0 : performance.now();
      const push = takePush(
        subscription,
        {
          available: this.#offer(typeUrl),
          limits: this.#host.limits,
          plans: this.#host.plans,
          nowMs,
          hasRefusals: this.#group.hasRefusals(typeUrl),
          refusal: (name) => this.#group?.refusal(typeUrl, name),
          reasonToHoldBack: (resource) => reasonToHoldBack(resource, this.#subscriptions, this.#offer),
          reasonToKeep: (name) =>
            this.#graceReason(subscription, name, nowMs) ?? reasonToKeep(subscription, this.#subscriptions),
        },
        this.#nextNonce,
      );
      if (push === undefined) continue;
      this.#noteTaken(push, startedAtMs);
      return this.#heartbeats?.sent(push, subscription.style, nowMs) ?? push;
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
          this.#life?.handedOut();
          yield push;
          this.#life?.wasTaken();
          continue;
        }
        if (this.#ended?.error !== undefined) throw this.#ended.error;
        if (this.isEnded) return;
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    } finally {
      this.#life?.wasTaken();
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
    this.#timer.cancel();
    this.#leaveGroup();
    this.#host.progressed(this);
    this.#life?.end();
    this.wake();
  }

  readonly #nextNonce = (): string => String(++this.#nonce);

  readonly #offer = (typeUrl: string): ResourcesByName =>
    this.#group === undefined ? NO_RESOURCES : this.#offered(this.#group, typeUrl);

  /** What the view has, without secrets where others could read them. */
  #offered(group: ViewGroup, typeUrl: string): ResourcesByName {
    const resources = group.resources(typeUrl);
    if (typeUrl !== SECRET_TYPE_URL || this.#isPrivate || resources.size === 0) return resources;
    if (!this.#toldOfWithholding) {
      this.#toldOfWithholding = true;
      this.#host.withheld(this);
    }
    return NO_RESOURCES;
  }

  #applyDelta(request: DeltaRequest): void {
    const { group, subscription, isFirst } = this.#begin(request);
    const { type } = subscription;
    refuseLocators(type, request.resourceLocatorsSubscribe);
    refuseLocators(type, request.resourceLocatorsUnsubscribe);
    this.#takeAnswer(subscription, request);
    this.#changeSubscription(group, subscription, request, isFirst);
  }

  #applyState(request: DiscoveryRequest): void {
    const { group, subscription, isFirst } = this.#begin(request);
    const { type } = subscription;
    refuseLocators(type, request.resourceLocators);
    const stale = isStale(subscription, request.responseNonce, isFirst);
    // What it says about the response it answers is worth knowing all the same; what it lists will be said again.
    this.#takeAnswer(subscription, request);
    if (stale) return;
    this.#changeSubscription(group, subscription, stateAsChange(subscription, request), isFirst);
    // Of what a client had before it came back, only the next full set tells it what is gone. It is sent even if the stated version
    // is the set's: a client that refused a part of a later one and used the rest states the version before it.
    if (isFirst && subscription.style === 'full-set' && request.versionInfo !== '') subscription.owesAnswer = true;
  }

  /** What every request needs: the group of the stream's view, and the subscription that the request is about. */
  #begin(request: EitherRequest): {
    readonly group: ViewGroup;
    readonly subscription: Subscription;
    readonly isFirst: boolean;
  } {
    const group = this.#group ?? this.#join(request);
    const type = requestType(request.typeUrl, this.#host.types, this.variant, this.#options.typeUrl);
    const known = this.#subscriptions.get(type.typeUrl);
    return { group, subscription: known ?? this.#subscribe(type), isFirst: known === undefined };
  }

  #changeSubscription(
    group: ViewGroup,
    subscription: Subscription,
    request: SubscriptionRequest,
    isFirst: boolean,
  ): void {
    const { type } = subscription;
    const { limits, lists, plans } = this.#host;
    const isEndpoints = type.typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL;
    const available = this.#offered(group, type.typeUrl);
    const namesBefore = subscription.names.size;
    const change = applySubscriptions(subscription, request, isFirst, {
      available,
      hasRefusals: group.hasRefusals(type.typeUrl),
      lists,
      plans,
      isSpared: (name, version) => {
        if (isEndpoints && this.#owedEndpoints.has(name)) return false;
        const current = available.get(name)?.version;
        if (version === current) return true;
        const refusal = group.refusal(type.typeUrl, name);
        return refusal !== undefined && refusal.version === current && refusal.lastGood.version === version;
      },
    });
    if (isEndpoints) this.#owedEndpoints.clear();
    if (isFirst) this.#expectHeartbeats(available, request.initialResourceVersions);
    this.#nameCount += subscription.names.size - namesBefore;
    group.interestIn(type.typeUrl).change(this, change);
    if (this.#nameCount > limits.maxNamesPerStream) {
      throw new DiscoveryError(
        'resource-exhausted',
        `Cannot serve ${type.label}: the stream subscribes to ${this.#nameCount} names, at most ${limits.maxNamesPerStream} are allowed`,
      );
    }
  }

  #join(request: EitherRequest): ViewGroup {
    const node = this.#host.readNode(request);
    const group = this.#host.join(this, node);
    if (canExpire(request.node?.clientFeatures ?? [], this.variant)) this.#heartbeats = new Heartbeats();
    this.#node = node;
    this.#client = clientInfoOf(request.node);
    this.#group = group;
    return group;
  }

  #subscribe(type: ResourceType): Subscription {
    const subscription = emptySubscription(type, this.#styleOf(type));
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

  #styleOf(type: ResourceType): ResponseStyle {
    if (this.variant === 'delta') return 'delta';
    return type.wildcard ? 'full-set' : 'partial';
  }

  #takeAnswer(subscription: Subscription, request: AnswerRequest): void {
    if (request.responseNonce === '') return;
    const { counters, clock } = this.#host;
    const { typeUrl } = subscription.type;
    const lifted: XdsResource[] = [];
    const group = this.#group;
    const lift = (resource: XdsResource) => {
      if (group?.refusal(typeUrl, resource.name)?.version === resource.version) lifted.push(resource);
    };
    const accepted = group?.hasRefusals(typeUrl) === true ? lift : undefined;
    const isKnown = applyAnswer(subscription, request, clock.nowMs(), accepted);
    if (!isKnown) {
      // State of the world repeats the last nonce in every request.
      if (request.responseNonce !== subscription.lastSent?.nonce) counters.staleNonces += 1;
      return;
    }
    this.#life?.answered([...this.#subscriptions.values()].every(({ outstanding }) => outstanding.size === 0));
    if (request.errorDetail === undefined) {
      counters.acks += 1;
    } else {
      counters.nacks += 1;
      this.#convergence.refused();
      const names = subscription.lastNack?.names ?? [];
      this.#host.observer.rejected?.({ typeUrl, names });
      this.#host.refused(this, typeUrl, request.errorDetail.message, names);
      for (const name of names) this.#tellRefusal(subscription, name);
    }
    for (const { name } of lifted) group?.allow(typeUrl, name);
  }

  #observeConvergence(): void {
    if (this.#convergence.isPending && !this.isEnded && this.isSettled) this.#convergence.settled();
  }

  /** Spares other clients of the view what this one refused. */
  #tellRefusal({ type, rejected }: Subscription, name: string): void {
    const rejection = rejected.get(name);
    if (rejection?.lastGood === undefined) return;
    this.#group?.refuse(this, type.typeUrl, name, { version: rejection.version, lastGood: rejection.lastGood });
  }

  #noteTaken(push: DeltaPush, startedAtMs: number): void {
    const { counters, observer } = this.#host;
    this.#convergence.sent();
    const bytes = countPush(push, counters, observer, startedAtMs);
    // A full set cannot be cut, and a single resource neither.
    if (bytes > GRPC_DEFAULT_MESSAGE_BYTES) this.#host.oversize(this, push.typeUrl, bytes);
    if (push.typeUrl !== CLUSTER_TYPE_URL) return;
    const endpoints = this.#subscriptions.get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    if (endpoints === undefined) this.#owedEndpoints.add(push);
    else for (const name of endpointsToAnswer(push, endpoints.names)) endpoints.asked.add(name);
  }

  /** What the client brings along from an earlier stream is near its end, for all we know. */
  #expectHeartbeats(available: ResourcesByName, stated: Readonly<Record<string, string>>): void {
    if (this.#heartbeats === undefined) return;
    for (const [name, version] of Object.entries(stated)) {
      const resource = available.get(name);
      if (resource?.version === version) this.#heartbeats.stated(resource, this.#host.clock.nowMs());
    }
  }

  /**
   * A response that keeps alive what the client has and would drop soon. By state of the world it is the resource once more: there a
   * set of heartbeats cannot be told from a set without the others.
   */
  #takeHeartbeat(nowMs: number): DeltaPush | undefined {
    if (this.#heartbeats === undefined || this.#heartbeats.nextAtMs > nowMs) return undefined;
    for (const [typeUrl, subscription] of this.#subscriptions) {
      const due = this.#heartbeats.take(typeUrl, nowMs);
      const live = due.filter(({ name, version }) => subscription.held.version(name) === version);
      for (const gone of due) if (!live.includes(gone)) this.#heartbeats.drop(typeUrl, gone.name);
      if (live.length === 0) continue;
      if (this.variant === 'state-of-the-world') {
        for (const { name } of live) subscription.asked.add(name);
        continue;
      }
      const nonce = this.#nextNonce();
      noteOutstanding(subscription, { resources: [] }, nonce, nowMs);
      const push = { typeUrl, nonce, resources: [], absent: [], removed: [], heartbeats: live, expires: true };
      countPush(push, this.#host.counters, this.#host.observer, performance.now());
      return push;
    }
    return undefined;
  }

  /** A client that holds exactly what its view offers is remembered by a reference to the view's map. */
  #shareSettled(): void {
    for (const [typeUrl, subscription] of this.#subscriptions) {
      const { held, rejected } = subscription;
      const available = this.#offer(typeUrl);
      if (held.follows(available) || rejected.size > 0 || !isSettled(subscription)) continue;
      if (this.#group?.hasRefusals(typeUrl) !== true) held.share(available);
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
    this.#timer.set(Math.min(atMs, this.#heartbeats?.nextAtMs ?? atMs));
  }

  #leaveGroup(): void {
    const group = this.#group;
    if (group === undefined) return;
    group.streams.delete(this);
    for (const [typeUrl, { names }] of this.#subscriptions) {
      group.interestIn(typeUrl).leave(this, names);
    }
  }
}
