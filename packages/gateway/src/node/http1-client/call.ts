import type { Socket } from 'node:net';
import type { ByteSink, ByteSource } from '../../http/byte-stream.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { UpstreamCall, UpstreamFailure, UpstreamHandler, UpstreamRequest } from '../../upstream-transport.ts';
import type { Http1Connection } from './connection.ts';

/** One request: first waiting for a connection, then on one. It is the body of its own response. */
export class Http1Call implements UpstreamCall, ByteSource {
  readonly request: UpstreamRequest;
  readonly handler: UpstreamHandler;
  readonly #onAbandoned: () => void;
  #connection: Http1Connection | undefined;
  #body: BodyWriter | undefined;
  #sink: ByteSink | undefined;
  #answered = false;
  #cancelled = false;
  #done = false;
  // What came before the sink was attached: a filter may take its time.
  #early: Uint8Array[] | undefined;
  #ended: { readonly trailers: HeaderList | undefined } | undefined;
  #aborted: string | undefined;

  /** `onAbandoned` is told when the request is given up before a connection took it. */
  constructor(request: UpstreamRequest, handler: UpstreamHandler, onAbandoned: () => void) {
    this.request = request;
    this.handler = handler;
    this.#onAbandoned = onAbandoned;
  }

  /** False while a part of the request body is still to be written. */
  get requestIsSent(): boolean {
    return this.#body === undefined || this.#body.isComplete;
  }

  /** Asks once whether the request may be written; if not, it is over. */
  mayStart(): boolean {
    if (this.handler.mayStart?.() !== false) return true;
    this.#cancelled = true;
    this.done();
    return false;
  }

  begin(connection: Http1Connection): void {
    this.#connection = connection;
    this.handler.onRequestStarted?.();
  }

  startBody(source: ByteSource, socket: Socket, enableTrailers: boolean): void {
    this.#body = new BodyWriter(source, socket, this.request.headers, enableTrailers);
    source.start(this.#body);
  }

  /** The socket can take more of the request body. */
  writable(): void {
    this.#body?.resume();
  }

  head(status: number, headers: HeaderList, empty: boolean): void {
    if (this.#cancelled) return;
    this.#answered = true;
    this.handler.onResponse(status, headers, empty ? undefined : this);
  }

  /** False asks the connection to pause. */
  data(chunk: Uint8Array): boolean {
    if (this.#cancelled) return true;
    if (this.#sink !== undefined) return this.#sink.write(chunk);
    this.#early ??= [];
    this.#early.push(chunk);
    return false;
  }

  end(trailers: HeaderList | undefined): void {
    if (!this.#cancelled) {
      if (this.#sink !== undefined) this.#sink.end(trailers);
      else this.#ended = { trailers };
    }
    this.done();
  }

  failed(failure: UpstreamFailure): void {
    if (this.#done) return;
    this.#body?.stop();
    if (!this.#cancelled) {
      if (this.#answered) this.handler.onBrokenOff?.();
      if (!this.#answered) this.handler.onFailure(failure);
      else if (this.#sink !== undefined) this.#sink.abort(failure.kind);
      else this.#aborted = failure.kind;
    }
    this.done();
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    let more = true;
    for (const chunk of this.#early ?? []) more = sink.write(chunk);
    this.#early = undefined;
    if (this.#ended !== undefined) sink.end(this.#ended.trailers);
    else if (this.#aborted !== undefined) sink.abort(this.#aborted);
    else if (more) this.#connection?.resume();
  }

  resume(): void {
    if (!this.#done) this.#connection?.resume();
  }

  cancel(): void {
    if (this.#cancelled || this.#done) return;
    this.#cancelled = true;
    this.#sink = undefined;
    this.#body?.stop();
    if (this.#connection === undefined) this.#onAbandoned();
    else this.#connection.destroy();
    this.done();
  }

  done(): void {
    if (this.#done) return;
    this.#done = true;
    this.handler.onDone();
  }
}

/** Writes a request body, chunked unless the request states its length. */
class BodyWriter implements ByteSink {
  isComplete = false;
  readonly #source: ByteSource;
  readonly #socket: Socket;
  readonly #chunked: boolean;
  readonly #enableTrailers: boolean;
  #stopped = false;

  constructor(source: ByteSource, socket: Socket, headers: HeaderList, enableTrailers: boolean) {
    this.#source = source;
    this.#socket = socket;
    this.#enableTrailers = enableTrailers;
    this.#chunked = !hasLength(headers);
  }

  resume(): void {
    if (!this.isComplete && !this.#stopped) this.#source.resume();
  }

  stop(): void {
    if (this.#stopped || this.isComplete) return;
    this.#stopped = true;
    this.#source.cancel();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#stopped || chunk.byteLength === 0) return true;
    const socket = this.#socket;
    if (!this.#chunked) return socket.write(chunk);
    socket.cork();
    socket.write(`${chunk.byteLength.toString(16)}\r\n`, 'latin1');
    socket.write(chunk);
    const more = socket.write('\r\n', 'latin1');
    socket.uncork();
    return more;
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#stopped) return;
    this.isComplete = true;
    if (!this.#chunked) return;
    const lines = this.#enableTrailers && trailers !== undefined ? trailerLines(trailers) : '';
    this.#socket.write(`0\r\n${lines}\r\n`, 'latin1');
  }

  // Half a body cannot be called whole: the endpoint learns it from the broken connection.
  abort(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#socket.destroy();
  }
}

/** Trailer fields as HTTP/1.1 has them; one with a line break in it would begin another and is left out. */
function trailerLines(trailers: HeaderList): string {
  let lines = '';
  for (let i = 0; i < trailers.length; i += 2) {
    const value = trailers[i + 1] as string;
    if (!/[\r\n\0]/.test(value)) lines += `${trailers[i]}: ${value}\r\n`;
  }
  return lines;
}

/** True when the headers state the body's length. */
export function hasLength(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === 'content-length') return true;
  return false;
}
