import { link, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { viewOf } from '@heddle/model';
import { TEST_NODE_ID, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryServer } from '../discovery-server.ts';
import { type ServeDiscoveryOptions, serveDiscovery } from './serve-discovery.ts';

const PATH = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Partial<ServeDiscoveryOptions> = {}) {
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => viewOffering([]),
  });
  const served = await serveDiscovery({ server, address: '127.0.0.1:0', ...options });
  cleanups.push(async () => {
    // See the README's limits for what happens on Deno otherwise.
    while (server.streams().length > 0) await new Promise((resolve) => setImmediate(resolve));
    await served.close();
  });
  return { server, served };
}

/** One gRPC message in its frame: a flag byte, the length, the bytes. */
function framed(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const hello = framed(
  toBinary(
    DeltaDiscoveryRequestSchema,
    create(DeltaDiscoveryRequestSchema, { typeUrl: TYPE_URLS.CDS, node: { id: TEST_NODE_ID } }),
  ),
);

/** Sends bytes as a request's body, and gives the gRPC status that the stream ended with, or `data` once data comes. */
function call(address: string, body: Buffer, headers: Record<string, string> = {}): Promise<string> {
  const session = connectHttp2(`http://${address}`);
  cleanups.push(() => new Promise<void>((resolve) => (session.closed ? resolve() : session.close(resolve))));
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': PATH,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    const settle = (result: string) => {
      resolve(result);
      stream.close(constants.NGHTTP2_CANCEL);
    };
    stream.on('response', (response) => {
      if (response['grpc-status'] !== undefined) settle(`status ${response['grpc-status']}`);
      else if (response[':status'] !== 200) settle(`HTTP ${response[':status']}`);
    });
    stream.on('trailers', (trailers) => settle(`status ${trailers['grpc-status']}`));
    stream.on('data', () => settle('data'));
    stream.on('error', reject);
    stream.write(body);
  });
}

async function stillServes(server: DiscoveryServer, address: string): Promise<void> {
  expect(await call(address, hello)).toBe('data');
  expect(server.counters.streamsOpened).toBeGreaterThan(0);
}

describe('serveDiscovery', () => {
  test.each([
    ['bytes that are no message', framed(Buffer.from([0xff, 0xff, 0xff])), 'status 3'],
    ['a message over the limit', framed(Buffer.alloc(2_000_000)), 'status 8'],
    ['a frame that claims 4 GB', Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), 'status 8'],
  ])('ends only the stream that sends %s', async (_, body, wanted) => {
    const { server, served } = await serve({ maxRequestBytes: 1_000_000 });
    expect(await call(served.address, body)).toBe(wanted);
    await stillServes(server, served.address);
  });

  test.each([
    ['another path', { ':path': '/favicon.ico' }, 'HTTP 404'],
    ['another content type', { 'content-type': 'application/json' }, 'HTTP 415'],
  ])('refuses %s', async (_, headers, wanted) => {
    const { server, served } = await serve();
    expect(await call(served.address, hello, headers)).toBe(wanted);
    await stillServes(server, served.address);
  });

  test('survives a client that does not speak HTTP/2', async () => {
    const { server, served } = await serve();
    const port = Number(served.address.split(':')[1]);
    await new Promise<void>((resolve) => {
      const socket = connectSocket({ host: '127.0.0.1', port }, () =>
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
      );
      socket.on('close', () => resolve());
      socket.on('error', () => {});
      socket.resume();
    });
    await stillServes(server, served.address);
  });

  test('drops a connection whose other end does not answer pings', async () => {
    const { served } = await serve({ keepAliveMs: 5, keepAliveTimeoutMs: 5 });
    const port = Number(served.address.split(':')[1]);
    await new Promise<void>((resolve) => {
      const socket = connectSocket({ host: '127.0.0.1', port }, () => {
        // The connection preface and an empty SETTINGS frame; nothing after it, whatever comes.
        socket.write(
          Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]),
        );
      });
      socket.on('close', () => resolve());
      socket.on('error', () => {});
      socket.resume();
    });
  });

  test('keeps a connection whose other end answers pings', async () => {
    const { server, served } = await serve({ keepAliveMs: 5, keepAliveTimeoutMs: 1_000 });
    const session = connectHttp2(`http://${served.address}`);
    cleanups.push(() => session.destroy());
    let pings = 0;
    await new Promise<void>((resolve) => {
      session.on('ping', () => {
        pings += 1;
        if (pings === 5) resolve();
      });
    });
    expect(session.destroyed).toBe(false);
    await stillServes(server, served.address);
  });

  test('names the peer of a stream', async () => {
    const { server, served } = await serve();
    const result = call(served.address, hello);
    while (server.streams().length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(server.streams()[0]?.peer).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await result).toBe('data');
  });

  test('listens on a Unix socket that only its owner may open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'ads.sock');
    const { served } = await serve({ address: { path } });
    expect(served.address).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(serve({ address: { path } })).rejects.toThrow('EADDRINUSE');
  });

  test('takes the place of a socket that a dead process left', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'ads.sock');
    const left = join(folder, 'left.sock');
    const dead = createServer().listen({ path: left });
    await new Promise((resolve) => dead.once('listening', resolve));
    // Closing removes the path that was listened on, so the socket survives under its other name.
    await link(left, path);
    await new Promise((resolve) => dead.close(resolve));
    expect((await stat(path)).isSocket()).toBe(true);
    expect((await serve({ address: { path } })).served.address).toBe(path);
  });

  test('does not delete a file that is no socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const path = join(folder, 'notes.txt');
    await writeFile(path, 'mine');
    await expect(serve({ address: { path } })).rejects.toThrow();
    expect((await stat(path)).size).toBe(4);
  });

  test('says which port is taken', async () => {
    const { served } = await serve();
    await expect(serve({ address: served.address })).rejects.toThrow('EADDRINUSE');
  });

  test.each(['15010', 'localhost', '127.0.0.1:99999', ':80', '::1:80'])('refuses the address "%s"', async (address) => {
    await expect(serve({ address })).rejects.toThrow(`Cannot listen on "${address}", wanted HOST:PORT`);
  });

  test('close ends open streams with UNAVAILABLE and frees the port', async () => {
    const { server, served } = await serve();
    const session = connectHttp2(`http://${served.address}`);
    const stream = session.request({ ':method': 'POST', ':path': PATH, 'content-type': 'application/grpc' });
    const status = new Promise((resolve) => stream.on('trailers', (trailers) => resolve(trailers['grpc-status'])));
    stream.resume().write(hello);
    while (server.streams()[0]?.types.length !== 1) await new Promise((resolve) => setImmediate(resolve));
    await served.close();
    expect(await status).toBe('14');
    session.destroy();
    const next = createServer().listen(Number(served.address.split(':')[1]), '127.0.0.1');
    await new Promise((resolve) => next.once('listening', resolve));
    await new Promise((resolve) => next.close(resolve));
  });
});
