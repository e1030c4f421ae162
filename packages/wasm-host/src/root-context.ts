import { type BufferType, type MapType, Status, type StreamType } from './abi.ts';
import type { GuestContext } from './context.ts';
import type { GuestBuffer } from './guest-buffer.ts';
import { encodeText } from './guest-memory.ts';
import type { HeaderMap } from './header-map.ts';
import type { WasmVm } from './wasm-vm.ts';

/** What a plugin is, as its module sees it. */
export interface PluginIdentity {
  readonly name: string;
  readonly rootId: string;
  readonly configuration: Uint8Array;
  /** Properties that every context of the plugin has, `node` for one. */
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
}

/** Why a module does not run a plugin. */
export class PluginError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluginError';
  }
}

/** The context that stands for a plugin's configuration; streams belong to one. */
export class RootContext implements GuestContext {
  readonly id: number;
  readonly isLogging = false;
  readonly plugin: PluginIdentity;
  readonly #vm: WasmVm;
  #isDonePending = false;

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
    vm.call('proxy_on_context_create', root, [root.id, 0], () => undefined);
    const size = vm.buffer(6)?.length ?? 0;
    const isStarted = vm.call('proxy_on_vm_start', root, [root.id, size], (result) => result !== 0);
    root.#check('its start', isStarted ?? !vm.has('proxy_on_vm_start'));
    const isConfigured = vm.withPluginConfiguration(plugin.configuration, () =>
      vm.call('proxy_on_configure', root, [root.id, plugin.configuration.length], (result) => result !== 0),
    );
    root.#check('its configuration', isConfigured ?? !vm.has('proxy_on_configure'));
    return root;
  }

  get rootId(): number {
    return this.id;
  }

  headerMap(_type: MapType): HeaderMap | undefined {
    return undefined;
  }

  buffer(_type: BufferType): GuestBuffer | undefined {
    return undefined;
  }

  property(path: readonly string[]): Uint8Array | undefined {
    return pluginProperty(this.plugin, this.#vm.vmId, path);
  }

  setProperty(): Status {
    return Status.NOT_FOUND;
  }

  // A root context has no stream: the module hears "ok", as from Envoy, and nothing happens.
  continueStream(_type: StreamType): void {}
  closeStream(_type: StreamType): void {}
  sendLocalReply(): void {}
  clearRouteCache(): void {}

  /** Asks the module to finish; it may take its time and say so by `proxy_done`. */
  shutDown(): void {
    const isDone = this.#vm.call('proxy_on_done', this, [this.id], (result) => result !== 0) ?? true;
    if (isDone) this.#delete();
    else this.#isDonePending = true;
  }

  done(): Status {
    if (!this.#isDonePending) return Status.NOT_FOUND;
    this.#isDonePending = false;
    this.#vm.defer(() => this.#delete());
    return Status.OK;
  }

  #delete(): void {
    this.#vm.call('proxy_on_delete', this, [this.id], () => undefined);
    this.#vm.removeContext(this.id);
  }

  #check(what: string, isFine: boolean): void {
    const { failure } = this.#vm;
    if (failure !== undefined)
      throw new PluginError(`Cannot run plugin "${this.plugin.name}": ${failure.message}`, { cause: failure });
    if (!isFine) throw new PluginError(`Cannot run plugin "${this.plugin.name}": its module refuses ${what}`);
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
