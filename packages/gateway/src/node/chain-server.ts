import http, { type IncomingMessage, ServerResponse } from 'node:http';
import http2, { type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { refuseMessage } from '../http/connection-manager.ts';
import { type DownstreamConnection, Exchange } from '../http/exchange.ts';
import type { HttpListener } from '../http/http-listener.ts';
import { refuse } from '../http/respond.ts';
import { connectionFacts, Http1Writer, serveHttp1 } from './http1-exchange.ts';
import { serveHttp2 } from './http2-exchange.ts';
import { RawMessageWriter, UpgradeWriter } from './upgrade-writer.ts';

/** What an HTTP/2 client with prior knowledge sends first (RFC 9113 section 3.4). */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** What is known of a client connection. */
interface Client {
  readonly facts: DownstreamConnection;
  /** The exchange now on it, for errors that the parser finds in a body. */
  current: Exchange | undefined;
}

/**
 * Speaks HTTP on the connections of one filter chain, in the clear or after a TLS handshake. The configuration may change meanwhile:
 * {@link update} takes effect for the next request. HTTP/1.1 and HTTP/2 are told apart by what was agreed on in TLS, else by their first
 * bytes, as Envoy's AUTO codec does.
 */
export class ChainServer {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Map<ServerHttp2Session, Client>();
  readonly #clients = new WeakMap<object, Client>();
  #listener: HttpListener;
  #http1: http.Server;
  #http2: http2.Http2Server;
  /** Whose connection is being handed to the HTTP/2 codec. */
  #opening: Client | undefined;

  constructor(listener: HttpListener) {
    this.#listener = listener;
    this.#http1 = this.#createHttp1(listener);
    this.#http2 = this.#createHttp2(listener);
  }

  /** Puts a new configuration in force; open connections keep the codec limits they began with. */
  update(listener: HttpListener): void {
    const previous = this.#listener.settings;
    this.#listener = listener;
    if (codecSettings(previous) === codecSettings(listener.settings)) return;
    this.#http1 = this.#createHttp1(listener);
    this.#http2 = this.#createHttp2(listener);
  }

  /** Lets what is under way finish: HTTP/1.1 responses then say `connection: close`, HTTP/2 clients get GOAWAY. */
  drain(): void {
    this.#listener.drain.draining = true;
    for (const session of this.#sessions.keys()) session.close();
    const carrying = new Set([...this.#sessions.values()]);
    for (const socket of this.#sockets) {
      const client = this.#clients.get(socket);
      const isIdle = client?.current === undefined || client.current.finished;
      if (isIdle && (client === undefined || !carrying.has(client))) socket.end();
    }
  }

  /** Serves a connection; `protocol` is what was agreed on in TLS. */
  serve(socket: Socket, facts: DownstreamConnection, protocol?: string | false | null): void {
    this.#sockets.add(socket);
    const { stats, settings } = this.#listener;
    stats.downstreamConnectionsTotal++;
    stats.downstreamConnectionsActive++;
    const client: Client = { facts, current: undefined };
    this.#clients.set(socket, client);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      stats.downstreamConnectionsActive--;
    });
    socket.on('error', () => {});
    if (settings.maxConnectionDurationMs > 0) this.#limitDuration(socket, settings.maxConnectionDurationMs);
    if (settings.codec === 'http1') this.#http1.emit('connection', socket);
    else if (settings.codec === 'http2' || protocol === 'h2') this.#openHttp2(socket, client);
    else this.#sniff(socket, client, settings.idleTimeoutMs);
  }

  #openHttp2(socket: Socket, client: Client): void {
    this.#opening = client;
    this.#http2.emit('connection', socket);
    this.#opening = undefined;
  }

  #limitDuration(socket: Socket, durationMs: number): void {
    const timer = setTimeout(() => socket.end(), durationMs);
    socket.once('close', () => clearTimeout(timer));
  }

  #sniff(socket: Socket, client: Client, idleMs: number): void {
    let seen: Buffer = Buffer.alloc(0);
    const idle = idleMs > 0 ? setTimeout(() => socket.destroy(), idleMs) : undefined;
    const stop = () => clearTimeout(idle);
    const onData = (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const compared = Math.min(seen.length, preface.length);
      const isPrefix = seen.compare(preface, 0, compared, 0, compared) === 0;
      if (isPrefix && compared < preface.length) return;
      stop();
      socket.off('close', stop);
      socket.off('data', onData);
      socket.pause();
      socket.unshift(seen);
      if (isPrefix) this.#openHttp2(socket, client);
      else this.#http1.emit('connection', socket);
      // What was put back flows again once the codec listens; Node's HTTP/2 reads it by itself, and would miss it if it flowed.
      if (!isPrefix || 'bun' in process.versions) socket.resume();
    };
    socket.on('data', onData);
    socket.once('close', stop);
  }

  #clientOf(socket: Duplex | null | undefined): Client {
    const found = socket === null || socket === undefined ? undefined : this.#clients.get(socket);
    return found ?? { facts: connectionFacts((socket ?? {}) as Socket), current: undefined };
  }

  #createHttp1(listener: HttpListener): http.Server {
    const { settings } = listener;
    const server = http.createServer({
      maxHeaderSize: settings.maxRequestHeaderBytes,
      headersTimeout: settings.requestHeadersTimeoutMs,
      requestTimeout: 0,
      keepAliveTimeout: settings.idleTimeoutMs,
      connectionsCheckingInterval: Math.max(100, Math.min(5000, settings.requestHeadersTimeoutMs / 4 || 5000)),
      requireHostHeader: false,
      insecureHTTPParser: false,
      noDelay: true,
      // An upgrade that is not agreed to is an ordinary request (RFC 9110 section 7.8); so is one to h2c.
      shouldUpgradeCallback: (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() !== 'h2c',
    } as http.ServerOptions);
    // Headers over the limit are refused by the connection manager, not cut off silently.
    server.maxHeadersCount = 0;
    server.maxRequestsPerSocket = settings.maxRequestsPerConnection;
    const onRequest = (req: IncomingMessage, res: ServerResponse) => {
      const client = this.#clientOf(req.socket);
      client.current = serveHttp1(this.#listener, client.facts, req, new Http1Writer(res));
    };
    server.on('request', onRequest);
    // Any Expect but 100-continue travels on (Envoy does not answer 417).
    server.on('checkExpectation', onRequest);
    server.on('upgrade', (req, socket, head) => this.#serveRaw(req, socket, head));
    server.on('connect', (req, socket, head) => this.#serveRaw(req, socket, head));
    server.on('clientError', (error, socket) => this.#codecError(error as NodeJS.ErrnoException, socket));
    // The server never listens itself; this starts its watch over slow request heads.
    server.emit('listening');
    return server;
  }

  #serveRaw(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    const client = this.#clientOf(socket);
    const res = new ServerResponse(req);
    res.shouldKeepAlive = false;
    res.assignSocket(socket as Socket);
    client.current = serveHttp1(this.#listener, client.facts, req, new UpgradeWriter(res, socket, head));
  }

  #codecError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
      socket.destroy();
      return;
    }
    const { status, body, details } = codecRefusal(error.code ?? '', error.message);
    const client = this.#clientOf(socket);
    const { current } = client;
    if (current?.finished === true && current.mustClose) {
      // Already refused; the rest of the message does not matter.
      socket.end();
      return;
    }
    if (current !== undefined && !current.finished) {
      if (current.responseStarted) {
        current.reset('DPE', details);
        return;
      }
      current.upstream?.giveUp();
      refuse(current, status, body, details, 'DPE');
      return;
    }
    const exchange = new Exchange(client.facts, 'HTTP/1.1', new RawMessageWriter(socket), {
      method: '',
      scheme: 'http',
      authority: '',
      path: '',
      headers: [],
      body: undefined,
    });
    refuseMessage(this.#listener, exchange, status, body, details, status === 408 ? undefined : 'DPE');
  }

  #createHttp2(listener: HttpListener): http2.Http2Server {
    const { settings } = listener;
    const server = http2.createServer({
      settings: {
        maxConcurrentStreams: settings.http2.maxConcurrentStreams,
        initialWindowSize: settings.http2.initialStreamWindowBytes,
        maxHeaderListSize: settings.maxRequestHeaderBytes,
      },
      maxSessionMemory: 64,
    });
    server.on('session', (session) => {
      this.#sessions.set(session, this.#opening ?? this.#clientOf(session.socket));
      session.once('close', () => this.#sessions.delete(session));
      session.on('error', () => {});
      session.setLocalWindowSize?.(settings.http2.initialConnectionWindowBytes);
      if (settings.idleTimeoutMs > 0) {
        session.setTimeout(settings.idleTimeoutMs, () => session.close());
      }
    });
    server.on('stream', (stream, headers, _flags, rawHeaders) => {
      const session = stream.session as ServerHttp2Session;
      // The session hands out a proxy of its socket, which is no key of the map.
      const { facts } = this.#sessions.get(session) ?? this.#clientOf(session.socket);
      serveHttp2(this.#listener, facts, stream, headers, rawHeaders as unknown as string[]);
    });
    server.on('sessionError', () => {});
    return server;
  }
}

/** The settings a codec is built with, as a key. */
function codecSettings(settings: HttpListener['settings']): string {
  return JSON.stringify([
    settings.maxRequestHeaderBytes,
    settings.requestHeadersTimeoutMs,
    settings.idleTimeoutMs,
    settings.maxRequestsPerConnection,
    settings.http2,
  ]);
}

function codecRefusal(
  code: string,
  message: string,
): { readonly status: number; readonly body: string; readonly details: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, body: 'Request Header Fields Too Large', details: 'http1.headers_too_large' };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, body: 'request header timeout', details: 'request_header_timeout' };
    case 'HPE_INVALID_TRANSFER_ENCODING':
      if (message.includes('Content-Length')) {
        return { status: 400, body: 'Bad Request', details: 'http1.content_length_and_chunked_not_allowed' };
      }
      return { status: 501, body: 'Not Implemented', details: 'http1.invalid_transfer_encoding' };
    default:
      return { status: 400, body: 'Bad Request', details: 'http1.codec_error' };
  }
}
