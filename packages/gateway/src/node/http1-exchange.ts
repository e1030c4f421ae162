import type { IncomingMessage, ServerResponse } from 'node:http';
import { unmappedAddress } from '../http/address-range.ts';
import { serveExchange } from '../http/connection-manager.ts';
import { type DownstreamConnection, Exchange, type ResponseWriter } from '../http/exchange.ts';
import { type HeaderList, lowerCaseName } from '../http/header-list.ts';
import type { HttpListener } from '../http/http-listener.ts';
import { receiveHeaders } from '../http/received-headers.ts';
import { statusText } from '../http/status-text.ts';
import { IncomingBody } from './incoming-body.ts';

/** The downstream facts of a socket, made once per connection. */
export function connectionFacts(socket: {
  remoteAddress?: string | undefined;
  remotePort?: number | undefined;
  localAddress?: string | undefined;
  localPort?: number | undefined;
}): DownstreamConnection {
  return {
    remoteAddress: unmappedAddress(socket.remoteAddress ?? ''),
    remotePort: socket.remotePort ?? 0,
    localAddress: unmappedAddress(socket.localAddress ?? ''),
    localPort: socket.localPort ?? 0,
    secure: false,
  };
}

/** Serves one request of node:http; `writer` answers it. */
export function serveHttp1(
  listener: HttpListener,
  connection: DownstreamConnection,
  req: IncomingMessage,
  writer: Http1Writer,
): Exchange {
  const received = receiveHeaders(req.rawHeaders);
  const hasBody = received.hasTransferEncoding || (received.hasContentLength && req.headers['content-length'] !== '0');
  const trailers = listener.settings.enableTrailers ? () => trailersOf(req.rawTrailers) : undefined;
  const body = hasBody ? new IncomingBody(req, trailers) : undefined;
  const target = requestTarget(req.method as string, req.url as string, received.host, connection.secure);
  if (target.authority !== undefined) received.host = target.authority;
  received.invalidTarget = target.invalid;
  const exchange = new Exchange(connection, req.httpVersionMinor === 0 ? 'HTTP/1.0' : 'HTTP/1.1', writer, {
    method: req.method as string,
    scheme: connection.secure ? 'https' : 'http',
    authority: received.host ?? '',
    path: target.path,
    headers: received.headers,
    body,
    upgrade: received.upgrade,
  });
  writer.exchange = exchange;
  body?.attach(exchange);
  writer.watchClient();
  serveExchange(listener, exchange, received);
  return exchange;
}

/** Raw trailer lines with names in lower case; undefined when there are none. */
export function trailersOf(raw: readonly string[]): HeaderList | undefined {
  if (raw.length === 0) return undefined;
  return raw.map((text, i) => (i % 2 === 0 ? lowerCaseName(text) : text));
}

interface RequestTarget {
  readonly path: string;
  /** What replaces Host. */
  readonly authority?: string;
  readonly invalid?: { readonly status: number; readonly body: string };
}

const badTarget: RequestTarget = { path: '', invalid: { status: 400, body: 'Bad Request' } };

/** Reads a request target in its four forms (RFC 9112 section 3.2), as Envoy's codec does. */
function requestTarget(method: string, url: string, host: string | undefined, secure: boolean): RequestTarget {
  if (url.charCodeAt(0) === 0x2f) return { path: url };
  if (method === 'CONNECT') return { path: '', authority: url };
  if (url === '*') return method === 'OPTIONS' ? { path: url } : badTarget;
  const scheme = url.indexOf('://');
  const isHttps = /^https:/i.test(url);
  if (scheme < 0 || !/^https?:/i.test(url)) return badTarget;
  let end = url.length;
  for (const mark of ['/', '?', '#']) {
    const at = url.indexOf(mark, scheme + 3);
    if (at >= 0 && at < end) end = at;
  }
  const authority = url.slice(scheme + 3, end);
  if (authority === '') return badTarget;
  const rest = url.slice(end);
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  // Nobody spoke TLS here, whatever the target says.
  if (isHttps && !secure) return { path, authority: host ?? authority, invalid: { status: 403, body: 'Forbidden' } };
  return { path, authority };
}

/** Writes a response through node:http exactly as given: no headers of Node's own besides the framing. */
export class Http1Writer implements ResponseWriter {
  exchange: Exchange | undefined;
  protected readonly res: ServerResponse;
  #waitsForDrain = false;
  #ended = false;

  constructor(res: ServerResponse) {
    this.res = res;
  }

  /** Tells the exchange when the client goes away before the response is complete. */
  watchClient(): void {
    this.res.on('close', () => {
      if (this.exchange?.finished === false) this.exchange.downstreamGone();
    });
  }

  informational(status: number, headers: HeaderList): void {
    if (status === 103)
      this.res.writeEarlyHints({ link: headers.filter((_, i) => i % 2 === 1 && headers[i - 1] === 'link') });
  }

  head(status: number, headers: HeaderList, endStream: boolean, close: boolean): void {
    const { res } = this;
    res.sendDate = false;
    if (close) res.shouldKeepAlive = false;
    if (!res.shouldKeepAlive) headers.push('connection', 'close');
    // Persistence is HTTP/1.1's default; Node would say it in two headers.
    else if (this.exchange?.protocol === 'HTTP/1.1') res.removeHeader('connection');
    const bodiless = status === 204 || status === 304 || status < 200;
    const isHead = this.exchange?.method === 'HEAD';
    if (!bodiless && !hasFraming(headers)) {
      if (endStream && !isHead) headers.push('content-length', '0');
      else if (this.exchange?.protocol === 'HTTP/1.1') headers.push('transfer-encoding', 'chunked');
    }
    try {
      res.writeHead(status, statusText(status), headers);
    } catch {
      // An endpoint's header that HTTP cannot carry.
      this.reset();
      return;
    }
    if (endStream) res.end();
  }

  write(chunk: Uint8Array, last: boolean): boolean {
    if (last) {
      this.#ended = true;
      // Node joins the head with a string, not with a buffer: a small answer is then one write to the kernel instead of a gathered one.
      if (chunk.byteLength <= maxJoinedBytes) this.res.end(latin1(chunk), 'latin1');
      else this.res.end(chunk);
      return true;
    }
    const more = this.res.write(chunk);
    if (!more && !this.#waitsForDrain) {
      this.#waitsForDrain = true;
      this.res.once('drain', () => {
        this.#waitsForDrain = false;
        this.exchange?.downstreamWritable();
      });
    }
    return more;
  }

  end(trailers: HeaderList | undefined): void {
    if (this.#ended) return;
    if (trailers !== undefined && this.exchange?.listener.settings.enableTrailers === true) {
      const pairs: [string, string][] = [];
      for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] as string, trailers[i + 1] as string]);
      this.res.addTrailers(pairs);
    }
    this.res.end();
  }

  reset(): void {
    this.res.destroy();
  }
}

const maxJoinedBytes = 4096;

function latin1(chunk: Uint8Array): string {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
}

function hasFraming(headers: HeaderList): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'content-length') return true;
  }
  return false;
}
