import { LogLevel } from '../abi.ts';
import type { Callouts, HttpCall, HttpCallReply } from '../callouts.ts';
import { type ForeignFunction, foreignFunctionsFor } from '../foreign-functions.ts';
import { HeaderList, type HeaderMap, joinedValue } from '../header-map.ts';
import { type HeaderPair, latin1Bytes, latin1Text } from '../header-pairs.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS, INLINE_RESPONSE_TRAILERS } from '../inline-headers.ts';
import type { Metric } from '../metrics.ts';
import type { FailurePolicy } from '../plugin.ts';
import { RootContext } from '../root-context.ts';
import { loadModule } from '../wasm-module.ts';
import { WasmProcess } from '../wasm-process.ts';
import { type TraceEvent, WasmVm } from '../wasm-vm.ts';
import { type EmulatedConnection, openConnection } from './emulated-connection.ts';
import { type DeliveredMessage, type EmulatedMessage, EmulatedStream } from './emulated-stream.ts';
import { type FakeClock, fakeClock, settle } from './fake-clock.ts';
import { type EmulatedGrpcUpstream, scriptedGrpc } from './scripted-grpc.ts';
import { StrictMode, StrictModeError } from './strict-mode.ts';

type HeaderInit = Readonly<Record<string, string | readonly string[]>> | readonly HeaderPair[];
type BodyInit = string | Uint8Array | readonly (string | Uint8Array)[];

/** A request as a test writes it. */
export interface RequestInit {
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  readonly scheme?: string;
  readonly headers?: HeaderInit;
  /** A list is sent in pieces. */
  readonly body?: BodyInit;
  readonly trailers?: HeaderInit;
}

/** A response as a test writes it. */
export interface ResponseInit {
  readonly status?: number;
  readonly headers?: HeaderInit;
  readonly body?: BodyInit;
  readonly trailers?: HeaderInit;
}

/** What a cluster answers to the filter's own request. */
export interface CalloutResponse extends ResponseInit {
  /** Milliseconds of the test's clock until it comes, which is too late once the call's own time is over; default: none. */
  readonly delayMs?: number;
}

/** One line that the filter logged. */
export interface LogLine {
  readonly level: Lowercase<keyof typeof LogLevel>;
  readonly message: string;
}

/** See {@link createFilter}. */
export interface FilterOptions {
  /** The module: the bytes of a .wasm file. */
  readonly wasm: Uint8Array<ArrayBuffer>;
  /** The plugin's configuration. */
  readonly configuration?: string | Uint8Array | object;
  readonly vmConfiguration?: string;
  readonly name?: string;
  readonly rootId?: string;
  readonly vmId?: string;
  readonly logLevel?: LogLine['level'];
  /** Told of each line at once: what a filter says that then refuses to start. */
  readonly onLog?: (line: LogLine) => void;
  readonly clock?: FakeClock;
  /** What clusters answer to the filter's own requests: by name. A cluster that is not here is unknown; undefined is no answer in time, `no-host` a cluster without endpoints. */
  readonly clusters?: Readonly<Record<string, (call: HttpCall) => CalloutResponse | 'no-host' | undefined>>;
  /** What answers the filter's gRPC calls and streams: by cluster. */
  readonly grpc?: Readonly<Record<string, EmulatedGrpcUpstream>>;
  /** Properties by path, joined by dots. */
  readonly properties?: Readonly<Record<string, string | Uint8Array>>;
  /** Keys of filter state that `set_envoy_filter_state` may set; default: those that Envoy's own filters read. */
  readonly filterStateKeys?: readonly string[];
  /** Functions beside Envoy's that need nothing of the machine and those for CEL, which are always there: `nodeForeignFunctions`. */
  readonly foreignFunctions?: Readonly<Record<string, ForeignFunction>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether `trace` has what calls gave and got in words too; default false. */
  readonly tracesWords?: boolean;
  /** Milliseconds after which a callback is ended as failed; default none, as in Envoy. It moves the offsets that traces of traps name. */
  readonly timeLimitMs?: number;
  /** PluginConfig.allow_on_headers_stop_iteration. */
  readonly allowsStopIteration?: boolean;
  /** What becomes of streams when the module has failed; default `closed`. The emulator does not load a module anew. */
  readonly failurePolicy?: Exclude<FailurePolicy, 'reload'>;
  /**
   * Whether calls that Envoy refuses, or that have no effect, fail the test: what starts the filter, sends a request or moves a connection
   * rejects with a {@link StrictModeError}.
   */
  readonly strict?: boolean;
}

