import type { ConnectRouter } from '@connectrpc/connect';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import {
  type AdsTransport,
  type Clock,
  type CompiledView,
  type ProxyNode,
  systemClock,
  type View,
} from '@heddle/model';
import { Admission, type AdmissionLimits } from './admission.ts';
import { registerDiscoveryRoutes } from './connect-service.ts';
import { type DiscoveryCounters, newCounters } from './counters.ts';
import { deltaResponse } from './delta-response.ts';
import { DiscoveryError } from './discovery-error.ts';
import { DiscoveryStream, type OpenStreamOptions, type StreamLimits, type StreamVariant } from './discovery-stream.ts';
import type { DiscoveryObserver } from './observer.ts';
import { Pace, type PaceLimits } from './pace.ts';
import { proxyNodeOf } from './proxy-node-of.ts';
import type { DeltaPush } from './push.ts';
import { RESOURCE_TYPES, type ResourceType } from './resource-type.ts';
import { stateResponse } from './state-response.ts';
import { type ConfigDump, configDump, type StreamStatus, streamStatus } from './stream-status.ts';
import { TurnBudget } from './turn-budget.ts';
import { ViewGroup } from './view-group.ts';

/** Bounds on what clients may cost. */
export interface DiscoveryLimits extends StreamLimits, AdmissionLimits, PaceLimits {
  /** Streams served at a time; more are refused with `RESOURCE_EXHAUSTED`. */
  readonly maxStreams: number;
}

/** The bounds that hold unless {@link DiscoveryServerOptions.limits} says otherwise. */
export const DEFAULT_LIMITS: DiscoveryLimits = {
  // Changes of other types get in between; smaller messages cost more framing.
  maxResponseBytes: 100_000,
  maxResponseResources: 100,
  holdLimitMs: 5_000,
  reconnectGraceMs: 1_000,
  maxNamesPerStream: 50_000,
  maxStreams: 10_000,
  firstRequestTimeoutMs: 15_000,
  readTimeoutMs: 60_000,
  // Envoy answers clusters only when they are warm, and DNS or health checks may take their time.
  answerTimeoutMs: 300_000,
  maxStreamAgeMs: 30 * 60_000,
  maxNewStreamsPerSecond: 250,
  maxNewStreamsAtOnce: 250,
  maxUpdateDelayMs: 500,
};

/** What streams may send in one turn of the event loop: half of the 20 ms that a thread which serves requests may be held up. */
const MAX_TURN_MS = 10;
const MAX_TURN_RESPONSES = 64;

/** Something that happened, for a log. */
export interface DiscoveryEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly nodeId?: string;
  readonly typeUrl?: string;
  /** The view of the stream that it is about. */
  readonly viewKey?: string;
  /** Of a refusal: the resources refused, and the client's words. */
  readonly rejected?: { readonly names: readonly string[]; readonly reason: string };
}

/** What a discovery server is made of. */
export interface DiscoveryServerOptions {
  /** Which view a data plane belongs to. Called when it connects, and for all on `update({ reclassify: true })`. */
  resolveView(node: ProxyNode): View;
  /** What a view offers now. An unchanged type should be the same Map as before, and an unchanged view the same object. */
  compile(view: View): CompiledView;
  log?(event: DiscoveryEvent): void;
  readonly observer?: DiscoveryObserver;
  readonly limits?: Partial<DiscoveryLimits>;
  /** Types served, in push order; by default {@link RESOURCE_TYPES}. */
  readonly types?: readonly ResourceType[];
  readonly clock?: Clock;
  /** A number from 0 to 1, for spreading the end of streams. */
  readonly random?: () => number;
}

/** How far an update goes. */
export interface UpdateOptions {
  /** Whether to ask anew which view each data plane belongs to. */
  readonly reclassify?: boolean;
}

/** What an update did. */
export interface UpdateSummary {
  /** Views in use, compiled once each. */
  readonly views: number;
  /** Resources that changed, summed over views. */
  readonly changedResources: number;
  /** Streams to which something is due. */
  readonly streams: number;
  /** Streams that moved to another view. */
  readonly reclassified: number;
}

