import { BufferType, LogLevel, MapType, Status } from './abi.ts';
import { type Callouts, type HttpCallReply, noCallouts } from './callouts.ts';
import type { GuestContext } from './context.ts';
import { nextContextId } from './context-ids.ts';
import { builtInForeignFunctions, type ForeignCaller, type ForeignFunction } from './foreign-functions.ts';
import { GrpcCalls, type GrpcListener } from './grpc-calls.ts';
import { constantBuffer, type GuestBuffer } from './guest-buffer.ts';
import { GuestMemory } from './guest-memory.ts';
import { HeaderList, type HeaderMap } from './header-map.ts';
import type { HeaderPair } from './header-pairs.ts';
import { type HostcallWords, hostcallWords } from './hostcall-words.ts';
import { type HostcallTarget, hostcalls } from './hostcalls.ts';
import { BUDGET_EXPORT } from './metering.ts';
import { RootContext } from './root-context.ts';
import { wasiImports } from './wasi.ts';
import { ModuleError, type WasmModule } from './wasm-module.ts';
import { WasmProcess } from './wasm-process.ts';

/** Time as modules see it. */
export interface WasmClock {
  /** Nanoseconds since the epoch. */
  nowNs(): bigint;
  /** Nanoseconds that never go back. */
  monotonicNs(): bigint;
  /** Calls back every so many milliseconds; returns how to stop. */
  every(periodMs: number, run: () => void): () => void;
}

/** See {@link WasmVm}. */
export interface WasmVmOptions {
  readonly vmId?: string;
  readonly vmConfiguration?: Uint8Array;
  readonly environment?: ReadonlyMap<string, string>;
  /** What is shared with other VMs; default: nothing. */
  readonly process?: WasmProcess;
  readonly log?: (level: LogLevel, message: string) => void;
  /** What `proxy_get_log_level` answers; default info. Messages below it are dropped. */
  readonly logLevel?: LogLevel;
  readonly clock?: WasmClock;
  readonly callouts?: Callouts;
  /** Functions beside, or in place of, those that need nothing of the machine; see `nodeForeignFunctions`. */
  readonly foreignFunctions?: Readonly<Record<string, ForeignFunction>>;
  /**
   * Milliseconds that a callback may run before it is ended as failed: default 1000, at most 2000. They are counted in instructions, one million
   * for a millisecond, so they do not depend on how busy the machine is; a host call counts as 500, and as one more for each byte of memory
   * that it reads or writes. Only of modules that were loaded with a meter, as they are by default.
   */
  readonly timeLimitMs?: number;
  readonly fillRandom?: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Told once, when the module fails: it answers nothing from then on. */
  readonly failed?: (trap: WasmTrap) => void;
  /** Told of each call that the module makes, and of each callback: for traces. */
  readonly trace?: (event: TraceEvent) => void;
  /** Whether traces have what calls gave and got in words, which takes longer than the calls; default false. */
  readonly tracesWords?: boolean;
}

/** One step of a module's life. */
export type TraceEvent =
  | {
      readonly type: 'callback';
      readonly name: string;
      readonly args: readonly number[];
      readonly result: number | undefined;
    }
  | {
      readonly type: 'hostcall';
      readonly name: string;
      readonly args: readonly (number | bigint)[];
      readonly status: number;
      /** The context in whose name it was made; 0 while the module is being started. */
      readonly contextId: number;
      /** The function's name, of `proxy_call_foreign_function`. */
      readonly detail?: string;
      /** The call in words, where they are asked for. */
      readonly words?: HostcallWords;
    };

/** Why a VM cannot go on: a trap in the module. */
export class WasmTrap extends Error {
  constructor(callback: string, cause: Error) {
    super(`The module failed in ${callback}: ${cause.message}`, { cause });
    this.name = 'WasmTrap';
  }
}

const NOTHING = new Uint8Array();

type Export = (...args: number[]) => number | undefined;

/** Callout tokens count in fours; the two lowest bits are the kind, 0 for HTTP. */
const STEP = 4;

/** What stands for a millisecond in {@link WasmVmOptions.timeLimitMs}. */
const INSTRUCTIONS_PER_MS = 1_000_000;
const DEFAULT_TIME_LIMIT_MS = 1000;
/** What a host call costs at least. The meter is asked only now and then, which costs more than to count. */
const INSTRUCTIONS_PER_HOSTCALL = 500;
const UNPAID_HOSTCALLS = 1024;
const UNPAID_BYTES = 1024 * 1024;