/** What became of a request. */
export interface Result {
  /** `paused` if the filter holds it and nothing more comes by itself: see `paused`. */
  readonly outcome: 'answered' | 'paused' | 'reset';
  readonly paused: 'request' | 'response' | undefined;
  /** 0 if there is no response. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string>>;
  /** Of the filter's own answer. */
  readonly details: string | undefined;
  readonly grpcStatus: number | undefined;
  /** What the filter has put into Envoy's filter state. */
  readonly filterState: Readonly<Record<string, string>>;
  /** How often the filter has had the route chosen anew (`clear_route_cache`). */
  readonly routeCacheClears: number;
  /** What the upstream saw; undefined if the request did not get there. */
  readonly upstream:
    | {
        readonly headers: Readonly<Record<string, string>>;
        readonly body: string;
        readonly trailers: Readonly<Record<string, string>>;
      }
    | undefined;
}

/** A filter under test. */
export interface EmulatedFilter {
  /** Sends a request through the filter to an upstream that answers `response` (200 without a body unless given). */
  request(init?: RequestInit, response?: ResponseInit | ((request: DeliveredMessage) => ResponseInit)): Promise<Result>;
  /** Sends a request that the filter may hold: what becomes of it shows as time goes on. */
  open(
    init?: RequestInit,
    response?: ResponseInit | ((request: DeliveredMessage) => ResponseInit),
  ): Promise<OpenRequest>;
  /** Connects a client through the filter, if it is one for TCP. */
  connection(): Promise<EmulatedConnection>;
  readonly clock: FakeClock;
  /** Everything logged so far. */
  readonly logs: readonly LogLine[];
  readonly metrics: readonly Metric[];
  /** The value of a counter or gauge by name; 0 for one that is not defined. */
  metric(name: string): number;
  /** Each callback and hostcall so far. */
  readonly trace: readonly TraceEvent[];
  /** Bytes of the module's memory. */
  readonly memoryBytes: number;
  /** Throws {@link StrictModeError} for what the filter has done wrong since the last time, in callbacks that the clock caused for example. */
  checkStrict(): void;
  /** What the module failed of, if it did. */
  readonly failure: Error | undefined;
  close(): void;
}

/** A request on its way; the filter may hold it. */
export interface OpenRequest {
  /** What has become of it until now. */
  readonly result: Result;
  /** The client goes away before it has its answer; of no effect afterwards. */
  leave(): Promise<void>;
}

/** Objects that Envoy 1.40 makes from bytes (`StreamInfo::FilterState::ObjectFactory`). */
const FILTER_STATE_KEYS = [
  'envoy.hashable_string',
  'envoy.network.application_protocols',
  'envoy.network.ip',
  'envoy.network.transport_socket.original_dst_address',
  'envoy.network.upstream_server_name',
  'envoy.network.upstream_subject_alt_names',
  'envoy.ratelimit.hits_addend',
  'envoy.string',
  'envoy.tcp_proxy.cluster',
  'envoy.tcp_proxy.disable_tunneling',
  'envoy.tcp_proxy.per_connection_idle_timeout_ms',
  'envoy.upstream.dynamic_host',
  'envoy.upstream.dynamic_port',
];

const LEVELS = Object.keys(LogLevel).map((name) => name.toLowerCase()) as LogLine['level'][];

/**
 * Starts a filter as Envoy would.
 *
 * @throws ModuleError, PluginError if it cannot be used; StrictModeError for what it does wrong while it starts, if that is asked for
 *
 * @example
 * const filter = await createFilter({ wasm: await readFile('api-key.wasm'), configuration: { key: 'secret' } });
 * expect((await filter.request({ path: '/' })).status).toBe(401);
 */