/** A discovery server. */
export interface DiscoveryServer {
  /**
   * Tells the server that what `compile` gives may have changed: compiles each view in use once and sends what differs to the streams
   * concerned. With `reclassify`, asks `resolveView` again for every stream first.
   */
  update(options?: UpdateOptions): UpdateSummary;
  /**
   * The same, when it is worth it: at once if little was going on, together with other changes if many come, at the latest
   * `maxUpdateDelayMs` after the first of them (docs/decisions/0022-updates-follow-their-cost.md). Resolves when it is done.
   *
   * @param begin called when the update begins: the moment to switch to what `compile` is to see from now on
   */
  scheduleUpdate(begin?: () => UpdateOptions | undefined): Promise<UpdateSummary>;
  /** A transport for clients in this process; messages and their bytes are shared, not copied. */
  connect(): AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse>;
  /** The same for clients that speak state of the world. */
  connectStateOfTheWorld(): AdsTransport<DiscoveryRequest, DiscoveryResponse>;
  /** Serves aggregated discovery and the services of one type each on a Connect router. */
  registerRoutes(router: ConnectRouter): void;
  /**
   * Resolves when a new stream of a network transport may be opened, or when the signal says that its client has gone. Wait for it
   * before the first request is read, so that 1,000 clients that connect at once cost their connections only.
   */
  admit(signal?: AbortSignal): Promise<void>;
  /** Opens a stream below the level of messages: for transports. Throws `DiscoveryError` if the server takes no more. */
  openStream(peer: string, options?: OpenStreamOptions): DiscoveryStream;
  /** The message for a push of a delta stream, on a transport that carries messages. */
  toResponse(push: DeltaPush): DeltaDiscoveryResponse;
  /** The message for a push of a state-of-the-world stream. */
  toStateResponse(push: DeltaPush): DiscoveryResponse;
  /** Every open stream. */
  streams(): readonly StreamStatus[];
  /** What the newest stream of a data plane was last sent; undefined if it is not connected. */
  configDump(nodeId: string): ConfigDump | undefined;
  /** Resolves when every open stream was sent all that is due and has answered it. */
  settled(): Promise<void>;
  readonly counters: Readonly<DiscoveryCounters>;
  /** Refuses new streams and ends the open ones, at random moments within `drainMs` (0: at once); resolves when all have ended. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Serves resources to data planes by the xDS protocol, all four variants (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). It
 * does not know where resources come from: `compile` gives them by view, the server keeps clients in step with it.
 *
 * @example
 * const server = createDiscoveryServer({ resolveView: (node) => viewOf(node, new Set()), compile: () => compiled });
 * compiled = next;
 * server.update();
 */
export function createDiscoveryServer(options: DiscoveryServerOptions): DiscoveryServer {
  return new InMemoryDiscovery(options);
}

class InMemoryDiscovery implements DiscoveryServer {
  readonly counters = newCounters();
  readonly #options: DiscoveryServerOptions;
  readonly #limits: DiscoveryLimits;
  readonly #clock: Clock;
  readonly #types: ReadonlyMap<string, ResourceType>;
  readonly #groups = new Map<string, ViewGroup>();
  readonly #streams = new Set<DiscoveryStream>();
  readonly #turnBudget = new TurnBudget(MAX_TURN_MS, MAX_TURN_RESPONSES);
  readonly #admission: Admission;
  readonly #pace: Pace<UpdateSummary>;
  readonly #random: () => number;
  readonly #scheduled: (() => UpdateOptions | undefined)[] = [];
  #settledWaiters: (() => void)[] = [];
  #isClosing = false;

