import { create } from '@bufbuild/protobuf';
import { Code } from '@connectrpc/connect';
import { NodeSchema } from '@heddle/envoy-api/core';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import { type AdsTransport, type CompiledView, viewOf, type XdsResource, xdsResource } from '@heddle/model';
import {
  BARRIER_TYPE,
  cluster,
  endpoints,
  grpcDeltaTransport,
  manualClock,
  type ProtocolClient,
  type ProtocolClientOptions,
  type ProtocolResponse,
  protocolClient,
  routes,
  TYPE_URLS,
  tick,
  viewOffering,
} from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryLimits, type DiscoveryServer } from './discovery-server.ts';
import { serveDiscovery } from './node/serve-discovery.ts';
import { RESOURCE_TYPES } from './resource-type.ts';

// The rules of "xDS REST and gRPC protocol" (envoyproxy.io) that concern the delta variant, each in a test that names the section.
// The whole table runs over every transport.

const { CDS, EDS, SDS, ECDS, LDS, RDS, VHDS } = TYPE_URLS;
const WILDCARD_TYPES = { LDS, CDS };
const NAMED_TYPES = { EDS, SDS, ECDS, RDS };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A resource whose content is only a text: enough for a server that does not look inside. */
function resource(typeUrl: string, name: string, text = name): XdsResource {
  return xdsResource(typeUrl, name, new TextEncoder().encode(text));
}

type Connect = (server: DiscoveryServer) => Promise<AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse>>;

const transports: Readonly<Record<string, Connect>> = {
  memory: async (server) => server.connect(),
  http2: overHttp2('raw'),
  'http2 by Connect': overHttp2('connect'),
};

function overHttp2(responsePath: 'raw' | 'connect'): Connect {
  return async (server) => {
    const served = await serveDiscovery({ server, address: '127.0.0.1:0', responsePath });
    cleanups.push(async () => {
      // Deno 2.9 crashes when a server ends a stream that its client, in the same process, has just reset: see the README.
      while (server.streams().length > 0) await tick();
      await served.close();
    });
    return grpcDeltaTransport(served.address);
  };
}

async function setUp(connect: Connect, first: readonly XdsResource[], limits: Partial<DiscoveryLimits> = {}) {
  let compiled: CompiledView = viewOffering(first);
  const clock = manualClock();
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
    types: [...RESOURCE_TYPES, BARRIER_TYPE],
    clock,
    limits,
  });
  cleanups.push(() => server.close());
  const transport = await connect(server);
  const open = (options?: ProtocolClientOptions): ProtocolClient => {
    const client = protocolClient(transport, options);
    cleanups.push(() => client.close());
    return client;
  };
  return {
    server,
    clock,
    open,
    client: open(),
    change(...resources: XdsResource[]) {
      compiled = viewOffering(resources);
      return server.update();
    },
  };
}

/** What came, without nonces: `[type, names with versions, removals]`. */
function shown(responses: readonly ProtocolResponse[]) {
  return responses.map(({ typeUrl, resources, removed }) => ({
    type: RESOURCE_TYPES.find((type) => type.typeUrl === typeUrl)?.label,
    resources: Object.keys(resources).sort(),
    removed: [...removed].sort(),
  }));
}

