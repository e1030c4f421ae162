import { BufferType, DataAction, HeadersAction, MapType, Status, StreamType, TrailersAction } from './abi.ts';
import type { GuestContext, LocalReply } from './context.ts';
import { DeclaredProperties } from './declared-properties.ts';
import { constantBuffer, type GuestBuffer } from './guest-buffer.ts';
import { type HeaderMap, ReadOnlyHeaders } from './header-map.ts';
import { pluginProperty, type RootContext } from './root-context.ts';
import { headerAttribute, type Property } from './stream-attributes.ts';
import type { WasmVm } from './wasm-vm.ts';

/** The HTTP stream that a module filters, as its host has it. */
export interface HttpStreamHost {
  property(path: readonly string[]): Uint8Array | undefined;
  setProperty(key: string, value: Uint8Array<ArrayBuffer>): Status;
  /** What was paused goes on. */
  continueRequest(): void;
  continueResponse(): void;
  /** The stream is reset. */
  reset(): void;
  sendLocalReply(reply: LocalReply): void;
  clearRouteCache(): void;
  /** Sets an object of Envoy's filter state; `NOT_FOUND` for a key that the host does not know. Without it no key is known. */
  setFilterState?(key: string, value: Uint8Array<ArrayBuffer>): Status;
}

/** What a module sees of a stream when it is over. */
interface LoggedMaps {
  readonly requestHeaders?: HeaderMap;
  readonly responseHeaders?: HeaderMap;
  readonly responseTrailers?: HeaderMap;
}

/** What is on one side of a stream while the module may see it. */
interface Side {
  headers: HeaderMap | undefined;
  body: GuestBuffer | undefined;
  trailers: HeaderMap | undefined;
}

const EMPTY = constantBuffer(new Uint8Array());

/**
 * One HTTP stream in a module. The host calls the `on…` methods as the stream goes, each answers what is to become of it, with the
 * numbers of the ABI (`HeadersAction` and so on); a module that failed answers undefined, and the host decides by its policy.
 */
export class HttpContext implements GuestContext {
  readonly id: number;
  readonly #vm: WasmVm;
  readonly #root: RootContext;
  readonly #host: HttpStreamHost;
  readonly #allowsStopIteration: boolean;
  readonly #closed: (() => void) | undefined;
  readonly #request: Side = { headers: undefined, body: undefined, trailers: undefined };
  readonly #response: Side = { headers: undefined, body: undefined, trailers: undefined };
  #logged: { readonly request: Side; readonly response: Side } | undefined;
  #isOver = false;
  #isClosed = false;
  #declaredProperties: DeclaredProperties | undefined;
  /** Read-only properties that were set. */
  #setOnce: Set<string> | undefined;

  /**
   * @param options.allowsStopIteration as PluginConfig.allow_on_headers_stop_iteration: `StopIteration` for headers lets the body through
   * @param options.closed called when the context is gone
   */
  constructor(
    vm: WasmVm,
    root: RootContext,
    host: HttpStreamHost,
    options: { readonly allowsStopIteration?: boolean; readonly closed?: () => void } = {},
  ) {
    this.#vm = vm;
    this.#root = root;
    this.#host = host;
    this.#allowsStopIteration = options.allowsStopIteration ?? false;
    this.#closed = options.closed;
    this.id = vm.nextContextId();
    vm.addContext(this);
    vm.call('proxy_on_context_create', this, [this.id, root.id], () => undefined);
  }

  get rootId(): number {
    return this.#root.id;
  }

  get isLogging(): boolean {
    return this.#logged !== undefined;
  }

  onRequestHeaders(headers: HeaderMap, endOfStream: boolean): number | undefined {
    return this.#onHeaders('proxy_on_request_headers', this.#request, headers, endOfStream);
  }

  onRequestBody(body: GuestBuffer, endOfStream: boolean): number | undefined {
    return this.#onBody('proxy_on_request_body', this.#request, body, endOfStream);
  }

  onRequestTrailers(trailers: HeaderMap): number | undefined {
    return this.#onTrailers('proxy_on_request_trailers', this.#request, trailers);
  }

  onResponseHeaders(headers: HeaderMap, endOfStream: boolean): number | undefined {
    return this.#onHeaders('proxy_on_response_headers', this.#response, headers, endOfStream);
  }

  onResponseBody(body: GuestBuffer, endOfStream: boolean): number | undefined {
    return this.#onBody('proxy_on_response_body', this.#response, body, endOfStream);
  }

  onResponseTrailers(trailers: HeaderMap): number | undefined {
    return this.#onTrailers('proxy_on_response_trailers', this.#response, trailers);
  }

  /** The stream's end: log, done, delete, in this order as in Envoy. `maps` is what the log sees. */
  close(maps: LoggedMaps): void {
    this.log(maps);
    this.end();
  }

