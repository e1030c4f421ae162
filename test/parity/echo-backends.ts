import { createHash } from 'node:crypto';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { createServer, type Server, TLSSocket } from 'node:tls';
import type { TestCertificate } from '@heddle/testing/certificates';
import { closedPort } from '../support/free-ports.ts';
import { startMutePort } from './mute-port.ts';
import type { EchoOrder } from './parity-case.ts';
import type { Unreachable } from './placeholders.ts';

/** The header that names a request, so that what a backend received of it can be found; it is not compared. */
export const REQUEST_ID_HEADER = 'x-parity-request';
/** The header that carries an {@link EchoOrder} as JSON; it is not compared. */
export const ORDER_HEADER = 'x-parity-order';

/** What a backend received. */
export interface ReceivedRequest {
  /** Place of the backend in the pool. */
  readonly backend: number;
  readonly httpVersion: string;
  readonly method: string;
  readonly path: string;
  /** Name, value, name, value … as received. */
  readonly headers: readonly string[];
  /** The body itself when it is short, else its length and hash. */
  readonly body: string;
  readonly trailers: readonly string[];
  /** What was seen of TLS; undefined for plain text. */
  readonly tls?: string | undefined;
  /** The how-many-th request of its connection it is. */
  readonly onConnection: number;
}

/** How backends speak TLS. */
export interface BackendTls {
  readonly certificate: TestCertificate;
  /** The authority that clients' certificates must come from; without one, clients are asked for none. */
  readonly clients?: TestCertificate;
}

/** HTTP servers on 127.0.0.1 that do as a request tells them and remember what they received. */
export interface EchoBackends {
  /** The port of a backend, by place in the pool. */
  port(index: number): number;
  readonly unreachable: Readonly<Record<Unreachable, number>>;
  /** What was received of the request with this id, in order of arrival; each is given once. */
  take(requestId: string): readonly ReceivedRequest[];
  /** Lets all backends end TLS, with a certificate; clients must show one of an authority if one is given. */
  speakTls(tls: BackendTls | undefined): void;
  close(): void;
}

const LONGEST_KEPT_BODY = 4_096;