export async function createFilter(options: FilterOptions): Promise<EmulatedFilter> {
  const clock = options.clock ?? fakeClock();
  const logs: LogLine[] = [];
  const trace: TraceEvent[] = [];
  const strictMode = new StrictMode({
    isRoot: (id) => vm.context(id) instanceof RootContext,
    allowsStopIteration: options.allowsStopIteration ?? false,
  });
  const checkStrict = () => {
    const mistakes = strictMode.take();
    if (mistakes.length > 0) throw new StrictModeError(mistakes);
  };
  const checked = async <Outcome>(outcome: Promise<Outcome>): Promise<Outcome> => {
    const value = await outcome;
    if (options.strict === true) checkStrict();
    return value;
  };
  const process = new WasmProcess();
  const module = await loadModule(options.wasm, { isMetered: options.timeLimitMs !== undefined });
  const vm = WasmVm.start(module, {
    process,
    clock,
    logLevel: LogLevel[(options.logLevel ?? 'trace').toUpperCase() as keyof typeof LogLevel],
    log: (level, message) => {
      const line: LogLine = { level: LEVELS[level] ?? 'critical', message };
      logs.push(line);
      options.onLog?.(line);
    },
    tracesWords: options.tracesWords ?? false,
    trace: (event) => {
      trace.push(event);
      strictMode.see(event);
    },
    callouts: {
      http: scriptedCallouts(options.clusters ?? {}, clock),
      grpc: scriptedGrpc(options.grpc ?? {}, clock),
    },
    ...(options.vmId === undefined ? {} : { vmId: options.vmId }),
    ...(options.vmConfiguration === undefined ? {} : { vmConfiguration: bytesOf(options.vmConfiguration) }),
    foreignFunctions: await foreignFunctionsFor(module.module, async () => ({
      ...(await import('../cel/index.ts')).celForeignFunctions,
      ...options.foreignFunctions,
    })),
    ...(options.timeLimitMs === undefined ? {} : { timeLimitMs: options.timeLimitMs }),
    ...(options.environment === undefined ? {} : { environment: new Map(Object.entries(options.environment)) }),
  });
  const properties = new Map(Object.entries(options.properties ?? {}).map(([path, value]) => [path, bytesOf(value)]));
  const root = RootContext.configure(vm, {
    name: options.name ?? 'test',
    rootId: options.rootId ?? '',
    configuration: configurationBytes(options.configuration),
    // The only attribute without a stream.
    property: (path) => (path[0] === 'xds' && path[1] === 'node' ? properties.get(path.join('.')) : undefined),
  });
  if (options.strict === true) checkStrict();
  const filterStateKeys = new Set(options.filterStateKeys ?? FILTER_STATE_KEYS);
  const open: EmulatedFilter['open'] = async (init = {}, response = {}) => {
    const stream = new EmulatedStream({
      vm,
      root,
      request: requestOf(init),
      upstream: (request) => responseOf(typeof response === 'function' ? response(request) : response),
      property: (path) => properties.get(path.join('.')),
      filterStateKeys,
      allowsStopIteration: options.allowsStopIteration ?? false,
      failurePolicy: options.failurePolicy ?? 'closed',
    });
    stream.start();
    await settle();
    return {
      get result() {
        return resultOf(stream);
      },
      leave: () => {
        stream.leave();
        return checked(settle());
      },
    };
  };
  return {
    clock,
    logs,
    trace,
    get metrics() {
      return process.metrics.all();
    },
    metric: (name) => Number(process.metrics.all().find((metric) => metric.name === name)?.value ?? 0n),
    get memoryBytes() {
      return vm.memory.size;
    },
    get failure() {
      return vm.failure;
    },
    async request(init, response) {
      return (await checked(open(init, response))).result;
    },
    open: (init, response) => checked(open(init, response)),
    connection: () =>
      openConnection({
        vm,
        root,
        property: (path) => properties.get(path.join('.')),
        failurePolicy: options.failurePolicy ?? 'closed',
        settled: () => checked(settle()),
      }),
    checkStrict,
    close: () => vm.close(),
  };
}

function scriptedCallouts(clusters: NonNullable<FilterOptions['clusters']>, clock: FakeClock): Callouts['http'] {
  return (call, replied) => {
    const answer = Object.hasOwn(clusters, call.cluster) ? clusters[call.cluster] : undefined;
    if (answer === undefined) return 'unknown-cluster';
    let isOver = false;
    const finish = (reply: HttpCallReply | undefined) => {
      if (!isOver) replied(reply);
      isOver = true;
    };
    const response = answer(call);
    if (response === 'no-host') return 'no-host';
    const delayMs = response === undefined ? Number.POSITIVE_INFINITY : (response.delayMs ?? 0);
    let stopWaiting: (() => void) | undefined;
    if (call.timeoutMs > 0 && delayMs >= call.timeoutMs) {
      stopWaiting = clock.after(call.timeoutMs, () => finish(timedOut));
    } else if (response !== undefined && delayMs > 0) {
      stopWaiting = clock.after(delayMs, () => finish(replyOf(response)));
    } else if (response !== undefined) {
      queueMicrotask(() => finish(replyOf(response)));
    }
    return () => {
      isOver = true;
      stopWaiting?.();
    };
  };
}

