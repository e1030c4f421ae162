import type { Duplex } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import type { ByteSink, ByteSource } from '../http/byte-stream.ts';
import { type HeaderList, lowerCaseName } from '../http/header-list.ts';
import type {
  UpgradedConnection,
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamRequest,
  UpstreamTransport,
} from '../upstream-transport.ts';
import { bodyIterable } from './body-iterable.ts';
import { connectDetail } from './connect-detail.ts';
import { duplexSource } from './duplex-source.ts';

/**
 * HTTP/1.1 to endpoints by undici's `dispatch`: keep-alive pools per endpoint, raw headers both ways. For Node.
 */
export function undiciTransport(): UpstreamTransport {
  return {
    name: 'undici',
    supports: { upgrades: true, http2: false, trailers: true },
    createPool: (address, options) => new UndiciPool(address, options),
  };
}

class UndiciPool implements UpstreamPool {
  readonly #pool: Pool;
  readonly #origin: string;
  readonly #enableTrailers: boolean;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions) {
    this.#enableTrailers = options.enableTrailers;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#origin = `http://${host}:${address.port}`;
    this.#pool = new Pool(this.#origin, {
      connections: Math.min(options.maxConnections, Number.MAX_SAFE_INTEGER),
      pipelining: 1,
      connect: { timeout: options.connectTimeoutMs },
      // Time-outs of requests belong to the route, not to the connection.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.idleTimeoutMs,
      keepAliveMaxTimeout: options.idleTimeoutMs,
      keepAliveTimeoutThreshold: 0,
      maxHeaderSize: options.maxResponseHeaderBytes,
      maxRequestsPerClient: options.maxRequestsPerConnection === 0 ? undefined : options.maxRequestsPerConnection,
      strictContentLength: false,
      allowH2: false,
    } as Pool.Options);
  }

  // undici hands a request to a connection that is open and free.
  get isReady(): boolean {
    return this.#pool.stats.free > 0;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new UndiciCall(request, handler, this.#enableTrailers);
    const headers = ['host', request.authority];
    for (let i = 0; i < request.headers.length; i++) headers.push(request.headers[i] as string);
    const options: Dispatcher.DispatchOptions = {
      origin: this.#origin,
      path: request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers,
      // undici takes any async iterable; its types name only some.
      body: (call.body ?? null) as unknown as NonNullable<Dispatcher.DispatchOptions['body']> | null,
      upgrade: request.upgrade ?? null,
    };
    this.#pool.dispatch(options, call);
    return call;
  }

  close(): void {
    void this.#pool.close();
  }

  destroy(): void {
    void this.#pool.destroy();
  }
}

type Controller = Dispatcher.DispatchController;