  /** The stream is over; the module may say what became of it. Of several plugins all log before one is ended. */
  log(maps: LoggedMaps): void {
    if (this.#isClosed || this.#isOver) return;
    this.#isOver = true;
    // What the module has held is there to the end, as in Envoy, but for bodies, which Envoy may have freed.
    this.#request.body = undefined;
    this.#response.body = undefined;
    if (!this.#vm.has('proxy_on_log')) return;
    this.#logged = {
      request: { headers: readOnly(maps.requestHeaders), body: undefined, trailers: undefined },
      response: { headers: readOnly(maps.responseHeaders), body: undefined, trailers: readOnly(maps.responseTrailers) },
    };
    this.#vm.call('proxy_on_log', this, [this.id], () => undefined);
    this.#logged = undefined;
  }

  /** The module forgets the stream. */
  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#vm.call('proxy_on_done', this, [this.id], () => undefined);
    this.#vm.call('proxy_on_delete', this, [this.id], () => undefined);
    this.#vm.removeContext(this.id);
    this.#closed?.();
  }

  headerMap(type: MapType): HeaderMap | undefined {
    const { request, response } = this.#logged ?? { request: this.#request, response: this.#response };
    switch (type) {
      case MapType.HTTP_REQUEST_HEADERS:
        return request.headers;
      case MapType.HTTP_REQUEST_TRAILERS:
        return request.trailers;
      case MapType.HTTP_RESPONSE_HEADERS:
        return response.headers;
      case MapType.HTTP_RESPONSE_TRAILERS:
        return response.trailers;
      default:
        return undefined;
    }
  }

  buffer(type: BufferType): GuestBuffer | undefined {
    switch (type) {
      case BufferType.HTTP_REQUEST_BODY:
        return this.#request.body ?? EMPTY;
      case BufferType.HTTP_RESPONSE_BODY:
        return this.#response.body ?? EMPTY;
      case BufferType.DOWNSTREAM_DATA:
      case BufferType.UPSTREAM_DATA:
        return EMPTY;
      default:
        return undefined;
    }
  }

  property(path: readonly string[]): Property {
    const { request, response } = this.#logged ?? { request: this.#request, response: this.#response };
    const visible = { request: request.headers, response: response.headers, responseTrailers: response.trailers };
    const found = headerAttribute(path, visible);
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
    if (type === StreamType.HTTP_REQUEST) this.#vm.defer(() => this.#host.continueRequest());
    if (type === StreamType.HTTP_RESPONSE) this.#vm.defer(() => this.#host.continueResponse());
    // What goes on is out of the module's hands; of the response Envoy forgets nothing.
    clear(this.#request);
  }

  closeStream(type: StreamType): void {
    if (type === StreamType.HTTP_REQUEST || type === StreamType.HTTP_RESPONSE) this.#vm.defer(() => this.#host.reset());
  }

  sendLocalReply(reply: LocalReply): void {
    this.#host.sendLocalReply(reply);
  }

  clearRouteCache(): void {
    this.#host.clearRouteCache();
  }

  #onHeaders(callback: string, side: Side, headers: HeaderMap, endOfStream: boolean): number | undefined {
    if (this.#vm.failure !== undefined) return undefined;
    if (!this.#vm.has(callback)) return HeadersAction.CONTINUE;
    side.headers = headers;
    const count = headers.pairs().length;
    const args = this.#vm.abiVersion === '0.1.0' ? [this.id, count] : [this.id, count, Number(endOfStream)];
    const action = this.#vm.call(callback, this, args, (result) => {
      const isKnown = result >= 0 && result <= HeadersAction.STOP_ALL_AND_WATERMARK;
      if (this.#vm.isIterationStopped || !isKnown) return HeadersAction.STOP_ALL_AND_WATERMARK;
      const stopsAll = result === HeadersAction.STOP_ITERATION && !this.#allowsStopIteration;
      return stopsAll ? HeadersAction.STOP_ALL_AND_WATERMARK : result;
    });
    if (action === HeadersAction.CONTINUE) side.headers = undefined;
    return action;
  }

  #onBody(callback: string, side: Side, body: GuestBuffer, endOfStream: boolean): number | undefined {
    if (this.#vm.failure !== undefined) return undefined;
    if (!this.#vm.has(callback)) return DataAction.CONTINUE;
    side.body = body;
    const action = this.#vm.call(callback, this, [this.id, body.length, Number(endOfStream)], (result) => {
      const isKnown = result >= 0 && result <= DataAction.STOP_NO_BUFFER;
      return this.#vm.isIterationStopped || !isKnown ? DataAction.STOP_NO_BUFFER : result;
    });
    if (action === DataAction.CONTINUE) side.body = undefined;
    return action;
  }

  #onTrailers(callback: string, side: Side, trailers: HeaderMap): number | undefined {
    if (this.#vm.failure !== undefined) return undefined;
    if (!this.#vm.has(callback)) return TrailersAction.CONTINUE;
    side.trailers = trailers;
    const action = this.#vm.call(callback, this, [this.id, trailers.pairs().length], (result) =>
      this.#vm.isIterationStopped || result !== TrailersAction.CONTINUE
        ? TrailersAction.STOP_ITERATION
        : TrailersAction.CONTINUE,
    );
    if (action === TrailersAction.CONTINUE) side.trailers = undefined;
    return action;
  }
}

function readOnly(map: HeaderMap | undefined): HeaderMap | undefined {
  return map === undefined ? undefined : new ReadOnlyHeaders(map);
}

function clear(side: Side): void {
  side.headers = undefined;
  side.body = undefined;
  side.trailers = undefined;
}
