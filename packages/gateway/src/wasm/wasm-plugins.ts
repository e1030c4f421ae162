import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type Callouts,
  type ForeignFunction,
  LogLevel,
  type Metric,
  type Plugin,
  type PluginEvent,
  startPlugin,
  WasmProcess,
} from '@heddle/wasm-host';
import { type WasmSettings, wasmSettings } from './wasm-settings.ts';

/** A line that a filter in WebAssembly wrote to its log, or one about it. */
export interface FilterLogLine {
  readonly plugin: string;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'critical';
  readonly message: string;
}

/** What filters in WebAssembly need from the gateway. */
export interface WasmEnvironment {
  /** Reads a module's file; undefined where there are no files. */
  readonly readModule?: ((path: string) => Promise<Uint8Array<ArrayBuffer>>) | undefined;
  /** A variable of the gateway's own environment; undefined where there is none. */
  readonly hostEnvironment?: ((name: string) => string | undefined) | undefined;
  /** Functions of the proxy that modules may call by name. */
  readonly foreignFunctions?: Readonly<Record<string, ForeignFunction>> | undefined;
  /** Takes what filters log. */
  readonly onFilterLog?: ((line: FilterLogLine) => void) | undefined;
  /** Most bytes of memory that a module may have; default 64 MiB. */
  readonly maxFilterMemoryBytes?: number | undefined;
  /**
   * Milliseconds that one callback of a module may take before it counts as failed, counted in instructions, one million each; default 1000, at most
   * 2000.
   */
  readonly filterTimeLimitMs?: number | undefined;
}

/** What is known of a running filter. */
export interface FilterInspection {
  readonly plugin: string;
  readonly state: 'loading' | 'running' | 'failed';
  /** Why it does not run. */
  readonly problem?: string;
  readonly memoryBytes?: number;
}

/** How long something made ready waits for the configuration that names it; milliseconds. */
const PREPARED_MS = 60_000;

const LEVELS = Object.keys(LogLevel).map((name) => name.toLowerCase()) as FilterLogLine['level'][];

/** A use of a running filter: while there is one, its module lives. */
export interface PluginLease {
  /** The plugin's name. */
  readonly name: string;
  /** Undefined while its module is being loaded. */
  readonly plugin: Plugin | undefined;
  /** Resolves when it runs, or with the reason why it does not. */
  readonly loaded: Promise<string | undefined>;
  release(): void;
}

/**
 * The modules that run in a gateway. Equal configurations share one; a configuration that is made ready before it is in force begins to
 * serve without a pause, and the module before it ends when its last exchange is over.
 */
export class WasmPlugins {
  readonly process = new WasmProcess();
  readonly #environment: WasmEnvironment;
  readonly #callouts: Callouts;
  readonly #running = new Map<string, RunningPlugin>();
  /** Ends the uses of what was made ready and is not in force yet. */
  readonly #prepared = new Set<() => void>();

  constructor(environment: WasmEnvironment, callouts: Callouts) {
    this.#environment = environment;
    this.#callouts = callouts;
  }

  get metrics(): readonly Metric[] {
    return this.process.metrics.all();
  }

