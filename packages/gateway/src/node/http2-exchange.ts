import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { serveExchange } from '../http/connection-manager.ts';
import { type DownstreamConnection, Exchange, type ResponseWriter } from '../http/exchange.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { HttpListener } from '../http/http-listener.ts';
import { joinCookies, receiveHeaders } from '../http/received-headers.ts';
import { receivedFields } from './http2-client/header-fields.ts';
import { IncomingBody } from './incoming-body.ts';

/** Serves one stream of node:http2. */
export function serveHttp2(
  listener: HttpListener,
  connection: DownstreamConnection,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[],
): void {
  const received = receiveHeaders(rawHeaders);
  // Trailers (`te: trailers`) are the only thing a client may ask of this hop; upgrades do not exist in HTTP/2.
  received.upgrade = undefined;
  joinCookies(received.headers);
  const writer = new Http2Writer(stream);
  const body = stream.endAfterHeaders ? undefined : incomingBody(stream);
  const authority = (headers[':authority'] as string | undefined) ?? received.host ?? '';
  const exchange = new Exchange(connection, 'HTTP/2', writer, {
    method: headers[':method'] as string,
    scheme: (headers[':scheme'] as string | undefined) ?? 'http',
    authority,
    path: (headers[':path'] as string | undefined) ?? '',
    headers: received.headers,
    body,
  });
  writer.exchange = exchange;
  body?.attach(exchange);
  stream.on('close', () => {
    if (!exchange.finished) exchange.downstreamGone();
  });
  // A reset by the client is told by `close`; without a listener it would end the process.
  stream.on('error', () => {});
  serveExchange(listener, exchange, received);
}

function incomingBody(stream: ServerHttp2Stream): IncomingBody {
  let trailers: HeaderList | undefined;
  stream.on('trailers', (fields: IncomingHttpHeaders, _flags: number, raw?: readonly string[]) => {
    trailers = receivedFields(fields, raw);
  });
  return new IncomingBody(stream, () => trailers);
}

class Http2Writer implements ResponseWriter {
  exchange: Exchange | undefined;
  readonly #stream: ServerHttp2Stream;
  #waitsForDrain = false;
  #trailers: HeaderList | undefined;

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream;
  }

  informational(status: number, headers: HeaderList): void {
    if (!this.#stream.destroyed) this.#stream.additionalHeaders({ ':status': status, ...headerRecord(headers) });
  }

  head(status: number, headers: HeaderList, endStream: boolean): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    try {
      stream.respond({ ':status': status, ...headerRecord(headers) }, { endStream, waitForTrailers: !endStream });
    } catch {
      this.reset();
      return;
    }
    if (endStream) {
      this.#discardRequest();
      return;
    }
    // Without trailers this sends an empty last frame.
    stream.on('wantTrailers', () =>
      stream.sendTrailers(this.#trailers === undefined ? {} : headerRecord(this.#trailers)),
    );
  }

  write(chunk: Uint8Array): boolean {
    const more = this.#stream.write(chunk);
    if (!more && !this.#waitsForDrain) {
      this.#waitsForDrain = true;
      this.#stream.once('drain', () => {
        this.#waitsForDrain = false;
        this.exchange?.downstreamWritable();
      });
    }
    return more;
  }

  end(trailers: HeaderList | undefined): void {
    this.#trailers = trailers;
    this.#stream.end();
    this.#discardRequest();
  }

  reset(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  breakConnection(): void {
    const { session } = this.#stream;
    session?.goaway(constants.NGHTTP2_PROTOCOL_ERROR);
    session?.destroy();
  }

  // The rest of a request that was answered early: read and dropped, so that the stream can close.
  #discardRequest(): void {
    if (this.exchange?.requestComplete === false) this.#stream.resume();
  }
}

function headerRecord(headers: HeaderList): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const present = record[name];
    if (name === 'connection') continue;
    if (present === undefined) record[name] = value;
    else if (Array.isArray(present)) present.push(value);
    else record[name] = [present, value];
  }
  return record;
}