describe.each(Object.entries(transports))('over %s', (kind, connect) => {
  describe('XP-1 Basic Protocol Overview: node', () => {
    test('only the first request needs a node', async () => {
      const { client } = await setUp(connect, [resource(CDS, 'a'), resource(LDS, 'l')]);
      client.send(CDS);
      client.send(LDS);
      expect(shown(await client.drain())).toEqual([
        { type: 'CDS', resources: ['a'], removed: [] },
        { type: 'LDS', resources: ['l'], removed: [] },
      ]);
    });

    test.each([
      ['no node', null, 'carries no node'],
      ['an empty id', '', 'has 1 parts'],
      ['an id of another grammar', 'envoy-1', 'wanted TYPE~IP~NAME.NAMESPACE~DNS_DOMAIN'],
    ])('%s is INVALID_ARGUMENT', async (_, nodeId, wanted) => {
      const { open } = await setUp(connect, []);
      const client = open({ nodeId });
      client.send(CDS);
      const end = await client.end();
      expect(end?.code).toBe(kind === 'memory' ? 'invalid-argument' : Code.InvalidArgument);
      expect(end?.message).toContain(wanted);
    });
  });

  test('XP-2 Basic Protocol Overview: every response has a nonce of its own', async () => {
    const { client, change } = await setUp(connect, [resource(CDS, 'a'), resource(LDS, 'l')]);
    client.send(CDS);
    client.send(LDS);
    const nonces = (await client.sync()).map(({ nonce }) => nonce);
    change(resource(CDS, 'a', 'again'), resource(LDS, 'l'));
    nonces.push(...(await client.sync()).map(({ nonce }) => nonce));
    expect(nonces).toHaveLength(3);
    expect(new Set(nonces).size).toBe(3);
    expect(nonces).not.toContain('');
  });

  test('XP-4 NACK: an answer is a refusal only by its error_detail', async () => {
    const { client, server } = await setUp(connect, [resource(CDS, 'a')]);
    client.send(CDS);
    const [first] = await client.drain();
    client.nack(first as ProtocolResponse, 'a: no');
    client.send(CDS, { subscribe: ['a'] });
    const [second] = await client.drain();
    client.ack(second as ProtocolResponse);
    await client.drain();
    expect(server.counters).toMatchObject({ nacks: 1 });
    const status = server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === CDS);
    expect(status).toMatchObject({ rejected: [], lastAckedNonce: second?.nonce, lastNack: { message: 'a: no' } });
  });

  describe('XP-7 When to send an update', () => {
    test('a change of nothing sends nothing', async () => {
      const { client, change, server } = await setUp(connect, [resource(CDS, 'a'), resource(EDS, 'a')]);
      client.send(CDS);
      client.send(EDS, { subscribe: ['a'] });
      await client.sync();
      const { responses } = server.counters;
      expect(change(resource(CDS, 'a'), resource(EDS, 'a'))).toMatchObject({ changedResources: 0, streams: 0 });
      expect(await client.drain()).toEqual([]);
      // The answer to the drain itself.
      expect(server.counters.responses).toBe(responses + 1);
    });

    test('a change that is undone before it could be sent sends nothing', async () => {
      const { client, change, clock } = await setUp(connect, [resource(CDS, 'a')]);
      client.send(CDS);
      await clock.advance(1_000);
      const [unanswered] = await client.drain();
      change(resource(CDS, 'a', 'other'), resource(CDS, 'b'));
      change(resource(CDS, 'a'));
      client.ack(unanswered as ProtocolResponse);
      expect(await client.drain()).toEqual([]);
    });

    test('a change reaches only the streams that are subscribed to the name', async () => {
      const { client, open, change } = await setUp(connect, [resource(EDS, 'a'), resource(EDS, 'b')]);
      const other = open();
      client.send(EDS, { subscribe: ['a'] });
      other.send(EDS, { subscribe: ['b'] });
      await client.sync();
      await other.sync();
      expect(change(resource(EDS, 'a', 'new'), resource(EDS, 'b'))).toMatchObject({ streams: 1 });
      expect(shown(await client.drain())).toEqual([{ type: 'EDS', resources: ['a'], removed: [] }]);
      expect(await other.drain()).toEqual([]);
    });
  });

  describe('XP-8 How the client specifies what resources to return', () => {
    test.each(Object.entries(WILDCARD_TYPES))('%s: a first request without names means all', async (_, type) => {
      const { client } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type);
      expect((await client.drain())[0]?.names.toSorted()).toEqual(['a', 'b']);
    });

    test.each(Object.entries(WILDCARD_TYPES))('%s: `*` means all', async (_, type) => {
      const { client } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, { subscribe: ['*'] });
      expect((await client.drain())[0]?.names.toSorted()).toEqual(['a', 'b']);
    });

    test.each(Object.entries(WILDCARD_TYPES))('%s: the four steps of the incremental example', async (_, type) => {
      const { client, change } = await setUp(connect, [resource(type, 'A'), resource(type, 'B')]);
      client.send(type);
      expect((await client.sync())[0]?.names.toSorted()).toEqual(['A', 'B']);
      client.send(type, { subscribe: ['A'] });
      expect((await client.sync())[0]?.names).toEqual(['A']);
      change(resource(type, 'A', '2'), resource(type, 'B', '2'));
      expect((await client.sync())[0]?.names.toSorted()).toEqual(['A', 'B']);
      client.send(type, { unsubscribe: ['*'] });
      expect(await client.sync()).toEqual([]);
      change(resource(type, 'A', '3'), resource(type, 'B', '3'));
      expect((await client.sync())[0]?.names).toEqual(['A']);
      client.send(type, { unsubscribe: ['A'] });
      expect(await client.sync()).toEqual([]);
      // The set is empty as at the beginning, but that is not a wildcard any more.
      client.send(type);
      change(resource(type, 'A', '4'), resource(type, 'B', '4'));
      expect(await client.sync()).toEqual([]);
    });

    test.each(Object.entries(WILDCARD_TYPES))('%s: an empty first wildcard is answered too', async (_, type) => {
      const { client } = await setUp(connect, []);
      client.send(type);
      expect((await client.drain()).map(({ names }) => names)).toEqual([[]]);
    });

    test.each(Object.entries(WILDCARD_TYPES))('%s: a first request that names one is no wildcard', async (_, type) => {
      const { client } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, { subscribe: ['a'] });
      client.send(type);
      expect((await client.sync()).flatMap(({ names }) => names)).toEqual(['a']);
    });

    test.each(Object.entries({ ...NAMED_TYPES, VHDS }))('%s: neither `*` nor no names mean all', async (_, type) => {
      const { client, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type);
      client.send(type, { subscribe: ['*'] });
      expect(await client.drain()).toEqual([]);
      change(resource(type, 'a', '2'));
      expect(await client.drain()).toEqual([]);
    });
  });

  describe.each(Object.entries({ ...WILDCARD_TYPES, ...NAMED_TYPES, VHDS }))('%s by name', (label, type) => {
    const isVirtualHost = label === 'VHDS';

    test('XP-9 a newly added name is sent even if it was sent before', async () => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { subscribe: ['a'] });
      await client.sync();
      client.send(type, { unsubscribe: ['a'] });
      client.send(type, { subscribe: ['a'] });
      expect((await client.sync()).map(({ names }) => names)).toEqual([['a']]);
    });

    test('XP-11 Duplicate Resource Names: a name asked for and changed comes once', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { subscribe: ['a', 'a'] });
      await client.sync();
      change(resource(type, 'a', '2'));
      client.send(type, { subscribe: ['a', 'a'] });
      for (const { names } of await client.sync()) expect(names).toEqual(['a']);
    });

    test('XP-12 Deleting Resources: by removed_resources', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, { subscribe: ['a', 'b'] });
      await client.sync();
      change(resource(type, 'b'));
      expect(shown(await client.sync())).toEqual([{ type: label, resources: [], removed: ['a'] }]);
      expect(await client.sync()).toEqual([]);
    });

    test('XP-13 an absent name is answered at once, and sent when it appears', async () => {
      const { client, change } = await setUp(connect, []);
      client.send(type, { subscribe: ['a'] });
      const [answer] = await client.sync();
      if (isVirtualHost) expect(answer?.resources).toEqual({ a: 'absent' });
      else expect(answer?.removed).toEqual(['a']);
      expect(answer?.names).toEqual(['a']);
      change(resource(type, 'a'));
      expect((await client.sync())[0]?.resources).toEqual({ a: resource(type, 'a').version });
    });

    test('XP-14 Unsubscribing: needs no answer, phantom names are harmless', async () => {
      const { client, change, server } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { subscribe: ['a'] });
      await client.sync();
      client.send(type, { unsubscribe: ['a', 'never'] });
      expect(await client.sync()).toEqual([]);
      expect(change(resource(type, 'a', '2')).streams).toBe(0);
      expect(await client.sync()).toEqual([]);
      expect(server.counters.streamErrors).toBe(0);
    });

    test('XP-15 Subscribing: a name that is current is still answered', async () => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { subscribe: ['a'] });
      await client.sync();
      client.send(type, { subscribe: ['a'] });
      expect((await client.sync()).map(({ names }) => names)).toEqual([['a']]);
    });

    test('XP-16 Incremental xDS: subscriptions count even with a stale nonce, which answers nothing', async () => {
      const { client, server } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, { subscribe: ['a'] });
      const [unanswered] = await client.drain();
      client.send(type, { subscribe: ['b'], nonce: 'of-another-life', error: 'no' });
      expect((await client.drain()).flatMap(({ names }) => names)).toEqual(['b']);
      expect(server.counters).toMatchObject({ staleNonces: 1, nacks: 0 });
      expect(server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === type)?.unanswered).toBe(2);
      client.ack(unanswered as ProtocolResponse);
    });

    test('XP-17 Incremental xDS: stated versions spare what is current, the rest is sent or removed', async () => {
      const { client, clock } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, {
        subscribe: ['a', 'b', 'gone', 'new'],
        versions: { a: resource(type, 'a').version, b: 'old', gone: '1' },
      });
      const answers = await client.sync();
      await clock.advance(1_000);
      answers.push(...(await client.sync()));
      expect(answers.flatMap(({ names }) => names).toSorted()).toEqual(['b', 'gone', 'new']);
      expect(answers.flatMap(({ resources }) => Object.keys(resources)).includes('b')).toBe(true);
    });
  });

  describe.each(Object.entries(WILDCARD_TYPES))('%s by wildcard', (label, type) => {
    test('XP-12 Deleting Resources: by removed_resources', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type);
      await client.sync();
      change(resource(type, 'a'));
      expect(shown(await client.sync())).toEqual([{ type: label, resources: [], removed: ['b'] }]);
    });

    test('XP-14 Unsubscribing: of a name beside `*` is answered with the resource, or its removal', async () => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { subscribe: ['*', 'a', 'none'] });
      await client.sync();
      client.send(type, { unsubscribe: ['a', 'none'] });
      expect(shown(await client.sync())).toEqual([{ type: label, resources: ['a'], removed: ['none'] }]);
    });

    test('XP-15 Subscribing: a repeated `*` is answered with everything', async () => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { subscribe: ['*'] });
      await client.sync();
      client.send(type, { subscribe: ['*'] });
      expect((await client.sync()).map(({ names }) => names)).toEqual([['a']]);
    });

    test('XP-17 Incremental xDS: stated versions spare what is current; what vanished meanwhile is removed', async () => {
      const { client, clock } = await setUp(
        connect,
        ['a', 'b', 'new'].map((name) => resource(type, name)),
      );
      const versions = { a: resource(type, 'a').version, b: 'old', gone: '1', constructor: '1' };
      client.send(type, { subscribe: ['*'], versions });
      const answers = await client.sync();
      await clock.advance(1_000);
      answers.push(...(await client.sync()));
      expect(answers.flatMap(({ resources }) => Object.keys(resources)).toSorted()).toEqual(['b', 'new']);
      expect(answers.flatMap(({ removed }) => removed).toSorted()).toEqual(['constructor', 'gone']);
    });

    test('XP-17 Incremental xDS: a client that has everything gets an empty answer', async () => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, { versions: { a: resource(type, 'a').version } });
      expect((await client.sync()).map(({ names }) => names)).toEqual([[]]);
    });
  });

  describe('XP-18 Eventual consistency considerations', () => {
    const all = [CDS, EDS, SDS, ECDS, LDS, RDS, VHDS];
    const subscribeAll = (client: ProtocolClient) => {
      // Asked for the wrong way round.
      for (const type of all.toReversed()) {
        client.send(type, { subscribe: type === CDS || type === LDS ? ['*'] : ['a', 'b'] });
      }
    };

    test('one update is sent in the order CDS, EDS, SDS, ECDS, LDS, RDS, VHDS', async () => {
      const { client, change } = await setUp(
        connect,
        all.map((type) => resource(type, 'a')),
      );
      subscribeAll(client);
      await client.sync();
      change(...all.map((type) => resource(type, 'a', '2')));
      expect((await client.drain()).map(({ typeUrl }) => typeUrl)).toEqual(all);
    });

    test('clusters and endpoints go when the client has acknowledged what referred to them', async () => {
      const { client, change } = await setUp(
        connect,
        all.map((type) => resource(type, 'b')),
      );
      subscribeAll(client);
      await client.sync();
      change(...[LDS, RDS, VHDS].map((type) => resource(type, 'b', '2')));
      const first = await client.drain();
      expect(shown(first).map(({ type, removed }) => [type, removed])).toEqual([
        ['LDS', []],
        ['RDS', []],
        ['VHDS', []],
      ]);
      for (const response of first.slice(0, 2)) client.ack(response);
      const second = await client.drain();
      expect(shown(second).map(({ type }) => type)).toEqual(['ECDS']);
      client.ack(first[2] as ProtocolResponse);
      const third = await client.drain();
      expect(shown(third)).toEqual([{ type: 'CDS', resources: [], removed: ['b'] }]);
      client.ack(third[0] as ProtocolResponse);
      expect(shown(await client.drain()).map(({ type, removed }) => [type, removed])).toEqual([
        ['EDS', ['b']],
        ['SDS', ['b']],
      ]);
    });

    test('what a reconnecting client stated and is gone stays until it could say what it uses', async () => {
      const { client, clock } = await setUp(connect, [resource(RDS, 'r', '2')]);
      client.send(CDS, { versions: { gone: '1' } });
      expect(shown(await client.drain())).toEqual([]);
      client.send(RDS, { subscribe: ['r'], versions: { r: 'that names the cluster' } });
      const [route] = await client.drain();
      expect(route?.names).toEqual(['r']);
      await clock.advance(1_000);
      expect(await client.drain()).toEqual([]);
      client.ack(route as ProtocolResponse);
      expect(shown(await client.drain())).toEqual([{ type: 'CDS', resources: [], removed: ['gone'] }]);
    });

    test('a client that does not acknowledge delays removals only for the time limit', async () => {
      const { client, change, clock, server } = await setUp(connect, [resource(CDS, 'a'), resource(RDS, 'r')], {
        holdLimitMs: 5_000,
      });
      client.send(CDS);
      client.send(RDS, { subscribe: ['r'] });
      await client.sync();
      change(resource(RDS, 'r', '2'));
      expect(shown(await client.drain()).map(({ type }) => type)).toEqual(['RDS']);
      expect(server.streams()[0]?.types[0]?.heldBack).toEqual([
        { name: 'a', reason: 'changes of RDS are not acknowledged yet', sinceMs: 0 },
      ]);
      await clock.advance(4_999);
      expect(await client.drain()).toEqual([]);
      await clock.advance(1);
      expect(shown(await client.drain())).toEqual([{ type: 'CDS', resources: [], removed: ['a'] }]);
    });
  });

  test('configurations of filters travel alone, first and changed: a client that refuses one has read the others', async () => {
    const all = (text: string) => ['a', 'b', 'c'].map((name) => resource(ECDS, name, text));
    const { client, change, server } = await setUp(connect, all('1'));
    client.send(ECDS, { subscribe: ['a', 'b', 'c', 'missing'] });
    const sizes = (responses: readonly ProtocolResponse[]) => shown(responses).map(({ resources }) => resources.length);
    expect(Math.max(...sizes(await client.sync()))).toBe(1);
    change(...all('2'));
    const answers = await client.drain();
    expect(sizes(answers)).toEqual([1, 1, 1]);
    for (const [index, { nonce }] of answers.entries())
      client.send(ECDS, index === 1 ? { nonce, error: 'Unable to create it' } : { nonce });
    await client.drain();
    const status = server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === ECDS);
    expect(JSON.stringify(status)).toContain('Unable to create it');
    expect(status?.lastNack?.names).toEqual(['b']);
  });

  describe('XP-20 TTL', () => {
    const FEATURES = ['xds.config.supports-resource-ttl'];
    const mortal = (type: string, name: string, text = name) =>
      xdsResource(type, name, new TextEncoder().encode(text), 30_000);

    test.each(Object.entries({ ...WILDCARD_TYPES, ...NAMED_TYPES }))(
      '%s: the time to live comes with the resource, heartbeats with its name and version',
      async (_, type) => {
        const { open, clock, server } = await setUp(connect, [mortal(type, 'a'), resource(type, 'b')]);
        const client = open({ features: FEATURES });
        client.send(type, { subscribe: ['a', 'b'] });
        const alone = type === ECDS ? [{}] : [];
        expect((await client.sync()).map(({ ttls }) => ttls)).toEqual([{ a: 30_000 }, ...alone]);
        const { resourceBytesSent } = server.counters;
        await clock.advance(9_999);
        expect(await client.sync()).toEqual([]);
        for (let beat = 0; beat < 3; beat += 1) {
          await clock.advance(10_000);
          expect(await client.sync()).toMatchObject([{ resources: { a: 'heartbeat' }, ttls: { a: 30_000 } }]);
        }
        expect(server.counters).toMatchObject({ resourceBytesSent, staleNonces: 0 });
      },
    );

    test('who does not know times to live is not told of them', async () => {
      const { client, clock } = await setUp(connect, [mortal(CDS, 'a')]);
      client.send(CDS);
      expect((await client.sync()).map(({ ttls }) => ttls)).toEqual([{}]);
      await clock.advance(60_000);
      expect(await client.sync()).toEqual([]);
    });

    test('a change counts as a heartbeat, and what is gone or left has none', async () => {
      const { open, clock, change } = await setUp(connect, [mortal(EDS, 'a'), mortal(EDS, 'b')]);
      const client = open({ features: FEATURES });
      client.send(EDS, { subscribe: ['a', 'b'] });
      await client.sync();
      await clock.advance(5_000);
      change(mortal(EDS, 'a', '2'), mortal(EDS, 'b'));
      expect(shown(await client.sync())).toMatchObject([{ resources: ['a'] }]);
      await clock.advance(5_000);
      expect(await client.sync()).toMatchObject([{ resources: { b: 'heartbeat' } }]);
      client.send(EDS, { unsubscribe: ['b'] });
      await client.sync();
      change();
      expect(shown(await client.sync())).toMatchObject([{ removed: ['a'] }]);
      await clock.advance(60_000);
      expect(await client.sync()).toEqual([]);
    });

    test('who comes back with a resource gets its heartbeat at once', async () => {
      const held = mortal(CDS, 'a');
      const { open } = await setUp(connect, [held]);
      const client = open({ features: FEATURES });
      client.send(CDS, { subscribe: ['*'], versions: { a: held.version } });
      expect((await client.sync()).find(({ names }) => names.length > 0)?.resources).toEqual({ a: 'heartbeat' });
    });
  });

  describe('XP-19 Resource warming', () => {
    test('after a changed cluster its endpoints are sent again', async () => {
      const { client, change } = await setUp(connect, [cluster('a'), endpoints('a', [1]), cluster('b')]);
      client.send(CDS);
      client.send(EDS, { subscribe: ['a', 'b'] });
      await client.sync();
      change(cluster('a', 2n), endpoints('a', [1]), cluster('b'));
      expect(shown(await client.drain())).toEqual([
        { type: 'CDS', resources: ['a'], removed: [] },
        { type: 'EDS', resources: ['a'], removed: [] },
      ]);
    });

    test('also on reconnect, where the stated version of the endpoints would spare them', async () => {
      const { client } = await setUp(connect, [cluster('a'), endpoints('a', [1]), cluster('b'), endpoints('b', [1])]);
      client.send(CDS, { versions: { a: 'old', b: cluster('b').version } });
      await client.sync();
      client.send(EDS, {
        subscribe: ['a', 'b'],
        versions: { a: endpoints('a', [1]).version, b: endpoints('b', [1]).version },
      });
      expect(shown(await client.sync())).toEqual([{ type: 'EDS', resources: ['a'], removed: [] }]);
    });
  });

  describe('XP-21 what a server must survive', () => {
    const serves = async (open: () => ProtocolClient) => {
      const client = open();
      client.send(CDS);
      expect((await client.drain())[0]?.names).toEqual(['a']);
    };

    test('an unknown type', async () => {
      const { client, open } = await setUp(connect, [resource(CDS, 'a')]);
      client.send('type.googleapis.com/no.such.Type', { subscribe: ['x'] });
      const end = await client.end();
      expect(end?.code).toBe(kind === 'memory' ? 'invalid-argument' : Code.InvalidArgument);
      expect(end?.message).toContain('Cannot serve type "type.googleapis.com/no.such.Type", wanted one of');
      await serves(open);
    });

    test('more names than allowed', async () => {
      const { client, open } = await setUp(connect, [resource(CDS, 'a')]);
      client.send(EDS, { subscribe: Array.from({ length: 100_000 }, (_, index) => `name-${index}`) });
      const end = await client.end();
      expect(end?.code).toBe(kind === 'memory' ? 'resource-exhausted' : Code.ResourceExhausted);
      expect(end?.message).toContain('subscribes to 100000 names, at most 50000 are allowed');
      await serves(open);
    });

    test.each([
      ['LABELS', 'text', 'LABELS "text", wanted an object of strings'],
      ['LABELS', { app: 1 }, 'label "app" 1, wanted a string'],
      ['NAMESPACE', 7, 'NAMESPACE 7, wanted a string'],
      ['HEDDLE_BIND', { address: '127.0.0.1', ports: { 80: 'http' } }, 'ports from 1 to 65535'],
      ['HEDDLE_BIND', [], 'HEDDLE_BIND []'],
    ])('garbage in node metadata %s', async (key, value, wanted) => {
      const { client, open } = await setUp(connect, [resource(CDS, 'a')]);
      client.sendRaw(
        create(DeltaDiscoveryRequestSchema, {
          typeUrl: CDS,
          node: create(NodeSchema, { id: 'sidecar~1.1.1.1~a.b~c', metadata: { [key]: value } }),
        }),
      );
      expect((await client.end())?.message).toContain(wanted);
      await serves(open);
    });

    test('names that are also properties of objects', async () => {
      const { client } = await setUp(connect, [resource(EDS, 'constructor')]);
      client.send(EDS, { subscribe: ['__proto__', 'constructor', ''] });
      const answers = await client.sync();
      expect(shown(answers)).toEqual([{ type: 'EDS', resources: ['constructor'], removed: ['', '__proto__'] }]);
    });
  });

  describe('XP-23 what a route names precedes it', () => {
    const before = [cluster('a'), endpoints('a', [1]), routes('r', { '/': 'a' })];
    const after = [...before.slice(0, 2), cluster('b'), endpoints('b', [2]), routes('r', { '/': 'b' })];
    const connectClient = async () => {
      const all = await setUp(connect, before, { holdLimitMs: 5_000 });
      all.client.send(CDS);
      all.client.send(EDS, { subscribe: ['a'] });
      all.client.send(RDS, { subscribe: ['r'] });
      await all.client.sync();
      all.change(...after);
      return all;
    };

    test('it waits until a new cluster and its endpoints are acknowledged', async () => {
      const { client, server } = await connectClient();
      const [clusters, ...rest] = await client.drain();
      expect(clusters?.names).toEqual(['b']);
      expect(rest).toEqual([]);
      const held = () => server.streams()[0]?.types.flatMap(({ heldBack }) => heldBack.map(({ reason }) => reason));
      expect(held()).toEqual(['cluster "b" is not acknowledged yet']);
      client.send(EDS, { subscribe: ['b'] });
      const [load] = await client.drain();
      expect(load?.names).toEqual(['b']);
      client.ack(clusters as ProtocolResponse);
      expect(await client.drain()).toEqual([]);
      expect(held()).toEqual(['endpoints "b" are not acknowledged yet']);
      client.ack(load as ProtocolResponse);
      expect(shown(await client.drain())).toEqual([{ type: 'RDS', resources: ['r'], removed: [] }]);
    });

    test('it waits for endpoints that the client dropped and asked for again', async () => {
      const { client, change } = await connectClient();
      change(...before);
      await client.sync();
      client.send(EDS, { unsubscribe: ['a'] });
      await client.sync();
      client.send(EDS, { subscribe: ['a'] });
      const [load] = await client.drain();
      change(...before.slice(0, 2), routes('r', { '/': 'a', '/x': 'a' }));
      expect(await client.drain()).toEqual([]);
      client.ack(load as ProtocolResponse);
      expect(shown(await client.drain()).map(({ type }) => type)).toEqual(['RDS']);
    });

    test('a cluster that the client refuses is not waited for', async () => {
      const { client } = await connectClient();
      const [clusters] = await client.drain();
      client.nack(clusters as ProtocolResponse, 'b: no');
      expect(shown(await client.drain()).map(({ type }) => type)).toEqual(['RDS']);
    });

    test('it comes once, even if the client asks for it again meanwhile', async () => {
      const { client } = await connectClient();
      const [clusters] = await client.drain();
      client.send(RDS, { subscribe: ['r'] });
      expect(await client.drain()).toEqual([]);
      client.send(RDS, { subscribe: ['r'] });
      client.ack(clusters as ProtocolResponse);
      expect((await client.drain()).map(({ names }) => names)).toEqual([['r']]);
    });

    test('it waits no longer than the time limit', async () => {
      const { client, clock } = await connectClient();
      await client.drain();
      await clock.advance(4_999);
      expect(await client.drain()).toEqual([]);
      await clock.advance(1);
      expect(shown(await client.drain()).map(({ type }) => type)).toEqual(['RDS']);
    });

    test('routes that name no new cluster do not wait', async () => {
      const { client, change } = await connectClient();
      await client.drain();
      change(...after.slice(0, 4), routes('r', { '/': 'a', '/x': 'a' }));
      expect(shown(await client.drain()).map(({ type }) => type)).toEqual(['RDS']);
    });

    test('a client that asks for clusters by name, after the routes that name them, is not kept waiting', async () => {
      const { open } = await setUp(connect, before);
      const client = open();
      client.send(CDS, { subscribe: ['other'] });
      client.send(RDS, { subscribe: ['r'] });
      expect(shown(await client.drain()).map(({ type }) => type)).toEqual(['CDS', 'RDS']);
    });
  });

  describe('XP-24 responses are cut', () => {
    const many = (count: number, size: number) =>
      Array.from({ length: count }, (_, index) => resource(EDS, `e${index}`, `${index}`.padEnd(size)));

    test.each([
      ['by number', 250, 10, [100, 100, 50]],
      ['by size', 5, 40_000, [2, 2, 1]],
      ['one that is larger travels alone', 3, 150_000, [1, 1, 1]],
    ])('%s', async (_, count, size, expected) => {
      const { client } = await setUp(connect, many(count, size));
      client.send(EDS, { subscribe: many(count, 1).map(({ name }) => name) });
      const answers = await client.drain();
      expect(answers.map(({ names }) => names.length)).toEqual(expected);
      expect(new Set(answers.flatMap(({ names }) => names)).size).toBe(count);
    });
  });

  describe('ACK and NACK semantics summary', () => {
    test('a refused resource is not sent again until it changes; the others of its response are accepted', async () => {
      const { client, change, server } = await setUp(connect, [resource(CDS, 'a'), resource(CDS, 'b')]);
      client.send(CDS);
      await client.sync();
      change(resource(CDS, 'a', '2'), resource(CDS, 'b', '2'));
      const [response] = await client.drain();
      client.nack(response as ProtocolResponse, 'Error adding/updating cluster(s) b: no such thing.');
      expect(await client.drain()).toEqual([]);
      expect(server.streams()[0]?.types[0]?.rejected).toEqual([
        {
          name: 'b',
          version: resource(CDS, 'b', '2').version,
          message: 'Error adding/updating cluster(s) b: no such thing.',
          lastGoodVersion: resource(CDS, 'b').version,
        },
      ]);
      change(resource(CDS, 'a', '2'), resource(CDS, 'b', '2'), resource(CDS, 'c'));
      expect((await client.sync())[0]?.names).toEqual(['c']);
      change(resource(CDS, 'a', '2'), resource(CDS, 'b'), resource(CDS, 'c'));
      expect((await client.sync())[0]?.names).toEqual(['b']);
      expect(server.streams()[0]?.types[0]?.rejected).toEqual([]);
    });

    test('a refusal of one type does not hold up another', async () => {
      const { client, change } = await setUp(connect, [resource(CDS, 'a'), resource(LDS, 'l')]);
      client.send(CDS);
      client.send(LDS);
      const [clusters, listeners] = await client.drain();
      client.nack(clusters as ProtocolResponse, 'no');
      client.ack(listeners as ProtocolResponse);
      change(resource(CDS, 'a'), resource(LDS, 'l', '2'));
      expect(shown(await client.sync()).map(({ type }) => type)).toEqual(['LDS']);
    });

    test('one push of a type is on its way at a time; later changes merge', async () => {
      const { client, change } = await setUp(connect, [resource(LDS, 'l')]);
      client.send(LDS);
      const [first] = await client.drain();
      change(resource(LDS, 'l', '2'));
      change(resource(LDS, 'l', '3'), resource(LDS, 'm'));
      expect(await client.drain()).toEqual([]);
      client.ack(first as ProtocolResponse);
      const merged = await client.drain();
      expect(merged.map(({ resources }) => resources)).toEqual([
        { l: resource(LDS, 'l', '3').version, m: resource(LDS, 'm').version },
      ]);
    });

    test('a client that never answers gets changes after the time limit', async () => {
      const { client, change, clock } = await setUp(connect, [resource(LDS, 'l')], { holdLimitMs: 5_000 });
      client.send(LDS);
      await client.drain();
      change(resource(LDS, 'l', '2'));
      expect(await client.drain()).toEqual([]);
      await clock.advance(5_000);
      expect((await client.drain()).map(({ names }) => names)).toEqual([['l']]);
    });

    test('settled waits for every answer', async () => {
      const { client, change, server } = await setUp(connect, [resource(LDS, 'l')]);
      client.send(LDS);
      await client.sync();
      let isSettled = false;
      change(resource(LDS, 'l', '2'));
      const settled = server.settled().then(() => {
        isSettled = true;
      });
      const [response] = await client.drain();
      expect(isSettled).toBe(false);
      client.ack(response as ProtocolResponse);
      await settled;
    });
  });
});