  inspect(): readonly FilterInspection[] {
    return [...this.#running.values()].map((running) => running.inspect());
  }

  /**
   * Loads and starts what a configuration asks for, so that it is there when the configuration is in force. The reason if it cannot be
   * obeyed.
   */
  async prepare(config: Any): Promise<string | undefined> {
    const settings = wasmSettings(config);
    if ('problem' in settings) return settings.problem;
    const lease = this.lease(settings);
    const problem = await lease.loaded;
    if (problem !== undefined) {
      lease.release();
      return problem;
    }
    const release = (): void => {
      clearTimeout(timer);
      this.#prepared.delete(release);
      lease.release();
    };
    const timer = setTimeout(release, PREPARED_MS);
    // A number where timers keep no process alive.
    (timer as { unref?: () => void }).unref?.();
    this.#prepared.add(release);
    return undefined;
  }

  /** Uses the running filter of a configuration; starts it if there is none. */
  lease(settings: WasmSettings): PluginLease {
    let running = this.#running.get(settings.key);
    if (running === undefined) {
      const key = settings.key;
      const started = new RunningPlugin(
        settings,
        () => this.#start(settings),
        () => {
          if (this.#running.get(key) === started) this.#running.delete(key);
        },
      );
      running = started;
      this.#running.set(key, running);
    }
    return running.lease();
  }

  /** Nothing is made ready any more: modules end with the last use of them. */
  close(): void {
    for (const release of this.#prepared) release();
    this.#prepared.clear();
  }

  async #start(settings: WasmSettings): Promise<Plugin> {
    const { maxFilterMemoryBytes, filterTimeLimitMs, hostEnvironment, foreignFunctions } = this.#environment;
    const environment: Record<string, string> = { ...settings.environment };
    for (const name of settings.hostEnvironment) {
      const value = hostEnvironment?.(name);
      if (value !== undefined) environment[name] = value;
    }
    const log = (level: LogLevel, message: string): void =>
      this.#environment.onFilterLog?.({ plugin: settings.name, level: LEVELS[level] ?? 'critical', message });
    return await startPlugin({
      module: await this.#code(settings.code),
      name: settings.name,
      rootId: settings.rootId,
      vmId: settings.vmId,
      configuration: settings.configuration,
      vmConfiguration: settings.vmConfiguration,
      environment,
      failurePolicy: settings.failurePolicy,
      allowsStopIteration: settings.allowsStopIteration,
      process: this.process,
      callouts: this.#callouts,
      foreignFunctions: async () => ({
        ...(await import('@heddle/wasm-host/cel')).celForeignFunctions,
        ...foreignFunctions,
      }),
      log,
      observe: (event) => log(event.type === 'reloaded' ? LogLevel.INFO : LogLevel.ERROR, sentence(event)),
      ...(settings.reloadIntervalMs === undefined ? {} : { reloadIntervalMs: settings.reloadIntervalMs }),
      ...(maxFilterMemoryBytes === undefined ? {} : { maxMemoryBytes: maxFilterMemoryBytes }),
      ...(filterTimeLimitMs === undefined ? {} : { timeLimitMs: filterTimeLimitMs }),
    });
  }

  async #code(code: WasmSettings['code']): Promise<Uint8Array<ArrayBuffer>> {
    if ('bytes' in code) return code.bytes;
    const { readModule } = this.#environment;
    if (readModule === undefined) {
      throw new Error(`Cannot read "${code.filename}": this gateway has no files; wanted inline_bytes`);
    }
    return readModule(code.filename);
  }
}

function sentence(event: PluginEvent): string {
  switch (event.type) {
    case 'failed':
      return event.trap.message;
    case 'reloaded':
      return 'The module runs again';
    case 'reload-failed':
      return `The module does not start again: ${event.error.message}`;
  }
}

/** One filter with its uses. */
class RunningPlugin {
  readonly #name: string;
  readonly #loaded: Promise<string | undefined>;
  readonly #ended: () => void;
  #plugin: Plugin | undefined;
  #problem: string | undefined;
  #uses = 0;
  #isClosed = false;

  constructor(settings: WasmSettings, start: () => Promise<Plugin>, ended: () => void) {
    this.#name = settings.name;
    this.#ended = ended;
    this.#loaded = start().then(
      (plugin) => {
        if (this.#isClosed) plugin.close();
        else this.#plugin = plugin;
        return undefined;
      },
      (error: unknown) => {
        this.#problem = error instanceof Error ? error.message : String(error);
        return this.#problem;
      },
    );
  }

  inspect(): FilterInspection {
    const failure = this.#problem ?? this.#plugin?.failure?.message;
    return {
      plugin: this.#name,
      state: failure !== undefined ? 'failed' : this.#plugin === undefined ? 'loading' : 'running',
      ...(failure === undefined ? {} : { problem: failure }),
      ...(this.#plugin === undefined ? {} : { memoryBytes: this.#plugin.memoryBytes }),
    };
  }

  lease(): PluginLease {
    this.#uses++;
    let isReleased = false;
    const plugin = (): Plugin | undefined => this.#plugin;
    return {
      name: this.#name,
      get plugin() {
        return plugin();
      },
      loaded: this.#loaded,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#uses--;
        if (this.#uses === 0) this.#close();
      },
    };
  }

  #close(): void {
    this.#isClosed = true;
    this.#ended();
    this.#plugin?.close();
  }
}
