import { Status } from '../abi.ts';
import type { LocalReply } from '../context.ts';
import { join } from '../guest-buffer.ts';
import type { HeaderList, HeaderMap } from '../header-map.ts';
import { HttpContext } from '../http-context.ts';
import { HttpStream } from '../http-stream.ts';
import { formatLocalReply } from '../local-reply.ts';
import type { FailurePolicy } from '../plugin.ts';
import type { RootContext } from '../root-context.ts';
import type { MessageSink } from '../stream-leg.ts';
import type { WasmVm } from '../wasm-vm.ts';
import { emulatedAttribute, type StreamFacts } from './emulated-attributes.ts';
import { refuseRequest, refuseResponse, restoreScheme } from './emulated-router.ts';

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
  readonly failurePolicy: Exclude<FailurePolicy, 'reload'>;
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
  readonly #facts = {
    startNs: 0n,
    protocol: 'HTTP/1.1',
    durationNs: undefined as bigint | undefined,
    requestBytes: 0,
    responseBytes: 0,
    status: 0,
    grpcStatus: { headers: undefined, trailers: undefined } as StreamFacts['grpcStatus'],
    details: 'via_upstream',
    hasReachedUpstream: false,
    hasResponseEnded: false,
  };
  #upstreamRequest: DeliveredMessage | undefined;
  /** What has come of the upstream; the module may hold it. */
  #upstreamResponse: EmulatedMessage | undefined;
  #localReply: LocalReply | undefined;
  #end: StreamEnd | undefined;
  #isReset = false;
  /** What the filter has put into Envoy's filter state. */
  readonly filterState = new Map<string, Uint8Array>();
  /** How often it has had the route chosen anew. */
  routeCacheClears = 0;

  constructor(options: EmulatedStreamOptions) {
    this.#options = options;
    const { vm, root, property, request, failurePolicy } = options;
    this.#facts.startNs = vm.nowNs();
    const allowsStopIteration = options.allowsStopIteration ?? false;
    this.#stream = new HttpStream({
      plugins: [
        {
          openStream: (host) =>
            vm.failure === undefined ? new HttpContext(vm, root, host, { allowsStopIteration }) : undefined,
          failsOpen: failurePolicy !== 'closed',
          alwaysFailsOpen: failurePolicy === 'always-open',
        },
      ],
      request: this.#toUpstream(),
      response: collected(
        (response) => this.#finish(response),
        (bytes) => {
          this.#facts.responseBytes += bytes;
        },
      ),
      property: (path) => property?.(path) ?? emulatedAttribute(this.#facts, path),
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

  /** The client goes away before it has its answer. */
  leave(): void {
    if (this.#end !== undefined || this.#isReset) return;
    this.#isReset = true;
    const { headers, trailers } = this.#upstreamResponse ?? {};
    this.#stream.close({
      requestHeaders: this.#options.request.headers,
      ...(headers === undefined ? {} : { responseHeaders: headers }),
      ...(trailers === undefined ? {} : { responseTrailers: trailers }),
    });
  }

  start(): void {
    push(this.#options.request, this.#stream.request, (bytes) => {
      this.#facts.requestBytes += bytes;
    });
  }

  #toUpstream(): MessageSink {
    const sink = collected((delivered) => void this.#forward(delivered));
    return {
      ...sink,
      headers: (map, end) => {
        this.#facts.hasReachedUpstream = true;
        sink.headers(map, end);
      },
    };
  }

  async #forward(request: DeliveredMessage): Promise<void> {
    const refusal = refuseRequest(request.headers);
    let response = refusal?.message;
    if (refusal !== undefined) this.#facts.details = refusal.details;
    if (response === undefined) {
      restoreScheme(request.headers);
      this.#upstreamRequest = request;
      response = await this.#options.upstream(request);
    }
    if (this.#isReset || this.#localReply !== undefined) return;
    this.#facts.status = Number(response.headers.get(':status') ?? 0);
    this.#upstreamResponse = response;
    const headers = response.headers.get('grpc-status');
    this.#facts.grpcStatus = { headers, trailers: undefined };
    push(response, this.#stream.response, undefined, () => {
      this.#facts.hasResponseEnded = true;
      this.#facts.grpcStatus = { headers, trailers: response.trailers?.get('grpc-status') };
    });
  }

  #replyLocally(reply: LocalReply, isDirect: boolean): void {
    this.#localReply = reply;
    const { headers } = this.#options.request;
    const { headers: own, body } = formatLocalReply(reply, {
      isGrpc: /^application\/grpc(\+|$)/.test(headers.get('content-type') ?? ''),
      isHead: headers.get(':method') === 'HEAD',
    });
    this.#facts.status = Number(own.get(':status') ?? 0);
    this.#facts.grpcStatus = { headers: own.get('grpc-status'), trailers: undefined };
    this.#facts.details = reply.details;
    const message = { headers: own, body: body.length > 0 ? [body] : [], trailers: undefined };
    if (isDirect)
      push(
        message,
        collected((response) => this.#finish(response)),
      );
    else push(message, this.#stream.response);
  }

  #finish(delivered: DeliveredMessage): void {
    const refusal = refuseResponse(delivered.headers);
    if (refusal !== undefined) this.#facts.details = refusal.details;
    const response: DeliveredMessage =
      refusal === undefined
        ? delivered
        : { headers: refusal.message.headers, body: refusal.message.body[0] ?? delivered.body, trailers: undefined };
    this.#end = { response, upstreamRequest: this.#upstreamRequest, localReply: this.#localReply };
    const { headers, trailers } = response;
    this.#facts.hasResponseEnded = true;
    this.#facts.durationNs = this.#options.vm.nowNs() - this.#facts.startNs;
    this.#stream.close({
      requestHeaders: this.#options.request.headers,
      responseHeaders: headers,
      ...(trailers === undefined ? {} : { responseTrailers: trailers }),
    });
  }
}

function push(
  { headers, body, trailers }: EmulatedMessage,
  sink: MessageSink,
  count: (bytes: number) => void = () => {},
  ends: () => void = () => {},
): void {
  const last = body.length - 1;
  sink.headers(headers, last === -1 && trailers === undefined);
  for (const [index, piece] of body.entries()) {
    count(piece.length);
    if (index === last && trailers === undefined) ends();
    sink.data(piece, index === last && trailers === undefined);
  }
  if (trailers === undefined) return;
  ends();
  sink.trailers(trailers);
}

/** Takes a message whole. */
function collected(take: (message: DeliveredMessage) => void, count: (bytes: number) => void = () => {}): MessageSink {
  let headers: HeaderMap;
  let body: Uint8Array = new Uint8Array();
  return {
    headers(map, end) {
      headers = map;
      if (end) take({ headers, body, trailers: undefined });
    },
    data(bytes, end) {
      body = join(body, bytes);
      count(bytes.length);
      if (end) take({ headers, body, trailers: undefined });
      return true;
    },
    trailers(map) {
      take({ headers, body, trailers: map });
    },
  };
}