/** What Envoy hands over in place of an answer that did not come in time. */
const timedOut: HttpCallReply = {
  headers: [
    [':status', '504'],
    ['content-length', '24'],
    ['content-type', 'text/plain'],
  ],
  body: latin1Bytes('upstream request timeout'),
  trailers: [],
};

function replyOf(init: ResponseInit): HttpCallReply {
  const { headers, body, trailers } = responseOf(init);
  return { headers: headers.pairs(), body: concat(body), trailers: trailers?.pairs() ?? [] };
}

function requestOf({
  method = 'GET',
  path = '/',
  authority = 'test',
  scheme = 'http',
  headers,
  body,
  trailers,
}: RequestInit): EmulatedMessage {
  const pseudo: HeaderPair[] = [
    [':authority', authority],
    [':path', path],
    [':method', method],
    [':scheme', scheme],
  ];
  return messageOf([...pseudo, ...pairsOf(headers)], body, trailers, INLINE_REQUEST_HEADERS);
}

function responseOf({ status = 200, headers, body, trailers }: ResponseInit): EmulatedMessage {
  const pairs: HeaderPair[] = [[':status', String(status)], ...pairsOf(headers)];
  return messageOf(pairs, body, trailers, INLINE_RESPONSE_HEADERS, INLINE_RESPONSE_TRAILERS);
}

function messageOf(
  pairs: readonly HeaderPair[],
  body: BodyInit | undefined,
  trailers: HeaderInit | undefined,
  inline: ReadonlySet<string>,
  inlineTrailers: ReadonlySet<string> = new Set(),
): EmulatedMessage {
  const pieces = body === undefined ? [] : (Array.isArray(body) ? body : [body]).map(bytesOf);
  return {
    headers: new HeaderList(pairs, { inline }),
    body: pieces,
    trailers: trailers === undefined ? undefined : new HeaderList(pairsOf(trailers), { inline: inlineTrailers }),
  };
}

function pairsOf(headers: HeaderInit = {}): HeaderPair[] {
  if (Array.isArray(headers)) return [...(headers as readonly HeaderPair[])];
  return Object.entries(headers as Readonly<Record<string, string | readonly string[]>>).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one): HeaderPair => [name, one]),
  );
}

function resultOf(stream: EmulatedStream): Result {
  const { end } = stream;
  const upstream = stream.upstreamRequest;
  return {
    outcome: stream.isReset ? 'reset' : end === undefined ? 'paused' : 'answered',
    paused: stream.paused,
    status: Number(end?.response.headers.get(':status') ?? 0),
    headers: record(end?.response.headers),
    body: latin1Text(end?.response.body ?? new Uint8Array()),
    trailers: record(end?.response.trailers),
    details: end?.localReply?.details,
    grpcStatus: end?.localReply?.grpcStatus,
    filterState: Object.fromEntries([...stream.filterState].map(([key, value]) => [key, latin1Text(value)])),
    routeCacheClears: stream.routeCacheClears,
    upstream:
      upstream === undefined
        ? undefined
        : { headers: record(upstream.headers), body: latin1Text(upstream.body), trailers: record(upstream.trailers) },
  };
}

function record(map: HeaderMap | undefined): Record<string, string> {
  return Object.fromEntries(
    (map?.pairs() ?? []).map(([name]) => [name, map === undefined ? '' : (joinedValue(map, name) ?? '')]),
  );
}

function configurationBytes(configuration: FilterOptions['configuration'] = ''): Uint8Array<ArrayBuffer> {
  if (typeof configuration === 'string' || configuration instanceof Uint8Array) return bytesOf(configuration);
  return bytesOf(JSON.stringify(configuration));
}

function bytesOf(value: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof value === 'string' ? new TextEncoder().encode(value) : value.slice();
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