/** One dispatched request: undici's handler on one side, the neutral call and body on the other. */
class UndiciCall implements Dispatcher.DispatchHandler, UpstreamCall, ByteSource {
  readonly body: ReturnType<typeof bodyIterable> | undefined;
  readonly #handler: UpstreamHandler;
  readonly #method: string;
  readonly #enableTrailers: boolean;
  #controller: Controller | undefined;
  #sink: ByteSink | undefined;
  #started = false;
  #answered = false;
  #cancelled = false;
  #done = false;
  // What arrived before the sink was attached (a filter may take its time).
  #early: Uint8Array[] | undefined;
  #ended: { trailers: HeaderList | undefined } | undefined;
  #aborted: string | undefined;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, enableTrailers: boolean) {
    this.#handler = handler;
    this.#enableTrailers = enableTrailers;
    this.#method = request.method;
    this.body = request.body === undefined ? undefined : bodyIterable(request.body);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#cancelled) {
      controller.abort(new Error('cancelled'));
      return;
    }
    if (this.#handler.mayStart?.() === false) {
      this.#cancelled = true;
      controller.abort(new Error('no room'));
      this.#finish();
      return;
    }
    this.#started = true;
    this.#handler.onRequestStarted?.();
  }

  onResponseStart(controller: Controller, status: number): void {
    if (this.#cancelled) return;
    const headers = decodeHeaders(controller.rawHeaders as Buffer[]);
    if (status < 200) {
      this.#handler.onInformational?.(status, headers);
      return;
    }
    this.#answered = true;
    const empty = this.#method === 'HEAD' || status === 204 || status === 304 || hasZeroLength(headers);
    this.#handler.onResponse(status, headers, empty ? undefined : this);
    // A sink that is not attached yet (a filter waits) must not lose the flow.
    if (!empty && this.#sink === undefined) controller.pause();
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#cancelled) return;
    if (this.#sink === undefined) {
      this.#early ??= [];
      this.#early.push(Buffer.from(chunk));
      controller.pause();
      return;
    }
    if (!this.#sink.write(chunk)) controller.pause();
  }

  onResponseEnd(controller: Controller): void {
    const raw = controller.rawTrailers as Buffer[] | null | undefined;
    const trailers =
      !this.#enableTrailers || raw === undefined || raw === null || raw.length === 0 ? undefined : decodeHeaders(raw);
    if (!this.#cancelled) {
      if (this.#sink !== undefined) this.#sink.end(trailers);
      else this.#ended = { trailers };
    }
    this.#finish();
  }

  onResponseError(_controller: Controller, error: Error): void {
    if (!this.#cancelled) {
      const failure = failureOf(error, this.#started, this.#answered);
      if (!this.#answered) this.#handler.onFailure(failure);
      else if (this.#sink !== undefined) this.#sink.abort(failure.kind);
      else this.#aborted = failure.kind;
    }
    this.#finish();
  }

  onRequestUpgrade(controller: Controller, _status: number, _headers: unknown, socket: Duplex): void {
    const headers = decodeHeaders(controller.rawHeaders as Buffer[]);
    if (this.#cancelled || this.#handler.onUpgrade === undefined) {
      socket.destroy();
      this.#finish();
      return;
    }
    this.#answered = true;
    const connection: UpgradedConnection = {
      source: duplexSource(socket),
      write: (chunk) => socket.write(chunk),
      onWritable: (listener) => void socket.on('drain', listener),
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
    };
    socket.once('close', () => this.#finish());
    this.#handler.onUpgrade(headers, connection);
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    if (this.#early !== undefined) {
      for (const chunk of this.#early) sink.write(chunk);
      this.#early = undefined;
    }
    if (this.#ended !== undefined) sink.end(this.#ended.trailers);
    else if (this.#aborted !== undefined) sink.abort(this.#aborted);
    else if (this.#controller?.paused === true) this.#controller.resume();
  }

  resume(): void {
    this.#controller?.resume();
  }

  cancel(): void {
    if (this.#cancelled || this.#done) return;
    this.#cancelled = true;
    this.#sink = undefined;
    if (this.#controller !== undefined) this.#controller.abort(new Error('cancelled'));
    // Not started yet: undici hears of it in onRequestStart, nobody else waits.
    this.#finish();
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#handler.onDone();
  }
}

/** Raw header buffers as text: names in lower case, one character per byte. */
function decodeHeaders(raw: readonly Buffer[]): HeaderList {
  const headers: HeaderList = new Array(raw.length);
  for (let i = 0; i < raw.length; i += 2) {
    headers[i] = lowerCaseName((raw[i] as Buffer).toString('latin1'));
    headers[i + 1] = (raw[i + 1] as Buffer).toString('latin1');
  }
  return headers;
}

function hasZeroLength(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') return headers[i + 1] === '0';
  }
  return false;
}

function failureOf(error: Error & { code?: string }, started: boolean, answered: boolean): UpstreamFailure {
  const code = error.code ?? '';
  if (!started) {
    if (code === 'UND_ERR_CONNECT_TIMEOUT') return { kind: 'connection timeout', detail: 'connection timeout' };
    return { kind: 'connection failure', detail: connectDetail(error) };
  }
  if (
    error.name === 'HTTPParserError' ||
    code.startsWith('HPE_') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return { kind: 'protocol error', detail: error.message };
  }
  // A body cut short is a broken message, which Envoy's codec reports as such.
  return { kind: answered ? 'protocol error' : 'connection termination', detail: error.message };
}
