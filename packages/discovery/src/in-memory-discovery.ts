import type { ConnectRouter } from '@connectrpc/connect';
import { SECRET_TYPE_URL } from '@heddle/envoy-api';
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponse,
  DiscoveryRequest,
  DiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import { type AdsTransport, type Clock, type ProxyNode, systemClock } from '@heddle/model';
import { Admission } from './admission.ts';
import { ChunkPlans } from './chunk.ts';
import { registerDiscoveryRoutes } from './connect-service.ts';
import { newCounters } from './counters.ts';
import { deltaResponse } from './delta-response.ts';
import { DiscoveryError } from './discovery-error.ts';
import { DEFAULT_LIMITS, type DiscoveryLimits } from './discovery-limits.ts';
import type {
  DiscoveryEvent,
  DiscoveryServer,
  DiscoveryServerOptions,
  UpdateOptions,
  UpdateSummary,
} from './discovery-server.ts';
import { DiscoveryStream } from './discovery-stream.ts';
import { memoryTransport } from './memory-transport.ts';
import { NameLists } from './name-list.ts';
import { Pace } from './pace.ts';
import { proxyNodeOf } from './proxy-node-of.ts';
import type { DeltaPush } from './push.ts';
import { RESOURCE_TYPES } from './resource-type.ts';
import { stateResponse } from './state-response.ts';
import type { OpenStreamOptions, StreamHost } from './stream-host.ts';
import { type ConfigDump, configDump, type StreamStatus, streamStatus } from './stream-status.ts';
import { TurnBudget } from './turn-budget.ts';
import type { ViewGroup } from './view-group.ts';
import { ViewGroups } from './view-groups.ts';

/** What streams may send in one turn of the event loop: half of the 20 ms that a thread which serves requests may be held up. */
const MAX_TURN_MS = 10;
const MAX_TURN_RESPONSES = 64;

/** The server itself, whatever its streams travel on. */
export class InMemoryDiscovery implements DiscoveryServer {
  readonly counters = newCounters();
  readonly #options: DiscoveryServerOptions;
  readonly #limits: DiscoveryLimits;
  readonly #clock: Clock;
  readonly #groups: ViewGroups;
  readonly #host: StreamHost;
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
    this.#groups = new ViewGroups((view) => {
      this.counters.compiles += 1;
      return options.compile(view);
    });
    this.#host = {
      types: new Map((options.types ?? RESOURCE_TYPES).map((type) => [type.typeUrl, type])),
      limits: this.#limits,
      clock: this.#clock,
      counters: this.counters,
      turnBudget: this.#turnBudget,
      observer: options.observer ?? {},
      lists: new NameLists(this.#limits.minSharedNames),
      plans: new ChunkPlans(this.#limits),
      readNode: (request) => proxyNodeOf(request.node),
      prepare: (request) => this.#prepare(request),
      join: (stream, node) => this.#join(stream, node),
      progressed: (stream) => this.#progressed(stream),
      refused: (stream, typeUrl, reason, names) =>
        this.#log('warn', `a response was refused: ${reason}`, stream, typeUrl, undefined, { names, reason }),
      withheld: (stream) =>
        this.#log(
          'warn',
          'secrets are not sent: the connection is neither loopback nor a Unix socket',
          stream,
          SECRET_TYPE_URL,
        ),
      oversize: (stream, typeUrl, bytes) => this.#noteOversize(stream, typeUrl, bytes),
      random: () => this.#random(),
    };
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
    const { changedResources, streams } = this.#groups.update(fresh, ({ key }, error) =>
      this.#log('error', `cannot compile view ${key}, its last state is served: ${reasonOf(error)}`),
    );
    for (const stream of streams) touched.add(stream);
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
    return memoryTransport(
      this,
      'delta',
      (stream, request) => stream.receive(request),
      (push) => this.toResponse(push),
    );
  }

  connectStateOfTheWorld(): AdsTransport<DiscoveryRequest, DiscoveryResponse> {
    return memoryTransport(
      this,
      'state-of-the-world',
      (stream, request) => stream.receiveState(request),
      (push) => this.toStateResponse(push),
    );
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
    const stream = new DiscoveryStream(this.#host, peer, options);
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

  #prepare(request: Partial<Pick<DeltaDiscoveryRequest, 'node'>>): Promise<unknown> | undefined {
    const { prepare } = this.#options;
    if (prepare === undefined) return undefined;
    const view = this.#options.resolveView(proxyNodeOf(request.node));
    return this.#groups.has(view) ? undefined : prepare.call(this.#options, view);
  }

  #join(stream: DiscoveryStream, node: ProxyNode): ViewGroup {
    const { group } = this.#groups.get(this.#options.resolveView(node));
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
      const target = this.#groups.get(view);
      if (target.isNew) fresh.add(target.group);
      stream.moveTo(node, target.group);
      target.group.streams.add(stream);
      this.#groups.dropIfUnused(group);
      return true;
    } catch (error) {
      this.#log('error', `cannot resolve the view, the stream keeps its last one: ${reasonOf(error)}`, stream);
      return false;
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
      if (stream.group !== undefined) this.#groups.dropIfUnused(stream.group);
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

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
