import { DataAction, HeadersAction, Status, TrailersAction } from '../abi.ts';
import type { LocalReply } from '../context.ts';
import { BodyBuffer, join } from '../guest-buffer.ts';
import { HeaderList } from '../header-map.ts';
import { HttpContext } from '../http-context.ts';
import type { RootContext } from '../root-context.ts';
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
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly trailers: HeaderList | undefined;
}

type Phase = 'headers' | 'body' | 'trailers';

/** The module's callbacks for one direction. */
interface Callbacks {
  headers(map: HeaderList, end: boolean): number | undefined;
  body(buffer: BodyBuffer, end: boolean): number | undefined;
  trailers(map: HeaderList): number | undefined;
}

/** Where one direction of a stream stands, as Envoy's filter manager has it for one filter. */
class Direction {
  readonly #message: EmulatedMessage;
  readonly #module: Callbacks;
  readonly #fail: () => void;
  readonly #delivered: (message: DeliveredMessage) => void;
  /** What is next to be shown to the module. */
  #next: { readonly phase: Phase; readonly piece: number } | undefined = { phase: 'headers', piece: 0 };
  #isPaused = false;
  /** Whether all stands still, or only the headers. */
  #stopsAll = false;
  #isBuffering = false;
  #buffered: Uint8Array = new Uint8Array();
  #passed: Uint8Array = new Uint8Array();
  #isOver = false;

  constructor(
    message: EmulatedMessage,
    module: Callbacks,
    fail: () => void,
    delivered: (message: DeliveredMessage) => void,
  ) {
    this.#message = message;
    this.#module = module;
    this.#fail = fail;
    this.#delivered = delivered;
  }

  get isPaused(): boolean {
    return this.#isPaused && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing of it is shown or delivered any more. */
  stop(): void {
    this.#isOver = true;
  }

  /** Shows the module what comes next, until it pauses. */
  run(): void {
    while (!this.#isOver && this.#next !== undefined && !(this.#isPaused && this.#stopsAll)) this.#step(this.#next);
    if (!this.#isOver && this.#next === undefined && !this.#isPaused) this.#deliver();
  }

  /** The module lets go of what it has paused. */
  resume(): void {
    if (this.#isOver || !this.#isPaused) return;
    this.#isPaused = false;
    this.#stopsAll = false;
    if (this.#isBuffering) {
      this.#isBuffering = false;
      this.#pass(this.#buffered);
      this.#buffered = new Uint8Array();
    }
    this.run();
  }

  #step({ phase, piece }: { readonly phase: Phase; readonly piece: number }): void {
    const { headers, body, trailers } = this.#message;
    if (phase === 'headers') {
      const end = body.length === 0 && trailers === undefined;
      this.#next = end ? undefined : { phase: body.length === 0 ? 'trailers' : 'body', piece: 0 };
      this.#apply(this.#module.headers(headers, end));
      return;
    }
    if (phase === 'body') {
      const isLast = piece === body.length - 1;
      this.#next = !isLast
        ? { phase, piece: piece + 1 }
        : trailers === undefined
          ? undefined
          : { phase: 'trailers', piece: 0 };
      this.#applyBody(body[piece] as Uint8Array, isLast && trailers === undefined);
      return;
    }
    this.#next = undefined;
    const action = this.#module.trailers(trailers as HeaderList);
    if (action === undefined) this.#fail();
    else if (action === TrailersAction.CONTINUE) this.resumeAfterTrailers();
    else this.#pause(true);
  }

  /** Trailers that go on take along what was buffered. */
  resumeAfterTrailers(): void {
    if (this.#isPaused && !this.#stopsAll) this.resume();
  }

  #apply(action: number | undefined): void {
    if (action === undefined) this.#fail();
    else if (action !== HeadersAction.CONTINUE && action !== HeadersAction.CONTINUE_AND_END_STREAM) {
      this.#pause(action !== HeadersAction.STOP_ITERATION);
    }
  }

  #applyBody(piece: Uint8Array, end: boolean): void {
    const buffer = new BodyBuffer(this.#isBuffering ? join(this.#buffered, piece) : piece);
    const action = this.#module.body(buffer, end);
    switch (action) {
      case undefined:
        this.#fail();
        return;
      case DataAction.CONTINUE:
        this.#isBuffering = false;
        this.#buffered = new Uint8Array();
        this.#isPaused = false;
        this.#pass(buffer.bytes);
        return;
      case DataAction.STOP_NO_BUFFER:
        this.#pause(false);
        return;
      default:
        this.#isBuffering = true;
        this.#buffered = buffer.bytes;
        this.#pause(false);
    }
  }

  #pause(stopsAll: boolean): void {
    this.#isPaused = true;
    this.#stopsAll = stopsAll;
  }

  #pass(bytes: Uint8Array): void {
    this.#passed = join(this.#passed, bytes);
  }

  #deliver(): void {
    this.#isOver = true;
    this.#delivered({ headers: this.#message.headers, body: this.#passed, trailers: this.#message.trailers });
  }
}

