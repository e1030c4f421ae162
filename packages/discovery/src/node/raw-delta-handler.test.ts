import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '@heddle/envoy-api/discovery';
import { type CompiledView, viewOf, type XdsResource, xdsResource } from '@heddle/model';
import { TEST_NODE_ID, TYPE_URLS, tick, viewOffering } from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryLimits } from '../discovery-server.ts';
import { createRawDeltaHandler, DELTA_METHOD } from './raw-delta-handler.ts';
import { GrpcMessageReader } from './raw-grpc-messages.ts';

const { CDS } = TYPE_URLS;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function cluster(name: string, size = 20): XdsResource {
  return xdsResource(CDS, name, new Uint8Array(size).fill(name.length));
}

interface Setting {
  readonly limits?: Partial<DiscoveryLimits>;
  readonly maxRequestBytes?: number;
}

async function setUp(first: readonly XdsResource[], { limits = {}, maxRequestBytes }: Setting = {}) {
  let compiled: CompiledView = viewOffering(first);
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
    limits,
  });
  const raw = createRawDeltaHandler({
    server,
    peerOf: () => 'test',
    ...(maxRequestBytes === undefined ? {} : { maxRequestBytes }),
  });
  const http = createServer((request, response) => {
    if (raw(request, response)) return;
    response.writeHead(404);
    response.end();
  });
  const sessions = new Set<ServerHttp2Session>();
  http.on('session', (session) => sessions.add(session));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const session = connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  cleanups.push(async () => {
    session.destroy();
    await server.close();
    for (const open of sessions) open.destroy();
    http.close();
  });
  return {
    server,
    session,
    change(...resources: XdsResource[]) {
      compiled = viewOffering(resources);
      return server.update();
    },
  };
}

function request(fields: Omit<MessageInitShape<typeof DeltaDiscoveryRequestSchema>, '$typeName'>): Buffer {
  return frame(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, { typeUrl: CDS, ...fields })));
}

function frame(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const hello = request({ node: { id: TEST_NODE_ID } });

function open(session: ClientHttp2Session, headers: Readonly<Record<string, string>> = {}): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': DELTA_METHOD,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
}