/** The meter has 31 bits. */
const MAX_TIME_LIMIT_MS = 2000;

/**
 * One instance of a module with its contexts. Callbacks go in by {@link call}; what the module asks in return is answered in the name of
 * the context that the callback is about, or of the one it names itself (`proxy_set_effective_context`).
 */
export class WasmVm implements HostcallTarget {
  readonly abiVersion: string;
  readonly vmId: string;
  readonly logLevel: LogLevel;
  readonly process: WasmProcess;
  readonly memory = new GuestMemory();
  readonly #options: WasmVmOptions;
  readonly #exports = new Map<string, Export>();
  #allocator: Export | undefined;
  /** What the module may still run in this callback, if that has a limit; see metering.ts. */
  #budget: { value: number } | undefined;
  /** Host calls that were not taken from the budget yet. */
  #unpaidCalls = 0;
  readonly #timeLimitMs: number;
  readonly #contexts = new Map<number, GuestContext>();
  readonly #vmConfiguration: Uint8Array;
  readonly #clock: WasmClock;
  #lastContextId = 0;
  #current: GuestContext | undefined;
  #effectiveId = 0;
  #deferred: (() => void)[] = [];
  #isIterationStopped = false;
  #failure: WasmTrap | undefined;
  // What a callback about a callout, a queue or the configuration is about; undefined outside it.
  #httpReply: HttpCallReply | undefined;
  #grpcInitial: readonly HeaderPair[] | undefined;
  #grpcTrailing: readonly HeaderPair[] | undefined;
  #grpcMessage: Uint8Array | undefined;
  #pluginConfiguration: Uint8Array | undefined;
  #lastHttpToken = 0;
  readonly #httpCalls = new Map<number, () => void>();
  readonly #grpcCalls = new GrpcCalls();
  readonly #ticks = new Map<number, () => void>();
  grpcStatus = { code: 0, message: '' };

  private constructor(module: WasmModule, options: WasmVmOptions) {
    this.#options = options;
    this.abiVersion = module.abiVersion;
    this.vmId = options.vmId ?? '';
    this.logLevel = options.logLevel ?? LogLevel.INFO;
    this.process = options.process ?? new WasmProcess();
    this.#vmConfiguration = options.vmConfiguration ?? new Uint8Array();
    this.#clock = options.clock ?? systemWasmClock;
    this.#timeLimitMs = Math.min(options.timeLimitMs ?? DEFAULT_TIME_LIMIT_MS, MAX_TIME_LIMIT_MS);
  }

