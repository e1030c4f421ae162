import type { LogLevel } from './abi.ts';
import type { Callouts } from './callouts.ts';
import { type ForeignFunction, type ForeignFunctions, foreignFunctionsFor } from './foreign-functions.ts';
import { encodeText } from './guest-memory.ts';
import { HttpContext, type HttpStreamHost } from './http-context.ts';
import { PluginError, type PluginIdentity, RootContext } from './root-context.ts';
import { type ConnectionHost, TcpContext } from './tcp-context.ts';
import { leaseVm, type VmLease } from './vm-pool.ts';
import { loadModule, type WasmModule } from './wasm-module.ts';
import { WasmProcess } from './wasm-process.ts';
import { systemWasmClock, type TraceEvent, type WasmClock, type WasmTrap } from './wasm-vm.ts';

/**
 * What becomes of streams when the module has failed (PluginConfig.failure_policy): `closed` refuses them; `open` refuses those that it was
 * in, as Envoy does under FAIL_OPEN, and lets pass those that come after; `always-open` lets pass those that it was in too, as Envoy does
 * under the older field `fail_open`; `reload` refuses them until the module runs again, which is tried when a stream comes and the back-off
 * is over.
 */
export type FailurePolicy = 'closed' | 'open' | 'always-open' | 'reload';

/** What happens to a plugin while it runs. */
export type PluginEvent =
  | { readonly type: 'failed'; readonly trap: WasmTrap }
  | { readonly type: 'reloaded' }
  | { readonly type: 'reload-failed'; readonly error: Error };

/** See {@link startPlugin}. */
export interface PluginOptions {
  /** The bytes of a .wasm file, or what {@link loadModule} made of them. */
  readonly module: Uint8Array<ArrayBuffer> | WasmModule;
  readonly name: string;
  readonly rootId?: string;
  /** Plugins of one `vm_id` share data, and the VM if module and configuration of the VM are the same. */
  readonly vmId?: string;
  readonly configuration?: string | Uint8Array;
  readonly vmConfiguration?: string | Uint8Array;
  /** Environment variables. None of this process's get in by themselves. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: closed, as in Envoy. */
  readonly failurePolicy?: FailurePolicy;
  /** Least milliseconds between two loads under `reload`; up to half of it is added at random. Default 1000 (reload_config.backoff). */
  readonly reloadIntervalMs?: number;
  /** PluginConfig.allow_on_headers_stop_iteration. */
  readonly allowsStopIteration?: boolean;
  /** What the plugin shares data, queues, metrics and VMs with; default: nothing. */
  readonly process?: WasmProcess;
  /** How it reaches clusters; default: every cluster is unknown. */
  readonly callouts?: Callouts;
  /** Properties that every context has. */
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
  readonly log?: (level: LogLevel, message: string) => void;
  /** Messages below it are dropped; default info. Of a shared VM it is that of the plugin that came first, as are the options below. */
  readonly logLevel?: LogLevel;
  /** Functions beside Envoy's that need nothing, or what loads them: see `nodeForeignFunctions`, `celForeignFunctions`. */
  readonly foreignFunctions?: ForeignFunctions;
  readonly clock?: WasmClock;
  readonly trace?: (event: TraceEvent) => void;
  /** What the module's memory may grow to; default 64 MiB. */
  readonly maxMemoryBytes?: number;
  /**
   * Milliseconds that a callback may run before the module counts as failed: default 1000, at most 2000. Counted in instructions: see
   * `WasmVmOptions.timeLimitMs`.
   */
  readonly timeLimitMs?: number;
  /** Milliseconds that a module may take to say `proxy_done` when the plugin is closed; default 5000. */
  readonly shutdownTimeoutMs?: number;
  readonly observe?: (event: PluginEvent) => void;
  /** Numbers from 0 to below 1, for the back-off. */
  readonly random?: () => number;
}

const DEFAULT_RELOAD_MS = 1000;
const DEFAULT_SHUTDOWN_MS = 5000;
const NS_PER_MS = 1_000_000n;

/** One start of the module: a VM, and the plugin's root context in it. */
interface Generation {
  readonly lease: VmLease;
  readonly root: RootContext;
  /** Streams that are in it, which keep it alive. */
  streams: number;
  isEnding: boolean;
}

/** A plugin that runs: a module with a configuration, which streams pass. */
export class Plugin {
  readonly name: string;
  /** Whether streams pass it that come when its module has failed; otherwise they are refused. */
  readonly failsOpen: boolean;
  /** Whether also those pass it that it was in. */
  readonly alwaysFailsOpen: boolean;
  readonly process: WasmProcess;
  readonly #options: PluginOptions;
  readonly #module: WasmModule;
  readonly #foreignFunctions: Readonly<Record<string, ForeignFunction>>;
  readonly #clock: WasmClock;
  #generation: Generation;
  #lastLoadNs: bigint;
  #isClosed = false;

  /** Use {@link startPlugin}. */
  constructor(
    module: WasmModule,
    options: PluginOptions,
    foreignFunctions: Readonly<Record<string, ForeignFunction>> = {},
  ) {
    this.#foreignFunctions = foreignFunctions;
    this.name = options.name;
    this.alwaysFailsOpen = options.failurePolicy === 'always-open';
    this.failsOpen = options.failurePolicy === 'open' || this.alwaysFailsOpen;
    this.process = options.process ?? new WasmProcess();
    this.#module = module;
    this.#options = options;
    this.#clock = options.clock ?? systemWasmClock;
    this.#lastLoadNs = this.#clock.monotonicNs();
    this.#generation = this.#load();
  }

  /** What the module failed of, if it has and does not run again. */
  get failure(): WasmTrap | undefined {
    return this.#generation.lease.vm.failure;
  }