/** Reads a stream's messages one by one. */
function messagesOf(stream: ClientHttp2Stream): () => Promise<DeltaDiscoveryResponse> {
  const reader = new GrpcMessageReader(10_000_000);
  const arrived: DeltaDiscoveryResponse[] = [];
  let wake = () => {};
  stream.on('data', (chunk: Uint8Array) => {
    for (const message of reader.read(chunk)) {
      arrived.push(fromBinary(DeltaDiscoveryResponseSchema, Uint8Array.from(message)));
    }
    wake();
  });
  return async () => {
    for (;;) {
      const next = arrived.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}

/** The stream's final status, wherever it stands. */
async function statusOf(stream: ClientHttp2Stream): Promise<{ readonly code: string; readonly message: string }> {
  const found = new Promise<IncomingHttpHeaders>((resolve, reject) => {
    const take = (headers: IncomingHttpHeaders) => {
      if (headers['grpc-status'] !== undefined) resolve(headers);
    };
    stream.on('response', take);
    stream.on('trailers', take);
    stream.on('close', () => reject(new Error('closed without a status')));
  });
  stream.resume();
  const headers = await found;
  return { code: String(headers['grpc-status']), message: decodeURI(`${headers['grpc-message'] ?? ''}`) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await tick();
}

describe('createRawDeltaHandler', () => {
  test('serves a stream: resources, then changes, with nonces of its own, and takes acknowledgements', async () => {
    const { server, session, change } = await setUp([cluster('a'), cluster('b')]);
    const stream = open(session);
    const next = messagesOf(stream);
    stream.write(hello);
    const first = await next();
    expect(first.resources.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(first.resources[0]?.resource).toMatchObject({ typeUrl: CDS, value: cluster('a').bytes });
    stream.write(request({ responseNonce: first.nonce }));
    await until(() => server.counters.acks === 1);

    change(cluster('a'), cluster('b', 30), cluster('c'));
    const second = await next();
    expect(second.resources.map(({ name }) => name)).toEqual(['b', 'c']);
    expect(second.nonce).not.toBe(first.nonce);
  });

  test('gives two streams the same resources under different nonces', async () => {
    const { session } = await setUp(Array.from({ length: 60 }, (_, index) => cluster(`c${index}`, 1_000)));
    const [one, two] = [open(session), open(session)];
    const [nextOfOne, nextOfTwo] = [messagesOf(one), messagesOf(two)];
    for (const stream of [one, two]) stream.write(hello);
    expect((await nextOfOne()).resources).toEqual((await nextOfTwo()).resources);
  });

  test('ends in peace when the client has said all', async () => {
    const { server, session } = await setUp([cluster('a')]);
    const stream = open(session);
    stream.end(hello);
    expect(await statusOf(stream)).toEqual({ code: '0', message: '' });
    await until(() => server.streams().length === 0);
  });

  test.each([
    ['bytes that are no message', frame(Uint8Array.of(0xff, 0xff)), '3', /^Cannot read the request: /],
    ['a compressed message', Buffer.from([1, 0, 0, 0, 0]), '3', /found message flags 1/],
    ['a message over the limit', Buffer.from([0, 0, 0x10, 0, 0]), '8', /1048576 bytes, at most 1000 are allowed/],
    ['an unknown type', request({ typeUrl: 'größe' }), '3', /Cannot serve /],
  ])('refuses %s on that stream, and goes on with others', async (_, bytes, code, message) => {
    const { server, session } = await setUp([cluster('a')], { maxRequestBytes: 1_000 });
    const other = open(session);
    const next = messagesOf(other);
    other.write(hello);
    await next();
    const stream = open(session);
    stream.write(bytes);
    const status = await statusOf(stream);
    expect(status.code).toBe(code);
    expect(status.message).toMatch(message);
    await until(() => server.streams().length === 1);
    // The client has not ended its side; the server does not wait for that.
    if (!stream.closed) await once(stream, 'close');
  });

  test('refuses a stream that stops in the middle of a message', async () => {
    const { session } = await setUp([cluster('a')]);
    const stream = open(session);
    stream.end(hello.subarray(0, 20));
    expect(await statusOf(stream)).toEqual({
      code: '3',
      message: 'Cannot read the request: it ends in the middle of a message',
    });
  });

  test('refuses streams that are too many', async () => {
    const { session } = await setUp([cluster('a')], { limits: { maxStreams: 1 } });
    const stream = open(session);
    const next = messagesOf(stream);
    stream.write(hello);
    await next();
    expect(await statusOf(open(session))).toEqual({
      code: '8',
      message: 'Cannot open a stream: 1 are open, at most 1 are allowed',
    });
  });

  test('tells clients that the server goes', async () => {
    const { server, session } = await setUp([cluster('a')]);
    const stream = open(session);
    const next = messagesOf(stream);
    stream.write(hello);
    await next();
    const status = statusOf(stream);
    await server.close();
    expect((await status).code).toBe('14');
  });

  test('lets go of a stream that its client resets', async () => {
    const { server, session } = await setUp([cluster('a')]);
    const stream = open(session);
    const next = messagesOf(stream);
    stream.write(hello);
    await next();
    stream.close();
    await until(() => server.streams().length === 0);
  });

  test('takes nothing for a client that does not read, and then gives it the newest state', async () => {
    const count = 400;
    const resources = Array.from({ length: count }, (_, index) => cluster(`c${index}`, 10_000));
    const { server, session, change } = await setUp(resources);
    const stream = open(session);
    stream.pause();
    stream.write(hello);
    await until(() => server.counters.responses > 0);
    let before: number;
    do {
      before = server.counters.responses;
      for (let turn = 0; turn < 50; turn++) await tick();
    } while (server.counters.responses !== before);
    expect(server.counters.resourcesSent).toBeLessThan(count / 2);

    change(...resources.with(count - 1, cluster(`c${count - 1}`, 5)));
    const next = messagesOf(stream);
    stream.resume();
    const sizes = new Map<string, number | undefined>();
    while (sizes.size < count) {
      for (const { name, resource } of (await next()).resources) {
        expect(sizes.has(name), `${name} was sent before`).toBe(false);
        sizes.set(name, resource?.value.length);
      }
    }
    expect(sizes.get(`c${count - 1}`)).toBe(5);
  });

  test.each([
    ['another method', { ':path': '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources' }],
    ['another protocol', { 'content-type': 'application/connect+proto' }],
    ['gRPC with JSON', { 'content-type': 'application/grpc+json' }],
    ['compression', { 'grpc-encoding': 'gzip' }],
    ['a deadline', { 'grpc-timeout': '1S' }],
    ['another verb', { ':method': 'PUT' }],
  ])('leaves %s to another handler', async (_, headers) => {
    const { session } = await setUp([]);
    const stream = open(session, headers);
    stream.end();
    const [response] = await once(stream, 'response');
    expect(response[':status']).toBe(404);
  });
});
