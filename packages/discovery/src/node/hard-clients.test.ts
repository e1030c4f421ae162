import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema, DiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { viewOf, type XdsResource, xdsResource } from '@heddle/model';
import { manualClock, TEST_NODE_ID, TYPE_URLS, tick, viewOffering } from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryLimits } from '../discovery-server.ts';
import { type ServeDiscoveryOptions, serveDiscovery } from './serve-discovery.ts';

const { CDS, LDS } = TYPE_URLS;
const SERVICE = '/envoy.service.discovery.v3.AggregatedDiscoveryService';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const big = (count: number, size: number, typeUrl = CDS): XdsResource[] =>
  Array.from({ length: count }, (_, index) => xdsResource(typeUrl, `r${index}`, new Uint8Array(size).fill(index)));

async function setUp(
  resources: readonly XdsResource[],
  limits: Partial<DiscoveryLimits> = {},
  options: Partial<ServeDiscoveryOptions> = {},
) {
  const clock = manualClock();
  const ended: string[] = [];
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => viewOffering(resources),
    clock,
    limits,
    log: ({ message }) => message.startsWith('stream ended') && ended.push(message),
  });
  const served = await serveDiscovery({ server, address: '127.0.0.1:0', ...options });
  const sessions: ClientHttp2Session[] = [];
  cleanups.push(async () => {
    for (const opened of sessions) opened.destroy();
    await until(() => server.streams().length === 0);
    await served.close();
  });
  const session = () => {
    const opened = connect(`http://${served.address}`);
    opened.on('error', () => {});
    sessions.push(opened);
    return opened;
  };
  return { clock, server, session, ended };
}

function open(session: ClientHttp2Session, method = 'DeltaAggregatedResources'): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': `${SERVICE}/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => {});
  return stream;
}

function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const hello = framed(
  toBinary(
    DeltaDiscoveryRequestSchema,
    create(DeltaDiscoveryRequestSchema, { typeUrl: CDS, node: { id: TEST_NODE_ID } }),
  ),
);

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await tick();
}

/** The first bytes of an answer, or its status. */
function answerOf(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    stream.on('response', (headers) => headers['grpc-status'] !== undefined && resolve(`${headers['grpc-status']}`));
    stream.on('trailers', (headers) => resolve(`${headers['grpc-status']}`));
    stream.once('data', () => resolve('data'));
  });
}

describe.each(['raw', 'connect'] as const)('XP-21 what a server must survive, on the %s path', (responsePath) => {
  test('a client that does not read: its stream is reset after the time limit', async () => {
    const { clock, server, session, ended } = await setUp(
      big(100, 50_000),
      { readTimeoutMs: 10_000 },
      { responsePath },
    );
    const stream = open(session());
    stream.pause();
    stream.write(hello);
    await until(() => server.counters.responses > 0);
    let before = -1;
    while (before !== server.counters.responses) {
      before = server.counters.responses;
      for (let turn = 0; turn < 100; turn += 1) await tick();
    }
    expect(server.counters.resourcesSent).toBeLessThan(50);
    const closed = new Promise((resolve) => stream.once('close', resolve));
    await clock.advance(10_000);
    expect(ended).toEqual(['stream ended with an error: The client did not read a response for 10000 ms']);
    stream.resume();
    await closed;
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  });

  test('requests of 64 MB: refused by their announced length', async () => {
    const { server, session } = await setUp(big(1, 10), {}, { responsePath });
    const stream = open(session());
    const answer = answerOf(stream);
    const message = framed(Buffer.alloc(64 * 1024 * 1024));
    // Piece by piece, since Node's client keeps no more than 10 MB for a connection.
    for (let at = 0; at < 4 * 1024 * 1024; at += 64 * 1024) stream.write(message.subarray(at, at + 64 * 1024));
    expect(await answer).toBe('8');
    await until(() => server.streams().length === 0);
    const next = open(session());
    next.write(hello);
    expect(await answerOf(next)).toBe('data');
  });

  test('1,000 streams at once: taken up at the rate, none refused', async () => {
    const { clock, server, session } = await setUp(
      big(1, 10),
      { maxNewStreamsAtOnce: 100, maxNewStreamsPerSecond: 100 },
      { responsePath },
    );
    const answers: string[] = [];
    for (let connection = 0; connection < 10; connection += 1) {
      const opened = session();
      for (let index = 0; index < 100; index += 1) {
        const stream = open(opened);
        stream.write(hello);
        void answerOf(stream).then((answer) => answers.push(answer));
      }
    }
    await until(() => answers.length === 100);
    expect(server.streams()).toHaveLength(100);
    while (answers.length < 1_000) {
      const { length } = server.streams();
      await clock.advance(100);
      expect(server.streams().length).toBeLessThanOrEqual(length + 10);
      await tick();
    }
    expect(new Set(answers)).toEqual(new Set(['data']));
    expect(server.counters.streamErrors).toBe(0);
  });

  test('a client that goes while it waits for its turn', async () => {
    const { clock, server, session } = await setUp(
      big(1, 10),
      { maxNewStreamsAtOnce: 1, maxNewStreamsPerSecond: 1 },
      { responsePath },
    );
    const opened = session();
    const first = open(opened);
    first.write(hello);
    expect(await answerOf(first)).toBe('data');
    const leaving = open(opened);
    leaving.write(hello);
    const stays = open(opened);
    const answer = answerOf(stays);
    stays.write(hello);
    await new Promise<void>((resolve) => opened.ping(() => resolve()));
    leaving.close(constants.NGHTTP2_CANCEL);
    await new Promise<void>((resolve) => opened.ping(() => resolve()));
    await clock.advance(1_000);
    expect(await answer).toBe('data');
    expect(server.counters.streamsOpened).toBe(2);
  });
});

test('XP-24 a state-of-the-world set of 6 MB arrives whole', async () => {
  const { session } = await setUp(big(60, 100_000, LDS));
  const stream = open(session(), 'StreamAggregatedResources');
  const request = create(DiscoveryRequestSchema, { typeUrl: LDS, node: { id: TEST_NODE_ID } });
  let bytes = 0;
  const whole = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > 6_000_000) resolve();
    });
  });
  stream.write(framed(toBinary(DiscoveryRequestSchema, request)));
  await whole;
});
