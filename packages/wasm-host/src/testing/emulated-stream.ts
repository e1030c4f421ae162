import { Status } from '../abi.ts';
import type { LocalReply } from '../context.ts';
import { join } from '../guest-buffer.ts';
import type { HeaderList, HeaderMap } from '../header-map.ts';
import { HttpContext } from '../http-context.ts';
import { HttpStream } from '../http-stream.ts';
import { formatLocalReply } from '../local-reply.ts';
import type { RootContext } from '../root-context.ts';
import type { MessageSink } from '../stream-leg.ts';
import type { WasmVm } from '../wasm-vm.ts';

/** One message as it is sent. */
export interface EmulatedMessage {
  readonly headers: HeaderList;
  /** In the pieces in which it comes; none for a message without a body. */
  readonly body: readonly Uint8Array[];
  readonly trailers: HeaderList | undefined;
}

/** What became of a message on its way through the module. */
export interface DeliveredMessage {
  readonly headers: HeaderMap;
  readonly body: Uint8Array;
  readonly trailers: HeaderMap | undefined;
}

/** See {@link EmulatedStream}. */
export interface EmulatedStreamOptions {
  readonly vm: WasmVm;
  readonly root: RootContext;
  readonly request: EmulatedMessage;
  /** Answers what reaches the upstream. */
  readonly upstream: (request: DeliveredMessage) => EmulatedMessage | Promise<EmulatedMessage>;
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
  /** Keys of Envoy's filter state that the filter may set. */
  readonly filterStateKeys?: ReadonlySet<string>;
  readonly allowsStopIteration?: boolean;
  /** Whether a module that failed lets requests pass (`FAIL_OPEN`). */
  readonly failsOpen?: boolean;
}

/** How a stream ended. */
export interface StreamEnd {
  readonly response: DeliveredMessage;
  /** What reached the upstream, if anything did. */
  readonly upstreamRequest: DeliveredMessage | undefined;
  /** The module's own answer, if it gave one. */
  readonly localReply: LocalReply | undefined;
}

/** One request through a module to a scripted upstream and back, as Envoy's filter manager would take it. */
export class EmulatedStream {
  readonly #options: EmulatedStreamOptions;
  readonly #stream: HttpStream;
  #upstreamRequest: DeliveredMessage | undefined;
  #localReply: LocalReply | undefined;
  #end: StreamEnd | undefined;
  #isReset = false;
  /** What the filter has put into Envoy's filter state. */
  readonly filterState = new Map<string, Uint8Array>();
  /** How often it has had the route chosen anew. */
  routeCacheClears = 0;

  constructor(options: EmulatedStreamOptions) {
    this.#options = options;
    const { vm, root, property, request } = options;
    const allowsStopIteration = options.allowsStopIteration ?? false;
    this.#stream = new HttpStream({
      plugins: [
        {
          openStream: (host) => new HttpContext(vm, root, host, { allowsStopIteration }),
          failsOpen: options.failsOpen ?? false,
        },
      ],
      request: collected((delivered) => void this.#forward(delivered)),
      response: collected((response) => this.#finish(response)),
      ...(property === undefined ? {} : { property }),
      setFilterState: (key, value) => {
        if (options.filterStateKeys?.has(key) !== true) return Status.NOT_FOUND;
        this.filterState.set(key, value);
        return Status.OK;
      },
      clearRouteCache: () => {
        this.routeCacheClears += 1;
      },
      localReply: (reply, isDirect) => this.#replyLocally(reply, isDirect),
      reset: () => {
        this.#isReset = true;
        this.#stream.close({ requestHeaders: request.headers });
      },
    });
  }

  /** How it ended; undefined while the module holds it. */
  get end(): StreamEnd | undefined {
    return this.#end;
  }

  /** What has reached the upstream. */
  get upstreamRequest(): DeliveredMessage | undefined {
    return this.#upstreamRequest;
  }

  get isReset(): boolean {
    return this.#isReset;
  }

  /** What the module holds, if anything. */
  get paused(): 'request' | 'response' | undefined {
    return this.#end === undefined ? this.#stream.paused : undefined;
  }

  start(): void {
    push(this.#options.request, this.#stream.request);
  }

  async #forward(request: DeliveredMessage): Promise<void> {
    this.#upstreamRequest = request;
    const response = await this.#options.upstream(request);
    if (!this.#isReset && this.#localReply === undefined) push(response, this.#stream.response);
  }

  #replyLocally(reply: LocalReply, isDirect: boolean): void {
    this.#localReply = reply;
    const { headers } = this.#options.request;
    const { headers: own, body } = formatLocalReply(reply, {
      isGrpc: /^application\/grpc(\+|$)/.test(headers.get('content-type') ?? ''),
      isHead: headers.get(':method') === 'HEAD',
    });
    const message = { headers: own, body: body.length > 0 ? [body] : [], trailers: undefined };
    if (isDirect)
      push(
        message,
        collected((response) => this.#finish(response)),
      );
    else push(message, this.#stream.response);
  }

  #finish(response: DeliveredMessage): void {
    this.#end = { response, upstreamRequest: this.#upstreamRequest, localReply: this.#localReply };
    const { headers, trailers } = response;
    this.#stream.close({
      requestHeaders: this.#options.request.headers,
      responseHeaders: headers,
      ...(trailers === undefined ? {} : { responseTrailers: trailers }),
    });
  }
}

function push({ headers, body, trailers }: EmulatedMessage, sink: MessageSink): void {
  const last = body.length - 1;
  sink.headers(headers, last === -1 && trailers === undefined);
  for (const [index, piece] of body.entries()) sink.data(piece, index === last && trailers === undefined);
  if (trailers !== undefined) sink.trailers(trailers);
}

/** Takes a message whole. */
function collected(take: (message: DeliveredMessage) => void): MessageSink {
  let headers: HeaderMap;
  let body: Uint8Array = new Uint8Array();
  return {
    headers(map, end) {
      headers = map;
      if (end) take({ headers, body, trailers: undefined });
    },
    data(bytes, end) {
      body = join(body, bytes);
      if (end) take({ headers, body, trailers: undefined });
      return true;
    },
    trailers(map) {
      take({ headers, body, trailers: map });
    },
  };
}