/** Starts `count` backends; they speak HTTP/1.1, and HTTP/2 with prior knowledge, on the same port. */
export async function startEchoBackends(count: number): Promise<EchoBackends> {
  const received = new Map<string, ReceivedRequest[]>();
  const sockets = new Set<net.Socket>();
  let backendTls: BackendTls | undefined;
  const servers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const server = net.createServer(connectionHandler(index, received, () => backendTls));
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.once('close', () => sockets.delete(socket));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const refusing = await closedPort();
  const mute = await startMutePort();
  const wordless = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => wordless.listen(0, '127.0.0.1', resolve));
  return {
    port(index) {
      const server = servers[index];
      if (server === undefined) throw new RangeError(`no echo backend ${index}; there are ${count}`);
      return (server.address() as AddressInfo).port;
    },
    unreachable: { closed: refusing, mute: mute.port, wordless: (wordless.address() as AddressInfo).port },
    speakTls(tls) {
      backendTls = tls;
    },
    take(requestId) {
      const found = received.get(requestId) ?? [];
      received.delete(requestId);
      return found;
    },
    close() {
      mute.close();
      wordless.close();
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function connectionHandler(
  backend: number,
  received: Map<string, ReceivedRequest[]>,
  tlsNow: () => BackendTls | undefined,
): (socket: net.Socket) => void {
  const counts = new WeakMap<object, number>();
  const countOn = (connection: object): number => {
    const count = (counts.get(connection) ?? 0) + 1;
    counts.set(connection, count);
    return count;
  };
  const remember = (request: ReceivedRequest): void => {
    const id =
      request.headers[
        request.headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === REQUEST_ID_HEADER) + 1
      ];
    if (id === undefined) return;
    const list = received.get(id);
    if (list === undefined) received.set(id, [request]);
    else list.push(request);
  };
  const http1 = http.createServer({ insecureHTTPParser: true, maxHeaderSize: 1 << 20, keepAliveTimeout: 0 });
  http1.on('request', (request, response) => {
    const onConnection = countOn(request.socket);
    const done = collect(request, (body) => {
      remember({
        backend,
        httpVersion: request.httpVersion,
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.rawHeaders,
        body,
        trailers: request.rawTrailers,
        tls: tlsOf(request.socket),
        onConnection,
      });
      later(orderOf(request.headers[ORDER_HEADER], backend), (order) => answer1(response, order, backend));
    });
    request.on('error', done);
  });
  // What is sent on after a protocol switch is sent back.
  http1.on('upgrade', (request, socket, head) => {
    remember({
      backend,
      httpVersion: request.httpVersion,
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.rawHeaders,
      body: '',
      trailers: [],
      tls: tlsOf(socket),
      onConnection: countOn(socket),
    });
    const upgrade = request.headers.upgrade ?? '';
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${upgrade}\r\n\r\n`);
    socket.write(head);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  const h2 = http2.createServer();
  h2.on('sessionError', () => {});
  h2.on('stream', (stream, headers, _flags, rawHeaders) => {
    const onConnection = countOn(stream.session ?? stream);
    let trailers: readonly string[] = [];
    stream.on('trailers', (_headers, _f, raw: string[] = []) => {
      trailers = raw;
    });
    stream.on('error', () => {});
    collect(stream, (body) => {
      remember({
        backend,
        httpVersion: '2.0',
        method: String(headers[':method']),
        path: String(headers[':path']),
        headers: rawHeaders ?? [],
        body,
        trailers,
        tls: tlsOf(stream.session?.socket),
        onConnection,
      });
      later(orderOf(headers[ORDER_HEADER], backend), (order) => answer2(stream, order, backend));
    });
  });
  const tlsServers = new WeakMap<BackendTls, Server>();
  const tlsServerFor = (asked: BackendTls): Server => {
    const known = tlsServers.get(asked);
    if (known !== undefined) return known;
    const { certificate, clients } = asked;
    const server = createServer({
      cert: certificate.certificate,
      key: certificate.key,
      ALPNProtocols: ['h2', 'http/1.1'],
      ...(clients === undefined ? {} : { ca: clients.certificate, requestCert: true, rejectUnauthorized: true }),
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      (socket.alpnProtocol === 'h2' ? h2 : http1).emit('connection', socket);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    tlsServers.set(asked, server);
    return server;
  };
  return (socket) => {
    socket.once('data', (chunk) => {
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === TLS_HANDSHAKE) {
        const asked = tlsNow();
        if (asked === undefined) socket.destroy();
        else tlsServerFor(asked).emit('connection', socket);
        return;
      }
      (chunk.toString('latin1', 0, 3) === 'PRI' ? h2 : http1).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  };
}

/** The first byte of a TLS connection. */
const TLS_HANDSHAKE = 0x16;

/** What a backend saw of TLS: the name it was asked for, the protocol agreed on, and whose certificate the client showed. */
function tlsOf(socket: unknown): string | undefined {
  // A session's socket is a proxy of it.
  const secure = socket as TLSSocket & { readonly servername?: string | false };
  if (!(socket instanceof TLSSocket) && secure?.encrypted !== true) return undefined;
  const { servername, alpnProtocol } = secure;
  const shown = secure.getPeerX509Certificate()?.fingerprint256 ?? 'no certificate';
  return `${servername || 'no name'}, ${alpnProtocol || 'no protocol'}, ${shown}`;
}

function collect(stream: NodeJS.ReadableStream, done: (body: string) => void): () => void {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => done(describeBody(Buffer.concat(pieces))));
  return () => {};
}

/** The body itself when it is short, else its length and hash. */
export function describeBody(body: Buffer): string {
  if (body.length <= LONGEST_KEPT_BODY) return body.toString('latin1');
  return `${body.length} bytes, sha256 ${createHash('sha256').update(body).digest('hex')}`;
}

function orderOf(header: string | string[] | undefined, backend: number): EchoOrder {
  const order = typeof header === 'string' ? (JSON.parse(header) as EchoOrder) : {};
  return order.only === undefined || order.only.includes(backend) ? order : {};
}

function later(order: EchoOrder, answer: (order: EchoOrder) => void): void {
  if (order.delay === undefined) answer(order);
  else setTimeout(() => answer(order), order.delay);
}

function bodyOf(order: EchoOrder, backend: number): Buffer {
  if (order.bytes !== undefined) return Buffer.alloc(order.bytes, 'abcdefghijklmnopqrstuvwxyz');
  return Buffer.from(order.body ?? `backend ${backend}\n`, 'latin1');
}

function answer1(response: http.ServerResponse, order: EchoOrder, backend: number): void {
  const body = bodyOf(order, backend);
  if (order.abort === 'silence') return;
  if (order.abort === 'before-headers') {
    response.socket?.destroy();
    return;
  }
  response.sendDate = false;
  response.statusCode = order.status ?? 200;
  const headers = order.headers ?? ['content-type', 'text/plain'];
  for (let i = 0; i < headers.length; i += 2) response.appendHeader(headers[i] ?? '', headers[i + 1] ?? '');
  const framed = order.chunked !== true && order.trailers === undefined;
  const bodiless = response.statusCode === 204 || response.statusCode === 304;
  if (framed && !bodiless && !response.hasHeader('content-length')) response.setHeader('content-length', body.length);
  const trailers = order.trailers ?? [];
  const pairs: [string, string][] = [];
  for (let i = 0; i < trailers.length; i += 2) pairs.push([trailers[i] ?? '', trailers[i + 1] ?? '']);
  if (pairs.length > 0) response.addTrailers(pairs);
  if (order.abort === 'in-body') {
    response.flushHeaders();
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy());
    return;
  }
  if (order.trailers !== undefined) response.write(body);
  response.end(order.trailers === undefined ? body : undefined);
}

function answer2(stream: http2.ServerHttp2Stream, order: EchoOrder, backend: number): void {
  if (stream.destroyed || order.abort === 'silence') return;
  if (order.abort === 'before-headers') {
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const headers: http2.OutgoingHttpHeaders = { ':status': order.status ?? 200 };
  const given = order.headers ?? ['content-type', 'text/plain'];
  for (let i = 0; i < given.length; i += 2) {
    const name = (given[i] ?? '').toLowerCase();
    const before = headers[name];
    headers[name] = before === undefined ? given[i + 1] : [...[before].flat().map(String), given[i + 1] ?? ''];
  }
  const trailers = order.trailers;
  stream.respond(headers, { waitForTrailers: trailers !== undefined });
  stream.once('wantTrailers', () => {
    const fields: Record<string, string> = {};
    for (let i = 0; i < (trailers ?? []).length; i += 2) fields[trailers?.[i] ?? ''] = trailers?.[i + 1] ?? '';
    stream.sendTrailers(fields);
  });
  stream.end(bodyOf(order, backend));
}