  /** Bytes of the memory that the module has now. */
  get memoryBytes(): number {
    return this.#generation.lease.vm.memory.size;
  }

  /**
   * The plugin's side of a new HTTP stream; undefined if its module had failed before, for good or for now: the stream passes it if
   * {@link failsOpen}, and is answered 503 otherwise. A module that fails as it hears of the stream is one that fails in it.
   *
   * @throws PluginError if the plugin was closed
   */
  openStream(host: HttpStreamHost): HttpContext | undefined {
    const generation = this.#usable();
    if (generation === undefined) return undefined;
    const { lease, root } = generation;
    return new HttpContext(lease.vm, root, host, {
      allowsStopIteration: this.#options.allowsStopIteration ?? false,
      closed: this.#entered(generation),
    });
  }

  /**
   * The plugin's side of a new TCP connection; undefined if its module had failed before: the connection passes it if {@link failsOpen}, and is
   * closed otherwise. When it fails in a connection, that passes it if {@link alwaysFailsOpen}, and is closed otherwise.
   *
   * @throws PluginError if the plugin was closed
   */
  openConnection(host: ConnectionHost): TcpContext | undefined {
    const generation = this.#usable();
    if (generation === undefined) return undefined;
    return new TcpContext(generation.lease.vm, generation.root, host, { closed: this.#entered(generation) });
  }

  /** Lets the module finish when its last stream is over, and frees what it has. No stream enters any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#end(this.#generation);
  }

  /** Where streams enter: the present generation, or a new one if it has failed and may be loaded again. */
  #usable(): Generation | undefined {
    if (this.#isClosed) {
      throw new PluginError('closed', `Cannot open a stream in plugin "${this.name}": it was closed`);
    }
    if (this.failure !== undefined && this.#options.failurePolicy === 'reload') this.#reload();
    return this.failure === undefined ? this.#generation : undefined;
  }

  #reload(): void {
    const { reloadIntervalMs = DEFAULT_RELOAD_MS, random = Math.random, observe } = this.#options;
    const now = this.#clock.monotonicNs();
    const waitMs = reloadIntervalMs + Math.floor((random() * reloadIntervalMs) / 2);
    if (now - this.#lastLoadNs < BigInt(Math.ceil(waitMs)) * NS_PER_MS) return;
    this.#lastLoadNs = now;
    const failed = this.#generation;
    try {
      this.#generation = this.#load();
    } catch (error) {
      observe?.({ type: 'reload-failed', error: error as Error });
      return;
    }
    this.#end(failed);
    observe?.({ type: 'reloaded' });
  }

  #load(): Generation {
    const { configuration = '', vmConfiguration, environment, vmId, rootId = '', property, observe } = this.#options;
    const { logLevel, log, callouts, clock, trace, timeLimitMs } = this.#options;
    const lease = leaseVm(
      this.process,
      this.#module,
      {
        ...(vmId === undefined ? {} : { vmId }),
        ...(vmConfiguration === undefined ? {} : { vmConfiguration: bytesOf(vmConfiguration) }),
        ...(environment === undefined ? {} : { environment: new Map(Object.entries(environment)) }),
        ...(logLevel === undefined ? {} : { logLevel }),
        ...(log === undefined ? {} : { log }),
        ...(callouts === undefined ? {} : { callouts }),
        foreignFunctions: this.#foreignFunctions,
        ...(clock === undefined ? {} : { clock }),
        ...(trace === undefined ? {} : { trace }),
        ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
      },
      (trap) => observe?.({ type: 'failed', trap }),
    );
    const identity: PluginIdentity = {
      name: this.name,
      rootId,
      configuration: bytesOf(configuration),
      // A VM that is shared must not log, or call, in the name of who came first.
      log: log ?? (() => {}),
      ...(callouts === undefined ? {} : { callouts }),
      ...(property === undefined ? {} : { property }),
    };
    try {
      return { lease, root: RootContext.configure(lease.vm, identity), streams: 0, isEnding: false };
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** Counts a stream in; returns how it is counted out. */
  #entered(generation: Generation): () => void {
    generation.streams += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      generation.streams -= 1;
      if (generation.isEnding && generation.streams === 0) this.#finish(generation);
    };
  }

  #end(generation: Generation): void {
    generation.isEnding = true;
    if (generation.streams === 0) this.#finish(generation);
  }

  #finish({ lease, root }: Generation): void {
    let isOver = false;
    const waiting: { stop?: () => void } = {};
    root.shutDown(() => {
      isOver = true;
      waiting.stop?.();
      lease.release();
    });
    if (isOver) return;
    waiting.stop = this.#clock.every(this.#options.shutdownTimeoutMs ?? DEFAULT_SHUTDOWN_MS, () => root.abandon());
  }
}

/**
 * Runs a Proxy-Wasm module as a plugin.
 *
 * @throws ModuleError if the module is none that a proxy would run
 * @throws PluginError if it refuses its configuration, with the errors that it logged, or fails while it starts
 *
 * @example
 * const plugin = await startPlugin({ module: await readFile('api-key.wasm'), name: 'api-key', configuration: '{"keys":["k"]}' });
 * const context = plugin.openStream(host);
 */
export async function startPlugin(options: PluginOptions): Promise<Plugin> {
  const { module, maxMemoryBytes } = options;
  const limits = maxMemoryBytes === undefined ? {} : { maxMemoryBytes };
  const loaded = module instanceof Uint8Array ? await loadModule(module, limits) : module;
  return new Plugin(loaded, options, await foreignFunctionsFor(loaded.module, options.foreignFunctions ?? {}));
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === 'string' ? encodeText(value) : value;
}