  constructor(options: DiscoveryServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#admission = new Admission(this.#clock, this.#limits);
    this.#pace = new Pace({
      clock: this.#clock,
      maxDelayMs: this.#limits.maxUpdateDelayMs,
      run: () => {
        const begun = this.#scheduled.splice(0).map((begin) => begin());
        return this.update({ reclassify: begun.some((options) => options?.reclassify === true) });
      },
      busyMs: () => this.#turnBudget.busyMs,
    });
    this.#types = new Map((options.types ?? RESOURCE_TYPES).map((type) => [type.typeUrl, type]));
  }

  update({ reclassify = false }: UpdateOptions = {}): UpdateSummary {
    this.counters.updates += 1;
    const fresh = new Set<ViewGroup>();
    const touched = new Set<DiscoveryStream>();
    let reclassified = 0;
    if (reclassify) {
      for (const stream of this.#streams) {
        if (!this.#reclassify(stream, fresh)) continue;
        reclassified += 1;
        touched.add(stream);
      }
    }
    let changedResources = 0;
    for (const group of this.#groups.values()) {
      if (fresh.has(group)) continue;
      const compiled = this.#compileOrKeep(group);
      if (compiled === group.compiled) continue;
      const { changed, streams } = group.replace(compiled);
      changedResources += changed;
      for (const stream of streams) touched.add(stream);
    }
    const nowMs = this.#clock.nowMs();
    for (const stream of touched) {
      stream.noteChangeAt(nowMs);
      stream.wake();
    }
    return { views: this.#groups.size, changedResources, streams: touched.size, reclassified };
  }

  scheduleUpdate(begin: () => UpdateOptions | undefined = () => undefined): Promise<UpdateSummary> {
    this.#scheduled.push(begin);
    return this.#pace.run();
  }

  connect(): AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
    return this.#connect(
      'delta',
      (stream, request) => stream.receive(request),
      (push) => this.toResponse(push),
    );
  }

  connectStateOfTheWorld(): AdsTransport<DiscoveryRequest, DiscoveryResponse> {
    return this.#connect(
      'state-of-the-world',
      (stream, request) => stream.receiveState(request),
      (push) => this.toStateResponse(push),
    );
  }

  #connect<Request, Response>(
    variant: StreamVariant,
    receive: (stream: DiscoveryStream, request: Request) => void,
    toResponse: (push: DeltaPush) => Response,
  ): AdsTransport<Request, Response> {
    return {
      open: (signal) => {
        let stream: DiscoveryStream;
        try {
          stream = this.openStream('memory', { variant, isLocal: true });
        } catch (error) {
          return { send: () => {}, responses: failing(error), close: () => {} };
        }
        const close = () => stream.end();
        if (signal.aborted) close();
        else signal.addEventListener('abort', close, { once: true });
        return {
          send: (request) => receive(stream, request),
          responses: responsesOf(stream, toResponse, () => signal.removeEventListener('abort', close)),
          close,
        };
      },
    };
  }

  registerRoutes(router: ConnectRouter): void {
    registerDiscoveryRoutes(router, this);
  }

  async admit(signal?: AbortSignal): Promise<void> {
    // Those who wait hold connections, so they are bounded with the streams.
    if (this.#isClosing || this.#streams.size + this.#admission.waiting >= this.#limits.maxStreams) return;
    await this.#admission.admit(signal);
  }

  openStream(peer: string, options?: OpenStreamOptions): DiscoveryStream {
    if (this.#isClosing) throw new DiscoveryError('unavailable', 'Cannot open a stream: the server is shutting down');
    const count = this.#streams.size + this.#admission.waiting;
    if (count >= this.#limits.maxStreams) {
      throw new DiscoveryError(
        'resource-exhausted',
        `Cannot open a stream: ${count} are open, at most ${this.#limits.maxStreams} are allowed`,
      );
    }
    const stream = new DiscoveryStream(
      {
        types: this.#types,
        limits: this.#limits,
        clock: this.#clock,
        counters: this.counters,
        turnBudget: this.#turnBudget,
        observer: this.#options.observer ?? {},
        readNode: (request) => proxyNodeOf(request.node),
        join: (joining, node) => this.#join(joining, node),
        progressed: (progressing) => this.#progressed(progressing),
        refused: (refusing, typeUrl, reason, names) =>
          this.#log('warn', `a response was refused: ${reason}`, refusing, typeUrl, undefined, { names, reason }),
        oversize: (concerned, typeUrl, bytes) => this.#noteOversize(concerned, typeUrl, bytes),
        random: () => this.#random(),
      },
      peer,
      options,
    );
    this.#streams.add(stream);
    this.counters.streamsOpened += 1;
    return stream;
  }

  toResponse(push: DeltaPush): DeltaDiscoveryResponse {
    return deltaResponse(push, String(this.counters.updates));
  }

  toStateResponse(push: DeltaPush): DiscoveryResponse {
    return stateResponse(push);
  }

  streams(): readonly StreamStatus[] {
    return [...this.#streams].map(streamStatus);
  }

  configDump(nodeId: string): ConfigDump | undefined {
    const stream = [...this.#streams].findLast(({ node }) => node?.id === nodeId);
    return stream === undefined ? undefined : configDump(stream);
  }

  settled(): Promise<void> {
    if (this.#isSettled()) return Promise.resolve();
    return new Promise((resolve) => this.#settledWaiters.push(resolve));
  }

  async close({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    this.#isClosing = true;
    this.#pace.close();
    this.#admission.open();
    const goodbye = () => new DiscoveryError('unavailable', 'The server is shutting down; connect again');
    await Promise.all(
      [...this.#streams].map(
        (stream) =>
          new Promise<void>((resolve) => {
            const end = () => {
              stream.end(goodbye());
              resolve();
            };
            if (drainMs <= 0) end();
            else this.#clock.after(Math.floor(this.#random() * drainMs), end);
          }),
      ),
    );
  }

  #join(stream: DiscoveryStream, node: ProxyNode): ViewGroup {
    const view = this.#options.resolveView(node);
    let group = this.#groups.get(view.key);
    if (group === undefined) {
      this.counters.compiles += 1;
      group = new ViewGroup(view, this.#options.compile(view));
      this.#groups.set(view.key, group);
    }
    group.streams.add(stream);
    this.#log('info', `stream opened from ${stream.peer}`, undefined, undefined, node.id);
    return group;
  }

  #reclassify(stream: DiscoveryStream, fresh: Set<ViewGroup>): boolean {
    const { node, group } = stream;
    if (node === undefined || group === undefined) return false;
    try {
      const view = this.#options.resolveView(node);
      if (view.key === group.view.key) return false;
      let target = this.#groups.get(view.key);
      if (target === undefined) {
        this.counters.compiles += 1;
        target = new ViewGroup(view, this.#options.compile(view));
        this.#groups.set(view.key, target);
        fresh.add(target);
      }
      stream.moveTo(node, target);
      target.streams.add(stream);
      this.#dropIfUnused(group);
      return true;
    } catch (error) {
      this.#log('error', `cannot resolve the view, the stream keeps its last one: ${reasonOf(error)}`, stream);
      return false;
    }
  }

  #compileOrKeep(group: ViewGroup): CompiledView {
    this.counters.compiles += 1;
    try {
      return this.#options.compile(group.view);
    } catch (error) {
      this.#log('error', `cannot compile view ${group.view.key}, its last state is served: ${reasonOf(error)}`);
      return group.compiled;
    }
  }

  #noteOversize(stream: DiscoveryStream, typeUrl: string, bytes: number): void {
    this.counters.oversizeResponses += 1;
    const message = `a response of ${bytes} bytes is larger than the 4 MiB that gRPC clients take by default`;
    this.#log('warn', message, stream, typeUrl);
  }

  #progressed(stream: DiscoveryStream): void {
    if (stream.isEnded && this.#streams.delete(stream)) {
      this.counters.streamsClosed += 1;
      if (stream.group !== undefined) this.#dropIfUnused(stream.group);
      const reason = stream.error === undefined ? 'by the client' : `with an error: ${stream.error.message}`;
      this.#log(stream.error === undefined ? 'info' : 'warn', `stream ended ${reason}`, stream);
    }
    if (this.#settledWaiters.length > 0 && this.#isSettled()) {
      const waiters = this.#settledWaiters;
      this.#settledWaiters = [];
      for (const resolve of waiters) resolve();
    }
  }

  #isSettled(): boolean {
    for (const stream of this.#streams) if (!stream.isSettled) return false;
    return true;
  }

  #dropIfUnused(group: ViewGroup): void {
    if (group.streams.size === 0 && this.#groups.get(group.view.key) === group) this.#groups.delete(group.view.key);
  }

  #log(
    level: DiscoveryEvent['level'],
    message: string,
    stream?: DiscoveryStream,
    typeUrl?: string,
    id?: string,
    rejected?: DiscoveryEvent['rejected'],
  ): void {
    const nodeId = id ?? stream?.node?.id;
    const viewKey = stream?.group?.view.key;
    this.#options.log?.({
      level,
      message,
      ...(nodeId === undefined ? {} : { nodeId }),
      ...(typeUrl === undefined ? {} : { typeUrl }),
      ...(viewKey === undefined ? {} : { viewKey }),
      ...(rejected === undefined ? {} : { rejected }),
    });
  }
}

async function* responsesOf<Response>(
  stream: DiscoveryStream,
  toResponse: (push: DeltaPush) => Response,
  ended: () => void,
): AsyncIterableIterator<Response> {
  try {
    for await (const push of stream.pushes()) yield toResponse(push);
  } finally {
    ended();
  }
}

function failing(error: unknown): AsyncIterable<never> {
  return {
    [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
