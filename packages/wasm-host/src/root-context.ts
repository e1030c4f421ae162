import { BufferType, LogLevel, type MapType, Status, type StreamType } from './abi.ts';
import type { Callouts } from './callouts.ts';
import type { GuestContext } from './context.ts';
import { DeclaredProperties } from './declared-properties.ts';
import { constantBuffer, type GuestBuffer } from './guest-buffer.ts';
import { encodeText } from './guest-memory.ts';
import type { HeaderMap } from './header-map.ts';
import type { Property } from './stream-attributes.ts';
import type { WasmVm } from './wasm-vm.ts';

/** What a plugin is, as its module sees it. */
export interface PluginIdentity {
  readonly name: string;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  /** Properties that every context of the plugin has, `node` for one. */
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
  /** Where its messages go; default: where those of its VM go. */
  readonly log?: (level: LogLevel, message: string) => void;
  /** How it reaches clusters; default: as its VM does. */
  readonly callouts?: Callouts;
}

/** What a plugin stopped at. */
export type PluginErrorCode = 'start-refused' | 'configuration-refused' | 'trap' | 'closed';

/** Why a module does not run a plugin. */
export class PluginError extends Error {
  readonly code: PluginErrorCode;

  constructor(code: PluginErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluginError';
    this.code = code;
  }
}

/** Bodies and data of connections: a root context has none, which is no mistake. */
const LAST_STREAM_BUFFER = BufferType.UPSTREAM_DATA;
const EMPTY = constantBuffer(new Uint8Array());

/** Of the errors that a module logs as it refuses to start, how many stand in the reason, and how much of each. */
const MAX_ERRORS = 5;
const MAX_ERROR_LENGTH = 500;

/** The context that stands for a plugin's configuration; streams belong to one. */
export class RootContext implements GuestContext {
  readonly id: number;
  readonly isLogging = false;
  readonly declaredProperties = new DeclaredProperties();
  readonly plugin: PluginIdentity;
  readonly #vm: WasmVm;
  /** What the module logs as errors while it starts: why it refuses to, if it does. */
  #errors: string[] | undefined = [];
  /** What is to be done once the module has said that it is done; undefined if it need not say so. */
  #whenDone: (() => void) | undefined;

  private constructor(vm: WasmVm, plugin: PluginIdentity) {
    this.#vm = vm;
    this.plugin = plugin;
    this.id = vm.nextContextId();
    vm.addContext(this);
  }

  /**
   * Creates a plugin's root context and configures it.
   *
   * @throws PluginError if the module refuses the configuration, or fails
   */
  static configure(vm: WasmVm, plugin: PluginIdentity): RootContext {
    const root = new RootContext(vm, plugin);
    vm.withPluginConfiguration(plugin.configuration, () =>
      vm.call('proxy_on_context_create', root, [root.id, 0], () => undefined),
    );
    const size = vm.buffer(6)?.length ?? 0;
    const isStarted = vm.call('proxy_on_vm_start', root, [root.id, size], (result) => result !== 0);
    root.#check('start-refused', 'its start', isStarted ?? !vm.has('proxy_on_vm_start'));
    const isConfigured = vm.withPluginConfiguration(plugin.configuration, () =>
      vm.call('proxy_on_configure', root, [root.id, plugin.configuration.length], (result) => result !== 0),
    );
    root.#check('configuration-refused', 'its configuration', isConfigured ?? !vm.has('proxy_on_configure'));
    root.#errors = undefined;
    return root;
  }

  get rootId(): number {
    return this.id;
  }

  /** Takes note of what the module logs, as long as it starts. */
  noteError(level: LogLevel, message: string): void {
    if (this.#errors === undefined || level < LogLevel.ERROR || this.#errors.length >= MAX_ERRORS) return;
    this.#errors.push(message.slice(0, MAX_ERROR_LENGTH));
  }

  headerMap(_type: MapType): HeaderMap | undefined {
    return undefined;
  }

  buffer(type: BufferType): GuestBuffer | undefined {
    return type <= LAST_STREAM_BUFFER ? EMPTY : undefined;
  }

  property(path: readonly string[]): Property {
    // The one group of attributes that is there without a stream, for the sake of `xds.node`.
    if (path.length === 1 && path[0] === 'xds') return Status.SERIALIZATION_FAILURE;
    return pluginProperty(this.plugin, this.#vm.vmId, path);
  }

  setProperty(): Status {
    return Status.NOT_FOUND;
  }

  declareProperty(name: string, isReadOnly: boolean, isText: boolean): Status {
    return this.declaredProperties.declare(name, isReadOnly, isText);
  }

  isTextProperty(name: string): boolean {
    return this.declaredProperties.isText(name);
  }

  setFilterState(): Status {
    return Status.NOT_FOUND;
  }

  // A root context has no stream: the module hears "ok", as from Envoy, and nothing happens.
  continueStream(_type: StreamType): void {}
  closeStream(_type: StreamType): void {}
  sendLocalReply(): void {}
  clearRouteCache(): void {}

  /** Asks the module to finish; it may take its time and say so by `proxy_done`. Then the context is deleted and `deleted` called. */
  shutDown(deleted: () => void = () => {}): void {
    const finish = () => {
      this.#whenDone = undefined;
      this.#delete();
      deleted();
    };
    const isDone = this.#vm.call('proxy_on_done', this, [this.id], (result) => result !== 0) ?? true;
    if (isDone) finish();
    else this.#whenDone = finish;
  }

  done(): Status {
    const finish = this.#whenDone;
    if (finish === undefined) return Status.NOT_FOUND;
    this.#whenDone = undefined;
    this.#vm.defer(finish);
    return Status.OK;
  }

  /** Deletes a context whose module takes its time too long. */
  abandon(): void {
    this.#whenDone?.();
  }

  #delete(): void {
    this.#vm.call('proxy_on_delete', this, [this.id], () => undefined);
    this.#vm.removeContext(this.id);
  }

  #check(code: PluginErrorCode, what: string, isFine: boolean): void {
    const { failure } = this.#vm;
    if (failure === undefined && isFine) return;
    this.#vm.removeContext(this.id);
    if (failure !== undefined) {
      throw new PluginError('trap', `Cannot run plugin "${this.plugin.name}": ${failure.message}`, { cause: failure });
    }
    const refusal = `Cannot run plugin "${this.plugin.name}": its module refuses ${what}`;
    const reasons = this.#errors?.join('; ') ?? '';
    throw new PluginError(code, reasons === '' ? refusal : `${refusal}: ${reasons}`);
  }
}

/** The properties that say what a plugin is. */
export function pluginProperty(plugin: PluginIdentity, vmId: string, path: readonly string[]): Uint8Array | undefined {
  if (path.length === 1) {
    if (path[0] === 'plugin_name') return encodeText(plugin.name);
    if (path[0] === 'plugin_root_id') return encodeText(plugin.rootId);
    if (path[0] === 'plugin_vm_id') return encodeText(vmId);
  }
  return plugin.property?.(path);
}
