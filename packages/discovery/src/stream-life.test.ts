import { create } from '@bufbuild/protobuf';
import { DeltaDiscoveryRequestSchema } from '@heddle/envoy-api/discovery';
import { viewOf, xdsResource } from '@heddle/model';
import { manualClock, TEST_NODE_ID, TYPE_URLS, viewOffering } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryLimits, type DiscoveryServerOptions } from './discovery-server.ts';

const { CDS } = TYPE_URLS;

function setUp(limits: Partial<DiscoveryLimits>, options: Partial<DiscoveryServerOptions> = {}) {
  const clock = manualClock(1_000);
  let abandoned = 0;
  const ended: string[] = [];
  const mesh = { version: '1' };
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => viewOffering([xdsResource(CDS, 'a', new TextEncoder().encode(mesh.version))]),
    clock,
    log: ({ message }) => message.startsWith('stream ended') && ended.push(message),
    random: () => 0.5,
    limits: {
      firstRequestTimeoutMs: 1_000,
      readTimeoutMs: 2_000,
      answerTimeoutMs: 3_000,
      maxStreamAgeMs: 60_000,
      ...limits,
    },
    ...options,
  });
  const stream = server.openStream('test', { abandon: () => (abandoned += 1) });
  const send = (nonce = '') =>
    stream.receive(
      create(DeltaDiscoveryRequestSchema, { typeUrl: CDS, node: { id: TEST_NODE_ID }, responseNonce: nonce }),
    );
  return { clock, server, stream, send, ended, mesh, abandonments: () => abandoned };
}

describe('a stream is let go', () => {
  test('without a first request', async () => {
    const { clock, stream, ended } = setUp({});
    await clock.advance(999);
    expect(stream.isEnded).toBe(false);
    await clock.advance(1);
    expect(stream.error).toMatchObject({ code: 'deadline-exceeded' });
    expect(ended).toEqual(['stream ended with an error: The first request did not come within 1000 ms']);
    expect(clock.pending).toBe(0);
  });

  test('when its client does not read, and its transport is broken off', async () => {
    const { clock, stream, send, abandonments } = setUp({});
    send();
    const pushes = stream.pushes();
    await pushes.next();
    await clock.advance(1_999);
    expect(stream.isEnded).toBe(false);
    await clock.advance(1);
    expect(stream.error?.message).toBe('The client did not read a response for 2000 ms');
    expect(abandonments()).toBe(1);
  });

  test('when its client reads and never answers', async () => {
    const { clock, stream, send, abandonments, mesh, server } = setUp({ holdLimitMs: 1_000 });
    send();
    const pushes = stream.pushes();
    await pushes.next();
    const second = pushes.next();
    await clock.advance(1_500);
    // More to read does not give it more time.
    mesh.version = '2';
    server.update();
    expect((await second).value?.resources).toHaveLength(1);
    const rest = pushes.next();
    rest.catch(() => {});
    await clock.advance(1_499);
    expect(stream.isEnded).toBe(false);
    await clock.advance(1);
    await expect(rest).rejects.toThrow('The client did not answer a response for 3000 ms');
    expect(abandonments()).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test('at its greatest age, which chance spreads', async () => {
    for (const [chance, ageMs] of [
      [0, 54_000],
      [0.5, 60_000],
      [1, 66_000],
    ] as const) {
      const { clock, stream, send } = setUp({}, { random: () => chance });
      send();
      await clock.advance(ageMs - 1);
      expect(stream.isEnded).toBe(false);
      await clock.advance(1);
      expect(stream.error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('maximum age') });
    }
  });

  test('and not while it does its part', async () => {
    const { clock, stream, send, server, mesh } = setUp({ maxStreamAgeMs: Number.POSITIVE_INFINITY });
    send();
    const pushes = stream.pushes();
    for (let round = 0; round < 10; round += 1) {
      const { value } = await pushes.next();
      const next = pushes.next();
      await clock.advance(1_900);
      send(value?.nonce);
      await clock.advance(10_000);
      mesh.version = `${round}`;
      server.update();
      const second = (await next).value;
      const third = pushes.next();
      send(second?.nonce);
      mesh.version = `${round} again`;
      server.update();
      send((await third).value?.nonce);
      mesh.version = `${round} and again`;
      server.update();
    }
    expect(stream.isEnded).toBe(false);
    stream.end();
  });

  test('and not if its client is in this process', async () => {
    const { clock, server } = setUp({});
    server.connect().open(new AbortController().signal);
    await clock.advance(1_000_000);
    expect(server.streams().map(({ peer }) => peer)).toEqual(['memory']);
  });
});

test('a stream whose client never answers remembers a bounded number of responses', () => {
  const { stream, send, server, mesh, clock } = setUp({ holdLimitMs: 0 });
  send();
  for (let version = 0; version < 1_000; version += 1) {
    mesh.version = `${version}`;
    server.update();
    expect(stream.take()?.resources).toHaveLength(1);
    void clock.advance(1);
  }
  expect(server.streams()[0]?.types[0]?.unanswered).toBe(256);
});