/** See {@link EmulatedStream}. */
export interface EmulatedStreamOptions {
  readonly vm: WasmVm;
  readonly root: RootContext;
  readonly request: EmulatedMessage;
  /** Answers what reaches the upstream. */
  readonly upstream: (request: DeliveredMessage) => EmulatedMessage | Promise<EmulatedMessage>;
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
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
  readonly #context: HttpContext;
  readonly #request: Direction;
  #response: Direction | undefined;
  #upstreamRequest: DeliveredMessage | undefined;
  #localReply: LocalReply | undefined;
  #end: StreamEnd | undefined;
  #isReset = false;

  constructor(options: EmulatedStreamOptions) {
    this.#options = options;
    const properties = new Map<string, Uint8Array>();
    this.#context = new HttpContext(
      options.vm,
      options.root,
      {
        property: (path) => options.property?.(path) ?? properties.get(path.join('.')),
        setProperty: (key, value) => {
          properties.set(key, value);
          return Status.OK;
        },
        continueRequest: () => this.#request.resume(),
        continueResponse: () => this.#response?.resume(),
        reset: () => {
          this.#isReset = true;
          this.#request.stop();
          this.#response?.stop();
          this.#close();
        },
        sendLocalReply: (reply) => this.#replyLocally(reply),
        clearRouteCache: () => {},
      },
      { allowsStopIteration: options.allowsStopIteration ?? false },
    );
    this.#request = new Direction(
      options.request,
      {
        headers: (map, end) => this.#context.onRequestHeaders(map, end),
        body: (buffer, end) => this.#context.onRequestBody(buffer, end),
        trailers: (map) => this.#context.onRequestTrailers(map),
      },
      () => this.#failed(),
      (request) => void this.#forward(request),
    );
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
    if (this.#request.isPaused) return 'request';
    return this.#response?.isPaused === true ? 'response' : undefined;
  }

  start(): void {
    this.#request.run();
  }

  async #forward(request: DeliveredMessage): Promise<void> {
    this.#upstreamRequest = request;
    const response = await this.#options.upstream(request);
    if (this.#isReset || this.#localReply !== undefined) return;
    this.#respond(response);
  }

  #respond(message: EmulatedMessage): void {
    this.#response = new Direction(
      message,
      {
        headers: (map, end) => this.#context.onResponseHeaders(map, end),
        body: (buffer, end) => this.#context.onResponseBody(buffer, end),
        trailers: (map) => this.#context.onResponseTrailers(map),
      },
      () => this.#failed(),
      (response) => {
        this.#end = { response, upstreamRequest: this.#upstreamRequest, localReply: this.#localReply };
        this.#close();
      },
    );
    this.#response.run();
  }

  /** A local reply passes the module's response callbacks as any response does. */
  #replyLocally(reply: LocalReply): void {
    if (this.#localReply !== undefined || this.#end !== undefined) return;
    this.#localReply = reply;
    this.#request.stop();
    this.#response?.stop();
    const headers = new HeaderList([[':status', String(reply.status)], ...reply.headers]);
    if (reply.body.length > 0) {
      headers.replace('content-length', String(reply.body.length));
      if (headers.get('content-type') === undefined) headers.add('content-type', 'text/plain');
    }
    this.#respond({ headers, body: reply.body.length > 0 ? [reply.body] : [], trailers: undefined });
  }

  #failed(): void {
    if (this.#options.failsOpen === true) return;
    this.#replyLocally({
      status: 503,
      details: 'wasm_fail_stream',
      body: new Uint8Array(),
      headers: [],
      grpcStatus: undefined,
    });
  }

  #close(): void {
    const { headers, trailers } = this.#end?.response ?? {};
    this.#context.close({
      requestHeaders: this.#options.request.headers,
      ...(headers === undefined ? {} : { responseHeaders: headers }),
      ...(trailers === undefined ? {} : { responseTrailers: trailers }),
    });
  }
}
