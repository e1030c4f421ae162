import { chmod, lstat, unlink } from 'node:fs/promises';
import { constants, createServer, type Http2Server, Http2ServerRequest, type ServerHttp2Session } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createContextValues } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { callTransport, peerAddress } from '../connect-service.ts';
import type { DiscoveryServer } from '../discovery-server.ts';
import { createRawDeltaHandler } from './raw-delta-handler.ts';

/** Where to listen: `HOST:PORT` (port 0 takes a free one), or a Unix socket. */
export type DiscoveryAddress = string | { readonly path: string };

/** How a discovery server is put on the network. */
export interface ServeDiscoveryOptions {
  readonly server: Pick<DiscoveryServer, 'registerRoutes' | 'admit' | 'openStream' | 'counters' | 'close'>;
  readonly address: DiscoveryAddress;
  /** Largest request accepted, in bytes; default 4 MiB, gRPC's own default. */
  readonly maxRequestBytes?: number;
  /** Streams that one connection may have open; default 100. */
  readonly maxStreamsPerConnection?: number;
  /** Bound on a request's headers, in bytes; default 16 KiB. */
  readonly maxHeaderBytes?: number;
  /**
   * Which code writes the responses of plain aggregated delta streams: `raw` (the default) shares encoded bytes between streams,
   * `connect` builds messages as for all other methods (docs/decisions/0021-response-path.md).
   */
  readonly responsePath?: 'raw' | 'connect';
  /** How often an idle connection is pinged; default 30 s, 0 never. */
  readonly keepAliveMs?: number;
  /** How long a ping may stay unanswered before the connection is dropped; default 20 s. */
  readonly keepAliveTimeoutMs?: number;
}

/** A discovery server that listens. */
export interface ServedDiscovery {
  /** `HOST:PORT` as bound, or the path of the socket. */
  readonly address: string;
  /** Ends streams (see `DiscoveryServer.close`), then connections, then stops listening. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Serves discovery, aggregated and by type, over gRPC on cleartext HTTP/2 (node:http2; also on Bun and Deno). Meant for loopback and Unix sockets:
 * there is no authentication here.
 *
 * @throws if the address does not parse or cannot be bound
 */
export async function serveDiscovery(options: ServeDiscoveryOptions): Promise<ServedDiscovery> {
  const { server, address } = options;
  const maxRequestBytes = options.maxRequestBytes ?? 4 * 1024 * 1024;
  const connectHandler = connectNodeAdapter({
    routes: (router) => server.registerRoutes(router),
    connect: false,
    grpcWeb: false,
    readMaxBytes: maxRequestBytes,
    contextValues: (request) =>
      createContextValues()
        .set(peerAddress, peerOf(request.socket, address))
        .set(callTransport, {
          abandon: () => abandon(request),
          isPrivate: isPrivate(request.socket, address),
        }),
  });
  const rawHandler = createRawDeltaHandler({
    server,
    peerOf: (request) => peerOf(request.stream.session?.socket, address),
    isPrivate: (request) => isPrivate(request.stream.session?.socket, address),
    maxRequestBytes,
  });
  const usesRaw = options.responsePath !== 'connect';
  const http = createServer(
    {
      settings: {
        maxConcurrentStreams: options.maxStreamsPerConnection ?? 100,
        maxHeaderListSize: options.maxHeaderBytes ?? 16 * 1024,
      },
      maxSessionRejectedStreams: 100,
    },
    (request, response) => {
      if (!(usesRaw && rawHandler(request, response))) connectHandler(request, response);
    },
  );
  const sockets = new Set<Socket>();
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const sessions = new Set<ServerHttp2Session>();
  http.on('session', (session) => {
    sessions.add(session);
    const stopPinging = keepAlive(session, options.keepAliveMs ?? 30_000, options.keepAliveTimeoutMs ?? 20_000);
    session.once('close', () => {
      stopPinging();
      sessions.delete(session);
    });
    // A broken connection is the client's business; its streams end through their own signals.
    session.on('error', () => session.destroy());
  });
  const bound = await listen(http, address);
  return {
    address: bound,
    async close({ drainMs = 0 } = {}) {
      const closed = new Promise<void>((resolve) => http.close(() => resolve()));
      // The server's timers keep no process, and once the last client has gone nothing else would until the drain is over.
      const awake = setInterval(() => {}, 60_000);
      try {
        await server.close({ drainMs });
      } finally {
        clearInterval(awake);
      }
      for (const session of sessions) session.close();
      // A client that keeps its connection, or its half of it, open after its streams ended must not keep us from ending.
      const force = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 250);
      await closed;
      clearTimeout(force);
    },
  };
}

async function listen(http: Http2Server, address: DiscoveryAddress): Promise<string> {
  if (typeof address !== 'string') {
    await removeStaleSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen({ path: address.path }, resolve);
    });
    // Whoever can open the socket gets the configuration, secrets included.
    await chmod(address.path, 0o600);
    return address.path;
  }
  const { host, port } = parseAddress(address);
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen({ host, port }, resolve);
  });
  const bound = http.address() as AddressInfo;
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}

function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || !(port <= 65_535)) {
    throw new Error(`Cannot listen on "${address}", wanted HOST:PORT, [IPV6]:PORT or { path }`);
  }
  return { host, port };
}

/** A socket file left by a process that died would make `listen` fail; one that answers, or is no socket, belongs to somebody. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || !found.isSocket()) return;
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(undefined);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === 'ECONNREFUSED') await unlink(path);
}

/** Pings a connection and drops it when an answer stays out: a half-open connection otherwise lives for hours. */
function keepAlive(session: ServerHttp2Session, everyMs: number, timeoutMs: number): () => void {
  if (everyMs <= 0) return () => {};
  let late: ReturnType<typeof setTimeout> | undefined;
  const timer = setInterval(() => {
    if (session.destroyed || late !== undefined) return;
    late = setTimeout(() => session.destroy(), timeoutMs);
    late.unref();
    session.ping(() => {
      clearTimeout(late);
      late = undefined;
    });
  }, everyMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    clearTimeout(late);
  };
}

/** Connect waits without end for a client that does not read; resetting the stream ends that. */
function abandon(request: unknown): void {
  if (request instanceof Http2ServerRequest) request.stream.close(constants.NGHTTP2_CANCEL);
}

function peerOf(socket: Pick<Socket, 'remoteAddress' | 'remotePort'> | undefined, address: DiscoveryAddress): string {
  if (typeof address !== 'string') return `unix:${address.path}`;
  return `${socket?.remoteAddress ?? 'unknown'}:${socket?.remotePort ?? 0}`;
}

/** Whether nobody but this machine can read what is sent: there is no other protection here. */
function isPrivate(socket: Pick<Socket, 'remoteAddress'> | undefined, address: DiscoveryAddress): boolean {
  return typeof address !== 'string' || isLoopback(socket?.remoteAddress ?? '');
}

/** 127.0.0.0/8 (RFC 1122, section 3.2.1.3) or ::1, also as IPv4 is written in IPv6. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\.(?:\d{1,3}\.){2}\d{1,3}$/i.test(address);
}