  /**
   * Instantiates and starts a module.
   *
   * @throws ModuleError if the host lacks what it imports, or it fails while it starts
   */
  static start(module: WasmModule, options: WasmVmOptions = {}): WasmVm {
    const vm = new WasmVm(module, options);
    const wasi = wasiImports(vm.#wasiHost());
    const env = vm.#traced(hostcalls(vm));
    const imports = {
      env: {
        ...env,
        emscripten_notify_memory_growth: () => {},
        pthread_equal: (a: number, b: number) => Number(a === b),
      },
      wasi_unstable: wasi,
      wasi_snapshot_preview1: wasi,
    };
    checkImports(module.module, imports);
    let instance: WebAssembly.Instance;
    try {
      instance = new WebAssembly.Instance(module.module, imports as unknown as WebAssembly.Imports);
    } catch (cause) {
      throw new ModuleError('initialisation', `Cannot start the module: ${(cause as Error).message}`, { cause });
    }
    vm.#adopt(instance);
    return vm;
  }

  get metrics() {
    return this.process.metrics;
  }

  get sharedData() {
    return this.process.sharedData(this.vmId);
  }

  /** What the module failed of, if it did: it answers nothing any more. */
  get failure(): WasmTrap | undefined {
    return this.#failure;
  }

  /** Whether the module has asked to stop what it was called for, by a local reply. Meaningful within a callback's conversion only. */
  get isIterationStopped(): boolean {
    return this.#isIterationStopped;
  }

  /** Whether the module has a callback. */
  has(callback: string): boolean {
    return this.#exports.has(callback);
  }

  nextContextId(): number {
    this.#lastContextId = nextContextId(this.#lastContextId, (id) => this.#contexts.has(id));
    return this.#lastContextId;
  }

  addContext(context: GuestContext): void {
    this.#contexts.set(context.id, context);
  }

  removeContext(id: number): void {
    this.#contexts.delete(id);
    // A root context may have a timer; the VM may go on without it.
    this.#ticks.get(id)?.();
    this.#ticks.delete(id);
  }

  context(id: number): GuestContext | undefined {
    return this.#contexts.get(id);
  }

  /**
   * Calls the module in the name of a context. Undefined if it has no such callback, has failed before, or fails now: see
   * {@link failure}.
   *
   * @param convert makes of the module's answer what the caller needs, before what the module has asked for is done
   */
  call<Result>(
    callback: string,
    context: GuestContext,
    args: readonly number[],
    convert: (result: number) => Result,
  ): Result | undefined {
    const run = this.#exports.get(callback);
    if (run === undefined || this.#failure !== undefined) return undefined;
    const outer = this.#current;
    const outerEffectiveId = this.#effectiveId;
    // What a callback causes another callback to run is part of it.
    if (outer === undefined) this.#fillBudget();
    this.#current = context;
    this.#effectiveId = 0;
    let converted: Result | undefined;
    let result: number | undefined;
    try {
      result = apply(run, args);
      converted = convert(result ?? 0);
    } catch (error) {
      this.#failure = new WasmTrap(callback, this.#limitError() ?? (error as Error));
      this.log(LogLevel.CRITICAL, this.#failure.message);
      this.#stop();
      this.#options.failed?.(this.#failure);
    } finally {
      this.#current = outer;
      this.#effectiveId = outerEffectiveId;
      this.#options.trace?.({ type: 'callback', name: callback, args, result });
      this.#isIterationStopped = false;
      // What a context asks for as it is created is done after its first callback, as in Envoy.
      if (callback !== 'proxy_on_context_create') this.#runDeferred();
    }
    return converted;
  }

  // What hostcalls ask.

  spend(): void {
    this.#unpaidCalls += 1;
    if (this.#unpaidCalls >= UNPAID_HOSTCALLS || this.memory.reached >= UNPAID_BYTES) this.#pay();
  }

  active(): GuestContext {
    const context = (this.#effectiveId === 0 ? undefined : this.#contexts.get(this.#effectiveId)) ?? this.#current;
    if (context === undefined) {
      throw new ModuleError('initialisation', 'The module asks its host for something before it was started');
    }
    return context;
  }

  allocate(length: number): number {
    return (this.#allocator?.(length) ?? 0) >>> 0;
  }

  defer(action: () => void): void {
    this.#deferred.push(action);
  }

  stopIteration(): void {
    this.#isIterationStopped = true;
  }

  setEffectiveContext(id: number): boolean {
    // 0 is the VM itself: back to whom the callback is about.
    if (id !== 0 && !this.#contexts.has(id)) return false;
    this.#effectiveId = id;
    return true;
  }

  headerMap(type: MapType): HeaderMap | undefined {
    const readOnly = (pairs: readonly HeaderPair[] | undefined) =>
      pairs === undefined ? undefined : new HeaderList(pairs, { isReadOnly: true });
    switch (type) {
      case MapType.HTTP_CALL_RESPONSE_HEADERS:
        return readOnly(this.#httpReply?.headers);
      case MapType.HTTP_CALL_RESPONSE_TRAILERS:
        // No trailers are no map, rather than an empty one.
        return readOnly(this.#httpReply?.trailers.length === 0 ? undefined : this.#httpReply?.trailers);
      case MapType.GRPC_CALL_INITIAL_METADATA:
        return readOnly(this.#grpcInitial);
      case MapType.GRPC_CALL_TRAILING_METADATA:
        return readOnly(this.#grpcTrailing);
      default:
        return this.active().headerMap(type);
    }
  }

  buffer(type: BufferType): GuestBuffer | undefined {
    switch (type) {
      case BufferType.VM_CONFIGURATION:
        return constantBuffer(this.#vmConfiguration);
      case BufferType.PLUGIN_CONFIGURATION:
        return this.#pluginConfiguration === undefined ? undefined : constantBuffer(this.#pluginConfiguration);
      case BufferType.HTTP_CALL_RESPONSE_BODY:
        return this.#httpReply === undefined ? undefined : constantBuffer(this.#httpReply.body);
      case BufferType.GRPC_CALL_MESSAGE:
        return constantBuffer(this.#grpcMessage ?? NOTHING);
      case BufferType.FOREIGN_FUNCTION_ARGUMENTS:
        // In Envoy what was read last, whatever it was, and nothing to begin with.
        return constantBuffer(NOTHING);
      default:
        return this.active().buffer(type);
    }
  }

  log(level: LogLevel, message: string): void {
    if (level < this.logLevel) return;
    const root = this.#root();
    root?.noteError(level, message);
    const log = root?.plugin.log ?? this.#options.log;
    log?.(level, message);
  }

  nowNs(): bigint {
    return this.#clock.nowNs();
  }

  setTickPeriod(milliseconds: number): void {
    const { rootId } = this.active();
    this.#ticks.get(rootId)?.();
    this.#ticks.delete(rootId);
    if (milliseconds === 0) return;
    const stop = this.#clock.every(milliseconds, () => {
      const root = this.#contexts.get(rootId);
      if (root !== undefined) this.call('proxy_on_tick', root, [rootId], () => undefined);
    });
    this.#ticks.set(rootId, stop);
  }

  done(): Status {
    const context = this.active();
    return context instanceof RootContext ? context.done() : Status.NOT_FOUND;
  }

  registerQueue(name: string): number {
    const { rootId } = this.active();
    return this.process.queues.register(this.vmId, name, (token) => {
      // Never within the call that enqueues: another module may be running.
      queueMicrotask(() => {
        const root = this.#contexts.get(rootId);
        if (root !== undefined) this.call('proxy_on_queue_ready', root, [rootId, token], () => undefined);
      });
    });
  }

  resolveQueue(vmId: string, name: string): number | undefined {
    return this.process.queues.resolve(vmId === '' ? this.vmId : vmId, name);
  }

  enqueue(token: number, item: Uint8Array<ArrayBuffer>): Status {
    return this.process.queues.enqueue(token, item);
  }

  dequeue(token: number): Uint8Array<ArrayBuffer> | Status {
    return this.process.queues.dequeue(token);
  }

  httpCall(
    cluster: string,
    headers: readonly HeaderPair[],
    body: Uint8Array<ArrayBuffer>,
    trailers: readonly HeaderPair[],
    timeoutMs: number,
  ): { readonly token: number } | Status {
    const names = new Set(headers.map(([name]) => name.toLowerCase()));
    if (!names.has(':path') || !names.has(':method') || !names.has(':authority')) return Status.BAD_ARGUMENT;
    const { rootId } = this.active();
    const token = this.#lastHttpToken + STEP;
    const cancel = this.#callouts().http({ cluster, headers, body, trailers, timeoutMs }, (reply) =>
      this.#httpReplied(rootId, token, reply),
    );
    if (cancel === 'unknown-cluster') return Status.BAD_ARGUMENT;
    if (cancel === 'no-host') return Status.INTERNAL_FAILURE;
    this.#lastHttpToken = token;
    this.#httpCalls.set(token, cancel);
    return { token };
  }

  grpcCall(
    service: Uint8Array<ArrayBuffer>,
    serviceName: string,
    methodName: string,
    initialMetadata: readonly HeaderPair[],
    message: Uint8Array<ArrayBuffer> | undefined,
    timeoutMs: number,
  ): { readonly token: number } | Status {
    const call = { service, serviceName, methodName, initialMetadata, message, timeoutMs };
    return this.#grpcCalls.open(this.#callouts(), call, this.#grpcListener(this.active().rootId), (run) =>
      this.defer(run),
    );
  }

  grpcSend(token: number, message: Uint8Array<ArrayBuffer>, endOfStream: boolean): Status {
    return this.#grpcCalls.send(token, message, endOfStream);
  }

  grpcClose(token: number): Status {
    return this.#grpcCalls.close(token);
  }

  grpcCancel(token: number): Status {
    return this.#grpcCalls.cancel(token);
  }

  foreignFunction(name: string): ForeignFunction | undefined {
    for (const functions of [this.#options.foreignFunctions, builtInForeignFunctions]) {
      if (functions !== undefined && Object.hasOwn(functions, name)) return functions[name];
    }
    return undefined;
  }

  foreignCaller(): ForeignCaller {
    const context = this.#current ?? this.active();
    return { context, root: this.#contexts.get(context.rootId) ?? context };
  }

  pluginConfiguration(): Uint8Array {
    return this.#pluginConfiguration ?? new Uint8Array();
  }

  /** Lets the module see a plugin's configuration while `run` runs. */
  withPluginConfiguration<Result>(configuration: Uint8Array, run: () => Result): Result {
    this.#pluginConfiguration = configuration;
    try {
      return run();
    } finally {
      this.#pluginConfiguration = undefined;
    }
  }

  /** Stops timers and gives up callouts. The module is not called any more. */
  close(): void {
    this.#stop();
    this.#contexts.clear();
  }

  #stop(): void {
    for (const stop of this.#ticks.values()) stop();
    this.#ticks.clear();
    for (const cancel of this.#httpCalls.values()) cancel();
    this.#httpCalls.clear();
    this.#grpcCalls.cancelAll();
  }

  /** The plugin in whose name the module acts; undefined while it is being started. */
  #root(): RootContext | undefined {
    const context = this.#effectiveId === 0 ? this.#current : this.active();
    const root = context === undefined ? undefined : this.#contexts.get(context.rootId);
    return root instanceof RootContext ? root : undefined;
  }

  #callouts(): Callouts {
    return this.#root()?.plugin.callouts ?? this.#options.callouts ?? noCallouts;
  }

  #httpReplied(rootId: number, token: number, reply: HttpCallReply | undefined): void {
    if (!this.#httpCalls.delete(token)) return;
    const root = this.#contexts.get(rootId);
    if (root === undefined) return;
    this.#httpReply = reply;
    const { headers = [], body = new Uint8Array(), trailers = [] } = reply ?? {};
    const args = [rootId, token, headers.length, body.length, trailers.length];
    this.call('proxy_on_http_call_response', root, args, () => undefined);
    this.#httpReply = undefined;
  }

  #grpcListener(rootId: number): GrpcListener {
    const tell = (callback: string, ...args: readonly number[]) => {
      const root = this.#contexts.get(rootId);
      if (root !== undefined) this.call(callback, root, [rootId, ...args], () => undefined);
    };
    return {
      initialMetadata: (token, pairs) => {
        this.#grpcInitial = pairs;
        tell('proxy_on_grpc_receive_initial_metadata', token, pairs.length);
        this.#grpcInitial = undefined;
      },
      message: (token, bytes) => {
        this.#grpcMessage = bytes;
        tell('proxy_on_grpc_receive', token, bytes.length);
        this.#grpcMessage = undefined;
      },
      trailingMetadata: (token, pairs) => {
        this.#grpcTrailing = pairs;
        tell('proxy_on_grpc_receive_trailing_metadata', token, pairs.length);
        this.#grpcTrailing = undefined;
      },
      closed: (token, status, message) => {
        this.grpcStatus = { code: status, message };
        tell('proxy_on_grpc_close', token, status);
        this.grpcStatus = { code: status, message: '' };
      },
    };
  }

  #fillBudget(): void {
    this.#unpaidCalls = 0;
    this.memory.reached = 0;
    if (this.#budget !== undefined) this.#budget.value = this.#timeLimitMs * INSTRUCTIONS_PER_MS;
  }

  /** Takes the work of the host from what the module may run: a loop of host calls costs the proxy more time than its instructions say. */
  #pay(): void {
    const cost = this.#unpaidCalls * INSTRUCTIONS_PER_HOSTCALL + this.memory.reached;
    this.#unpaidCalls = 0;
    this.memory.reached = 0;
    if (this.#budget === undefined) return;
    // Below zero the module traps wherever it looks at its meter next, should it catch what is thrown here.
    this.#budget.value = Math.max(-1, this.#budget.value - cost);
    if (this.#budget.value < 0) throw new Error('the host did what it may do in one callback');
  }

  /** What is to be said of a trap that the meter made. */
  #limitError(): Error | undefined {
    if (this.#budget === undefined || this.#budget.value >= 0) return undefined;
    return new Error(`it ran longer than ${this.#timeLimitMs} ms`);
  }

  #runDeferred(): void {
    while (this.#deferred.length > 0) {
      const actions = this.#deferred;
      this.#deferred = [];
      for (const action of actions) action();
    }
  }

  #adopt(instance: WebAssembly.Instance): void {
    this.memory.attach(instance.exports['memory'] as WebAssembly.Memory);
    for (const [name, value] of Object.entries(instance.exports)) {
      if (typeof value === 'function') this.#exports.set(name, value as Export);
    }
    this.#budget = instance.exports[BUDGET_EXPORT] as { value: number } | undefined;
    this.#fillBudget();
    this.#allocator = this.#exports.get('malloc') ?? this.#exports.get('proxy_on_memory_allocate');
    try {
      if (this.#exports.has('_initialize')) {
        this.#exports.get('_initialize')?.();
        if (this.#exports.has('main')) this.#exports.get('main')?.(0, 0);
        else this.#exports.get('__main_void')?.();
      } else {
        this.#exports.get('_start')?.();
      }
    } catch (cause) {
      throw new ModuleError(
        'initialisation',
        `Cannot start the module: it failed in its initialisation: ${(this.#limitError() ?? (cause as Error)).message}`,
        { cause },
      );
    }
  }

  #wasiHost() {
    const { environment = new Map<string, string>(), fillRandom } = this.#options;
    return {
      memory: () => this.memory,
      spend: () => this.spend(),
      environment,
      nowNs: () => this.#clock.nowNs(),
      monotonicNs: () => this.#clock.monotonicNs(),
      print: (isError: boolean, text: string) => this.log(isError ? LogLevel.ERROR : LogLevel.INFO, text),
      fillRandom: fillRandom ?? ((bytes: Uint8Array<ArrayBuffer>) => void crypto.getRandomValues(bytes)),
    };
  }

  /** The text that the first two arguments of a call name, for traces. */
  #nameOf([pointer = 0, size = 0]: readonly number[]): string {
    return pointer >>> 0 > this.memory.size - (size >>> 0) ? '' : this.memory.text(pointer, size);
  }

  #traced(calls: ReturnType<typeof hostcalls>): ReturnType<typeof hostcalls> {
    const { trace, tracesWords = false } = this.#options;
    if (trace === undefined) return calls;
    const traced: Record<string, (...args: never[]) => number> = {};
    for (const [name, run] of Object.entries(calls)) {
      traced[name] = (...args) => {
        const status = run(...args);
        const contextId = this.#effectiveId === 0 ? (this.#current?.id ?? 0) : this.#effectiveId;
        trace({
          type: 'hostcall',
          name,
          args: [...args],
          status,
          contextId,
          ...(name === 'proxy_call_foreign_function' ? { detail: this.#nameOf(args) } : {}),
          ...(tracesWords ? { words: hostcallWords(name, args, status, this.memory) } : {}),
        });
        return status;
      };
    }
    return traced;
  }
}

/** A call without a list of arguments, which costs more than the call; callbacks with more than three are rare. */
function apply(run: Export, args: readonly number[]): number | undefined {
  const a = args[0] ?? 0;
  const b = args[1] ?? 0;
  const c = args[2] ?? 0;
  switch (args.length) {
    case 1:
      return run(a);
    case 2:
      return run(a, b);
    case 3:
      return run(a, b, c);
    default:
      return run(...args);
  }
}

/** Refuses a module that imports what the host does not have, and names all of it. */
function checkImports(
  module: WebAssembly.Module,
  imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
): void {
  const missing = WebAssembly.Module.imports(module).filter(
    ({ module: from, name, kind }) => kind !== 'function' || !Object.hasOwn(imports[from] ?? {}, name),
  );
  if (missing.length === 0) return;
  const names = missing.map(({ module: from, name }) => `"${from}.${name}"`).join(', ');
  throw new ModuleError('imports', `Cannot start the module: it imports ${names}, which a proxy does not have`);
}

/** What timers take; a longer period would be one of a millisecond. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Time of this machine. Periods of more than 24 days are as long as that. */
export const systemWasmClock: WasmClock = {
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNs: () => BigInt(Math.round(performance.now() * 1e6)),
  every(periodMs, run) {
    const timer: unknown = setInterval(run, Math.min(periodMs, LONGEST_TIMER_MS));
    // Node, Bun and Deno's Node compatibility give an object here, browsers and Deno a number.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) (timer as { unref(): void }).unref();
    return () => clearInterval(timer as Parameters<typeof clearInterval>[0]);
  },
};
