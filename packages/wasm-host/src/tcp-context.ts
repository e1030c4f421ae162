import { BufferType, type MapType, Status, StreamType } from './abi.ts';
import type { GuestContext } from './context.ts';
import { DeclaredProperties } from './declared-properties.ts';
import { constantBuffer, type GuestBuffer } from './guest-buffer.ts';
import type { HeaderMap } from './header-map.ts';
import { pluginProperty, type RootContext } from './root-context.ts';
import { connectionAttribute, type Property } from './stream-attributes.ts';
import type { WasmVm } from './wasm-vm.ts';

/** Who closed a connection (`proxy_close_type_t`). */
export const CloseType = { UNKNOWN: 0, LOCAL: 1, REMOTE: 2 } as const;
export type CloseType = (typeof CloseType)[keyof typeof CloseType];

/** What a callback of a connection answers (Envoy's `Network::FilterStatus`). */
export const ConnectionAction = { CONTINUE: 0, STOP_ITERATION: 1 } as const;

/** The connection that a module filters, as its host has it. */
export interface ConnectionHost {
  property(path: readonly string[]): Uint8Array | undefined;
  setProperty(key: string, value: Uint8Array<ArrayBuffer>): Status;
  /** What came from the client, and was held back, goes on to the upstream. */
  continueReading(): void;
  /** The connection is closed when what was written to the client has gone out. */
  close(): void;
  /** Sets an object of Envoy's filter state; `NOT_FOUND` for a key that the host does not know. Without it no key is known. */
  setFilterState?(key: string, value: Uint8Array<ArrayBuffer>): Status;
}

const EMPTY = constantBuffer(new Uint8Array());

/**
 * One TCP connection in a module. The host calls the `on…` methods as data come; each answers a {@link ConnectionAction}, or undefined for a
 * module that has failed. While the module stops, the host keeps the data and shows them again together with what comes next.
 */
export class TcpContext implements GuestContext {
  readonly id: number;
  readonly isLogging = false;
  readonly #vm: WasmVm;
  readonly #root: RootContext;
  readonly #host: ConnectionHost;
  readonly #closed: (() => void) | undefined;
  #downstream: GuestBuffer | undefined;
  #upstream: GuestBuffer | undefined;
  #isClosed = false;
  #declaredProperties: DeclaredProperties | undefined;
  /** Read-only properties that were set. */
  #setOnce: Set<string> | undefined;

  /** @param options.closed called when the context is gone */
  constructor(vm: WasmVm, root: RootContext, host: ConnectionHost, options: { readonly closed?: () => void } = {}) {
    this.#vm = vm;
    this.#root = root;
    this.#host = host;
    this.#closed = options.closed;
    this.id = vm.nextContextId();
    vm.addContext(this);
    vm.call('proxy_on_context_create', this, [this.id, root.id], () => undefined);
  }

  get rootId(): number {
    return this.#root.id;
  }

  /** A client has connected; the upstream is not connected to while the module stops. */
  onNewConnection(): number | undefined {
    return this.#call('proxy_on_new_connection', [this.id]);
  }

  /** @param buffer all that came from the client and has not gone on */
  onDownstreamData(buffer: GuestBuffer, endOfStream: boolean): number | undefined {
    this.#downstream = buffer;
    const action = this.#call('proxy_on_downstream_data', [this.id, buffer.length, Number(endOfStream)]);
    if (action === ConnectionAction.CONTINUE) this.#downstream = undefined;
    return action;
  }

  /** @param buffer all that came from the upstream and has not gone on */
  onUpstreamData(buffer: GuestBuffer, endOfStream: boolean): number | undefined {
    this.#upstream = buffer;
    const action = this.#call('proxy_on_upstream_data', [this.id, buffer.length, Number(endOfStream)]);
    if (action === ConnectionAction.CONTINUE) this.#upstream = undefined;
    // As in Envoy, where a filter sees no other sign of the upstream's end.
    if (endOfStream) this.onUpstreamClose(CloseType.UNKNOWN);
    return action;
  }

  onUpstreamClose(type: CloseType): void {
    this.#vm.call('proxy_on_upstream_connection_close', this, [this.id, type], () => undefined);
  }

  /** The connection's end: the module hears of it, then done, log and delete, in this order as in Envoy. */
  onDownstreamClose(type: CloseType): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#vm.call('proxy_on_downstream_connection_close', this, [this.id, type], () => undefined);
    for (const callback of ['proxy_on_done', 'proxy_on_log', 'proxy_on_delete']) {
      this.#vm.call(callback, this, [this.id], () => undefined);
    }
    this.#vm.removeContext(this.id);
    this.#closed?.();
  }

  headerMap(_type: MapType): HeaderMap | undefined {
    return undefined;
  }

  buffer(type: BufferType): GuestBuffer | undefined {
    switch (type) {
      case BufferType.DOWNSTREAM_DATA:
        return this.#downstream ?? EMPTY;
      case BufferType.UPSTREAM_DATA:
        return this.#upstream ?? EMPTY;
      case BufferType.HTTP_REQUEST_BODY:
      case BufferType.HTTP_RESPONSE_BODY:
        return EMPTY;
      default:
        return undefined;
    }
  }

  property(path: readonly string[]): Property {
    const found = connectionAttribute(path);
    if (found !== 'stream') return found;
    return this.#host.property(path) ?? pluginProperty(this.#root.plugin, this.#vm.vmId, path);
  }

  declareProperty(name: string, isReadOnly: boolean, isText: boolean): Status {
    // As in Envoy: what a stream declares is declared, but only what a root context declares has a meaning.
    return (this.#declaredProperties ??= new DeclaredProperties()).declare(name, isReadOnly, isText);
  }

  isTextProperty(name: string): boolean {
    return this.#root.declaredProperties.isText(name);
  }

  setFilterState(key: string, value: Uint8Array<ArrayBuffer>): Status {
    return this.#host.setFilterState?.(key, value) ?? Status.NOT_FOUND;
  }

  setProperty(key: string, value: Uint8Array<ArrayBuffer>): Status {
    const isReadOnly = this.#root.declaredProperties.isReadOnly(key);
    if (isReadOnly && this.#setOnce?.has(key) === true) return Status.BAD_ARGUMENT;
    if (isReadOnly) (this.#setOnce ??= new Set()).add(key);
    return this.#host.setProperty(key, value);
  }

  continueStream(type: StreamType): void {
    if (type === StreamType.DOWNSTREAM) this.#vm.defer(() => this.#host.continueReading());
  }

  closeStream(type: StreamType): void {
    if (type === StreamType.DOWNSTREAM || type === StreamType.UPSTREAM) this.#vm.defer(() => this.#host.close());
  }

  // There is nobody to answer: the module hears "ok", as from Envoy, and nothing happens.
  sendLocalReply(): void {}
  clearRouteCache(): void {}

  #call(callback: string, args: readonly number[]): number | undefined {
    if (this.#vm.failure !== undefined) return undefined;
    if (!this.#vm.has(callback)) return ConnectionAction.CONTINUE;
    return this.#vm.call(callback, this, args, (result) =>
      result === 0 ? ConnectionAction.CONTINUE : ConnectionAction.STOP_ITERATION,
    );
  }
}
