import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from 'node:http2';
import type { ByteSink, ByteSource } from '../../http/byte-stream.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { UpstreamCall, UpstreamFailure, UpstreamHandler, UpstreamRequest } from '../../upstream-transport.ts';
import type { Http2Connection } from './connection.ts';
import { headerFields, receivedFields, requestHeaders } from './header-fields.ts';

const { NGHTTP2_CANCEL, NGHTTP2_FLAG_END_STREAM, NGHTTP2_NO_ERROR, NGHTTP2_PROTOCOL_ERROR, NGHTTP2_REFUSED_STREAM } =
  constants;

/** One request: first waiting for a connection, then a stream on one. It is the body of its own response. */
export class Http2Call implements UpstreamCall, ByteSource {
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamHandler;
  readonly #onAbandoned: () => void;
  #connection: Http2Connection | undefined;
  #stream: ClientHttp2Stream | undefined;
  #body: BodyWriter | undefined;
  #sink: ByteSink | undefined;
  #answered = false;
  #cancelled = false;
  #done = false;
  #ended = false;
  #trailers: HeaderList | undefined;
  // Until a sink is attached nothing is read, but the end and its cause may come.
  #aborted: string | undefined;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, onAbandoned: () => void) {
    this.#request = request;
    this.#handler = handler;
    this.#onAbandoned = onAbandoned;
  }

  /** Asks once whether the request may be written; if not, it is over. */
  mayStart(): boolean {
    if (this.#handler.mayStart?.() !== false) return true;
    this.#cancelled = true;
    this.#finish();
    return false;
  }

  begin(connection: Http2Connection, session: ClientHttp2Session): void {
    this.#connection = connection;
    const { body } = this.#request;
    this.#handler.onRequestStarted?.();
    if (this.#cancelled) return;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(requestHeaders(this.#request), {
        endStream: body === undefined,
        waitForTrailers: body !== undefined,
      });
    } catch (error) {
      // A header that HTTP/2 cannot carry: nothing was written.
      this.failed({ kind: 'local reset', detail: error instanceof Error ? error.message : String(error) });
      return;
    }
    this.#stream = stream;
    stream.on('headers', (headers, _flags, raw?: readonly string[]) => {
      if (!this.#cancelled) this.#handler.onInformational?.(Number(headers[':status']), receivedFields(headers, raw));
    });
    stream.on('response', (headers, flags, raw?: readonly string[]) => this.#onResponse(headers, flags, raw));
    stream.on('trailers', (headers: IncomingHttpHeaders, _flags: number, raw?: readonly string[]) => {
      this.#trailers = receivedFields(headers, raw);
    });
    stream.on('error', () => {});
    stream.on('close', () => this.#onClose());
    if (body !== undefined) {
      this.#body = new BodyWriter(body, stream);
      body.start(this.#body);
    }
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    if (this.#aborted !== undefined) sink.abort(this.#aborted);
    else if (this.#ended) sink.end(this.#trailers);
    else this.#flow();
  }

  resume(): void {
    if (!this.#done) this.#stream?.resume();
  }

  cancel(): void {
    if (this.#cancelled || this.#done) return;
    this.#cancelled = true;
    this.#sink = undefined;
    this.#body?.stop();
    if (this.#connection === undefined) this.#onAbandoned();
    else if (this.#stream?.destroyed === false) this.#stream.close(NGHTTP2_CANCEL);
    this.#finish();
  }

  /** The request will get no answer, or not all of it. */
  failed(failure: UpstreamFailure): void {
    if (this.#done) return;
    this.#body?.stop();
    if (!this.#cancelled) {
      if (this.#answered) this.#handler.onBrokenOff?.();
      if (!this.#answered) this.#handler.onFailure(failure);
      else if (this.#sink !== undefined) this.#sink.abort(failure.kind);
      else this.#aborted = failure.kind;
    }
    this.#finish();
  }

  #onResponse(headers: IncomingHttpHeaders, flags: number, raw: readonly string[] | undefined): void {
    if (this.#cancelled || this.#done) return;
    this.#answered = true;
    const status = Number(headers[':status']);
    const isWhole = (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
    if (isWhole) this.#ended = true;
    this.#handler.onResponse(status, receivedFields(headers, raw), isWhole ? undefined : this);
    if (!isWhole) return;
    this.#stream?.resume();
    this.#abandonBody();
    this.#finish();
  }

  #flow(): void {
    const stream = this.#stream as ClientHttp2Stream;
    stream.on('data', (chunk: Uint8Array) => {
      if (this.#sink !== undefined && !this.#sink.write(chunk)) stream.pause();
    });
    stream.on('end', () => {
      // A reset stream ends too, before it says that it was reset.
      if (stream.rstCode !== NGHTTP2_NO_ERROR || this.#cancelled || this.#done || stream.aborted) return;
      this.#ended = true;
      this.#sink?.end(this.#trailers);
      this.#abandonBody();
      this.#finish();
    });
  }

  /** The answer is there: the rest of the request interests nobody. */
  #abandonBody(): void {
    if (this.#body === undefined || this.#body.isComplete) return;
    this.#body.stop();
    this.#stream?.close(NGHTTP2_NO_ERROR);
  }

  #onClose(): void {
    if (this.#done) return;
    const connection = this.#connection as Http2Connection;
    const code = (this.#stream as ClientHttp2Stream).rstCode;
    const lost = connection.lost;
    if (lost !== undefined && code !== NGHTTP2_REFUSED_STREAM) this.failed(lost);
    else if (code === NGHTTP2_REFUSED_STREAM)
      this.failed({ kind: 'refused stream', detail: 'remote refused stream reset' });
    else if (code === NGHTTP2_PROTOCOL_ERROR)
      this.failed({ kind: 'protocol error', detail: 'the stream broke the protocol' });
    else this.failed({ kind: 'remote reset', detail: `the endpoint reset the stream (code ${code})` });
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#handler.onDone();
    this.#connection?.release(this);
  }
}

/** Writes a request body and its trailers. */
class BodyWriter implements ByteSink {
  isComplete = false;
  readonly #source: ByteSource;
  readonly #stream: ClientHttp2Stream;
  #trailers: HeaderList | undefined;
  #stopped = false;

  constructor(source: ByteSource, stream: ClientHttp2Stream) {
    this.#source = source;
    this.#stream = stream;
    stream.on('drain', () => {
      if (!this.isComplete && !this.#stopped) source.resume();
    });
    // Without trailers this sends an empty last frame.
    stream.on('wantTrailers', () => stream.sendTrailers(headerFields(this.#trailers ?? [])));
  }

  stop(): void {
    if (this.#stopped || this.isComplete) return;
    this.#stopped = true;
    this.#source.cancel();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#stopped || this.#stream.destroyed) return true;
    return this.#stream.write(chunk);
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#stopped) return;
    this.isComplete = true;
    this.#trailers = trailers;
    if (!this.#stream.destroyed) this.#stream.end();
  }

  // Half a body cannot be called whole: the endpoint learns it from the reset stream.
  abort(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (!this.#stream.destroyed) this.#stream.close(NGHTTP2_CANCEL);
  }
}
