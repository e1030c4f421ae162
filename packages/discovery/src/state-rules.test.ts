import { anyUnpack, durationMs } from '@bufbuild/protobuf/wkt';
import { Code } from '@connectrpc/connect';
import { type DiscoveryRequest, type DiscoveryResponse, ResourceSchema } from '@heddle/envoy-api/discovery';
import { type AdsTransport, viewOf, type XdsResource, xdsResource } from '@heddle/model';
import {
  BARRIER,
  BARRIER_TYPE,
  cluster,
  endpoints,
  grpcStateTransport,
  manualClock,
  routes,
  stateProtocolClient,
  TEST_NODE_ID,
  TYPE_URLS,
  tick,
  viewOffering,
} from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryLimits, type DiscoveryServer } from './discovery-server.ts';
import { serveDiscovery } from './node/serve-discovery.ts';
import { RESOURCE_TYPES } from './resource-type.ts';

// The rules of "xDS REST and gRPC protocol" (envoyproxy.io) that concern state of the world, as protocol-rules.test.ts has those of delta.

const { CDS, EDS, SDS, ECDS, LDS, RDS, VHDS } = TYPE_URLS;
const FULL_SET_TYPES = { LDS, CDS };
const PARTIAL_TYPES = { EDS, SDS, ECDS, RDS };
const ALL_TYPES = { ...FULL_SET_TYPES, ...PARTIAL_TYPES };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function resource(typeUrl: string, name: string, text = name): XdsResource {
  return xdsResource(typeUrl, name, new TextEncoder().encode(text));
}

type Connect = (server: DiscoveryServer) => Promise<AdsTransport<DiscoveryRequest, DiscoveryResponse>>;

const transports: Readonly<Record<string, Connect>> = {
  memory: async (server) => server.connectStateOfTheWorld(),
  http2: async (server) => {
    const served = await serveDiscovery({ server, address: '127.0.0.1:0' });
    cleanups.push(async () => {
      // Deno 2.9 crashes when a server ends a stream that its client, in the same process, has just reset: see the README.
      while (server.streams().length > 0) await tick();
      await served.close();
    });
    return grpcStateTransport(served.address);
  },
};

/** What came: the resources' texts, since state of the world carries no names. */
interface Came {
  readonly type: string;
  readonly texts: readonly string[];
}

async function setUp(connect: Connect, first: readonly XdsResource[], limits: Partial<DiscoveryLimits> = {}) {
  let compiled = viewOffering([...first, BARRIER]);
  const clock = manualClock();
  const events: string[] = [];
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
    types: [...RESOURCE_TYPES, BARRIER_TYPE],
    log: ({ level, message }) => level === 'warn' && events.push(message),
    clock,
    limits,
  });
  cleanups.push(() => server.close());
  const transport = await connect(server);
  const open = (nodeId?: string | null) => {
    const client = stateProtocolClient(transport, nodeId);
    cleanups.push(() => client.close());
    return client;
  };
  return {
    server,
    clock,
    events,
    open,
    client: open(),
    change(...resources: XdsResource[]) {
      compiled = viewOffering([...resources, BARRIER]);
      return server.update();
    },
  };
}

function shown(responses: readonly DiscoveryResponse[]): Came[] {
  return responses.map(({ typeUrl, resources }) => ({
    type: RESOURCE_TYPES.find((type) => type.typeUrl === typeUrl)?.label ?? typeUrl,
    texts: resources.map(({ value }) => new TextDecoder().decode(value)).sort(),
  }));
}

/** Which types came, where the content is no text. */
function typesOf(responses: readonly DiscoveryResponse[]) {
  return shown(responses).map(({ type, texts }) => [type, texts.length]);
}

function texts(responses: readonly DiscoveryResponse[]): (readonly string[])[] {
  return shown(responses).map((came) => came.texts);
}

describe.each(Object.entries(transports))('state of the world over %s', (kind, connect) => {
  const codeOf = (code: string, network: Code) => (kind === 'memory' ? code : network);

  test.each(Object.entries(ALL_TYPES))('XP-1 %s: only the first request needs a node', async (label, type) => {
    const { client } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
    client.send(type, ['a']);
    expect(shown(await client.sync())).toEqual([{ type: label, texts: ['a'] }]);
    client.send(type, ['a', 'b']);
    expect(texts(await client.sync()).flat()).toContain('b');
  });

  test.each(Object.entries(ALL_TYPES))('XP-1 %s: a missing first node is INVALID_ARGUMENT', async (_, type) => {
    const { open } = await setUp(connect, []);
    const client = open(null);
    client.send(type, ['a']);
    expect(await client.end()).toMatchObject({
      code: codeOf('invalid-argument', Code.InvalidArgument),
      message: expect.stringContaining('carries no node'),
    });
  });

  test.each(Object.entries(ALL_TYPES))('XP-2 %s: every response has a nonce of its own', async (_, type) => {
    const { client, change } = await setUp(connect, [resource(type, 'a')]);
    client.send(type, ['a']);
    const nonces = (await client.sync()).map(({ nonce }) => nonce);
    change(resource(type, 'a', '2'));
    nonces.push(...(await client.sync()).map(({ nonce }) => nonce));
    expect(new Set(nonces).size).toBe(2);
    expect(nonces).not.toContain('');
  });

  test.each(Object.entries(ALL_TYPES))(
    'XP-2 %s: the nonce of another stream is not held against a first request',
    async (_, type) => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, ['a'], { nonce: 'of-another-life' });
      expect(texts(await client.drain())).toEqual([['a']]);
    },
  );

  describe.each(Object.entries(FULL_SET_TYPES))('%s', (label, type) => {
    test('XP-3 a version says what the set is, on every stream and every server', async () => {
      const first = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      const second = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      first.client.send(type, []);
      second.client.send(type, []);
      const versions = [...(await first.client.sync()), ...(await second.client.sync())].map((r) => r.versionInfo);
      expect(versions).toHaveLength(2);
      expect(new Set(versions).size).toBe(1);
      first.change(resource(type, 'a', '2'), resource(type, 'b'));
      expect((await first.client.sync())[0]?.versionInfo).not.toBe(versions[0]);
      first.change(resource(type, 'a'), resource(type, 'b'));
      expect((await first.client.sync())[0]?.versionInfo).toBe(versions[0]);
    });

    test('XP-3 a client that comes back is told all there is, whatever version it states', async () => {
      const { client, open, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, []);
      const version = (await client.sync())[0]?.versionInfo ?? '';
      // Part of the next set it refuses, and like Envoy it uses the rest: what it states, then, is the version before.
      change(resource(type, 'a', '2'), resource(type, 'b', '2'));
      const [next] = await client.drain();
      client.nack(next as DiscoveryResponse, 'a: no');
      await client.drain();
      client.close();
      change(resource(type, 'a'), resource(type, 'b'));
      const again = open();
      again.send(type, [], { version });
      expect(texts(await again.drain())).toEqual([['a', 'b']]);
    });

    test('XP-3 a client that comes back learns that everything it named is gone', async () => {
      const { client, open, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, ['a']);
      const version = (await client.sync())[0]?.versionInfo ?? '';
      client.close();
      change();
      const again = open();
      again.send(type, ['a'], { version });
      expect(texts(await again.drain())).toEqual([[]]);
    });

    test('XP-3 a client that comes back with names is answered, whatever version it states', async () => {
      const { client, open } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, []);
      const version = (await client.sync())[0]?.versionInfo ?? '';
      const again = open();
      again.send(type, ['a'], { version });
      expect(texts(await again.drain())).toEqual([['a']]);
    });

    test('XP-5 only nonces that are stale are counted as such', async () => {
      const { client, server, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, []);
      const [first] = await client.sync();
      client.send(type, ['*']);
      await client.sync();
      expect(server.counters.staleNonces).toBe(0);
      change(resource(type, 'a', '2'));
      await client.drain();
      client.send(type, ['*'], { nonce: first?.nonce ?? '' });
      await client.drain();
      expect(server.counters.staleNonces).toBe(1);
    });

    test('XP-10 what was refused is carried when it is asked for again', async () => {
      const { client } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, []);
      const [first] = await client.drain();
      client.nack(first as DiscoveryResponse, 'a: no');
      await client.drain();
      client.send(type, ['*', 'a']);
      expect(texts(await client.drain())).toEqual([['a', 'b']]);
    });

    test('XP-8 the four steps of the example', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'A'), resource(type, 'B')]);
      client.send(type, []);
      expect(texts(await client.sync())).toEqual([['A', 'B']]);
      client.send(type, ['*', 'A']);
      await client.sync();
      change(resource(type, 'A', 'A2'), resource(type, 'B', 'B2'));
      expect(texts(await client.sync())).toEqual([['A2', 'B2']]);
      client.send(type, ['A']);
      expect(await client.sync()).toEqual([]);
      change(resource(type, 'A', 'A3'), resource(type, 'B', 'B3'));
      expect(texts(await client.sync())).toEqual([['A3']]);
      // Empty as at the beginning, but that is not a wildcard any more.
      client.send(type, []);
      await client.sync();
      change(resource(type, 'A', 'A4'), resource(type, 'B', 'B4'));
      expect(await client.sync()).toEqual([]);
    });

    test('XP-8 `*` is a name given: an empty list after it means nothing, not all', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, []);
      await client.sync();
      client.send(type, ['*']);
      expect(await client.sync()).toEqual([]);
      client.send(type, []);
      await client.sync();
      change(resource(type, 'a', '2'));
      expect(await client.sync()).toEqual([]);
    });

    test('XP-8 an empty first wildcard is answered too', async () => {
      const { client } = await setUp(connect, []);
      client.send(type, []);
      expect(shown(await client.drain())).toEqual([{ type: label, texts: [] }]);
    });

    test('XP-10 a response carries the full set, in one piece', async () => {
      const many = (version: string) =>
        Array.from({ length: 250 }, (_, i) => resource(type, `r${i}`, `${i}${version}`));
      const { client, change } = await setUp(connect, many(''));
      client.send(type, []);
      expect((await client.sync()).map(({ resources }) => resources.length)).toEqual([250]);
      change(...many('').slice(0, 249), resource(type, 'r249', 'new'));
      expect((await client.sync()).map(({ resources }) => resources.length)).toEqual([250]);
    });

    test('XP-10 by name too, and only what is subscribed', async () => {
      const { client, change } = await setUp(
        connect,
        ['a', 'b', 'c'].map((name) => resource(type, name)),
      );
      client.send(type, ['a', 'b']);
      expect(texts(await client.sync())).toEqual([['a', 'b']]);
      change(resource(type, 'a', '2'), resource(type, 'b'), resource(type, 'c', '2'));
      expect(texts(await client.sync())).toEqual([['2', 'b']]);
    });

    test('XP-12 what is gone is left out, and the last of all leaves an empty set', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, []);
      await client.sync();
      change(resource(type, 'b'));
      expect(texts(await client.sync())).toEqual([['b']]);
      change();
      expect(texts(await client.sync())).toEqual([[]]);
      expect(await client.sync()).toEqual([]);
    });

    test('XP-14 fewer names beside `*` need no answer', async () => {
      const { client } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, ['*', 'a', 'none']);
      await client.sync();
      client.send(type, ['*']);
      expect(await client.sync()).toEqual([]);
    });

    test('XP-24 a set above 4 MiB is sent, counted and warned of', async () => {
      // Without the hash of its bytes, which would take most of the test's time.
      const large = { typeUrl: type, name: 'a', version: '1', bytes: new Uint8Array(4 * 1024 * 1024 + 1) };
      const { client, server, events } = await setUp(connect, [large]);
      client.send(type, []);
      expect((await client.drain())[0]?.resources[0]?.value.length).toBe(4 * 1024 * 1024 + 1);
      expect(server.counters.oversizeResponses).toBe(1);
      expect(events.at(-1)).toContain('4194305 bytes is larger than the 4 MiB');
    });

    test('XP-4 what was refused stays at its last good version, in the set of the others', async () => {
      const { client, change, server } = await setUp(connect, [resource(type, 'a', 'a1'), resource(type, 'b', 'b1')]);
      client.send(type, []);
      await client.sync();
      change(resource(type, 'a', 'a2'), resource(type, 'b', 'b2'), resource(type, 'c', 'c1'));
      const [response] = await client.drain();
      client.nack(response as DiscoveryResponse, 'a: no. c: no.');
      expect(await client.drain()).toEqual([]);
      expect(server.streams()[0]?.types[0]?.rejected.map(({ name }) => name)).toEqual(['a', 'c']);
      change(resource(type, 'a', 'a2'), resource(type, 'b', 'b3'), resource(type, 'c', 'c1'));
      // What was never accepted has no good version.
      expect(texts(await client.sync())).toEqual([['a1', 'b3']]);
      change(resource(type, 'a', 'a3'), resource(type, 'b', 'b3'), resource(type, 'c', 'c2'));
      expect(texts(await client.sync())).toEqual([['a3', 'b3', 'c2']]);
    });
  });

  describe.each(Object.entries(PARTIAL_TYPES))('%s', (_, type) => {
    test('XP-8 neither `*` nor no names mean all', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, []);
      client.send(type, ['*']);
      expect(await client.drain()).toEqual([]);
      change(resource(type, 'a', '2'));
      expect(await client.drain()).toEqual([]);
    });

    test('XP-10 only what changed is sent', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a', 'b']);
      await client.sync();
      change(resource(type, 'a', '2'), resource(type, 'b'));
      expect(texts(await client.sync())).toEqual([['2']]);
    });

    test('XP-12 what is gone is not told, and sent when it is there again', async () => {
      const { client, change, server } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a', 'b']);
      await client.sync();
      change(resource(type, 'b'));
      expect(await client.sync()).toEqual([]);
      expect(
        server
          .configDump(TEST_NODE_ID)
          ?.get(type)
          ?.map(({ name }) => name),
      ).toEqual(['b']);
      change(resource(type, 'a'), resource(type, 'b'));
      expect(texts(await client.sync())).toEqual([['a']]);
    });

    test('XP-24 many are cut into responses, each acknowledged by its nonce', async () => {
      const names = Array.from({ length: 250 }, (_, index) => `r${index}`);
      const { client, server } = await setUp(
        connect,
        names.map((name) => resource(type, name)),
      );
      client.send(type, names);
      const answers = await client.drain();
      // Of filters each configuration has a response of its own.
      const sizes = type === ECDS ? names.map(() => 1) : [100, 100, 50];
      expect(answers.map(({ resources }) => resources.length)).toEqual(sizes);
      for (const answer of answers) client.ack(answer);
      expect(await client.drain()).toEqual([]);
      expect(server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === type)?.settled).toBe(true);
    });
  });

  describe.each(Object.entries(ALL_TYPES))('%s by name', (label, type) => {
    const isFullSet = label in FULL_SET_TYPES;

    test('XP-4 an answer is a refusal only by its error_detail, not by its version', async () => {
      const { client, server, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, ['a']);
      const [first] = await client.drain();
      client.send(type, ['a'], { nonce: first?.nonce ?? '', version: 'before' });
      await client.drain();
      expect(server.counters.nacks).toBe(0);
      change(resource(type, 'a', '2'));
      const [second] = await client.drain();
      client.send(type, ['a'], { nonce: second?.nonce ?? '', version: second?.versionInfo ?? '', error: 'a: no' });
      expect(await client.drain()).toEqual([]);
      expect(server.counters.nacks).toBe(1);
      change(resource(type, 'a', '3'));
      expect(texts(await client.drain())).toEqual([['3']]);
    });

    test('XP-5 a request with a stale nonce is not answered', async () => {
      const { client, change, server } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a']);
      const [first] = await client.sync();
      change(resource(type, 'a', '2'), resource(type, 'b'));
      const [second] = await client.drain();
      client.send(type, ['a', 'b'], { nonce: first?.nonce ?? '' });
      expect(await client.drain()).toEqual([]);
      expect(server.counters.staleNonces).toBeGreaterThan(0);
      client.send(type, ['a', 'b'], { nonce: second?.nonce ?? '' });
      expect(texts(await client.drain()).flat()).toContain('b');
    });

    test('XP-6 a newer request overtakes an older one that was not answered', async () => {
      const { client } = await setUp(connect, [resource(type, 'b')]);
      client.send(type, ['a']);
      client.send(type, ['b']);
      expect(texts(await client.sync())).toEqual([['b']]);
    });

    test('XP-7 a change of nothing, and a change of others, send nothing', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a']);
      await client.sync();
      expect(change(resource(type, 'a'), resource(type, 'b'))).toMatchObject({ streams: 0 });
      expect(change(resource(type, 'a'), resource(type, 'b', '2'))).toMatchObject({ streams: 0 });
      expect(await client.drain()).toEqual([]);
    });

    test('XP-9 a newly added name is sent even if it was sent before and is unchanged', async () => {
      const { client } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a', 'b']);
      await client.sync();
      client.send(type, ['b']);
      client.send(type, ['a', 'b']);
      expect(texts(await client.sync())).toEqual([isFullSet ? ['a', 'b'] : ['a']]);
    });

    test('XP-11 a name listed twice comes once', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a')]);
      client.send(type, ['a', 'a']);
      expect(texts(await client.sync())).toEqual([['a']]);
      change(resource(type, 'a', '2'));
      expect(texts(await client.sync())).toEqual([['2']]);
    });

    test('XP-13 an absent name is not answered, and remembered', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'b')]);
      client.send(type, ['a']);
      expect(await client.sync()).toEqual([]);
      change(resource(type, 'b', '2'));
      expect(await client.sync()).toEqual([]);
      change(resource(type, 'a'));
      expect(texts(await client.sync())).toEqual([['a']]);
    });

    test('XP-14 fewer names need no answer, and changes of the others send nothing', async () => {
      const { client, change } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a', 'b']);
      await client.sync();
      client.send(type, ['b']);
      expect(await client.sync()).toEqual([]);
      expect(change(resource(type, 'a', '2'), resource(type, 'b'))).toMatchObject({ streams: 0 });
    });

    test('XP-17 a client that connects anew is answered with what it lists', async () => {
      const { client, open } = await setUp(connect, [resource(type, 'a'), resource(type, 'b')]);
      client.send(type, ['a', 'b']);
      const [before] = await client.sync();
      const again = open();
      again.send(type, ['a'], { version: before?.versionInfo ?? '' });
      expect(texts(await again.drain())).toEqual([['a']]);
    });
  });

  test('XP-18 one update is sent in the order CDS, EDS, SDS, ECDS, LDS, RDS', async () => {
    const all = [CDS, EDS, SDS, ECDS, LDS, RDS];
    const { client, change } = await setUp(
      connect,
      all.map((type) => resource(type, 'a')),
    );
    for (const type of all.toReversed()) client.send(type, type === CDS || type === LDS ? [] : ['a']);
    await client.sync();
    change(...all.map((type) => resource(type, 'a', '2')));
    expect((await client.drain()).map(({ typeUrl }) => typeUrl)).toEqual(all);
  });

  test('XP-18 a cluster leaves the set when the client has acknowledged what referred to it', async () => {
    const { client, change } = await setUp(connect, [cluster('a'), cluster('b'), routes('r', { '/': 'a' })]);
    client.send(CDS, []);
    client.send(RDS, ['r']);
    await client.sync();
    change(cluster('b', 2n), routes('r', { '/': 'b' }));
    const [clusters, route] = await client.drain();
    // The changed cluster goes out at once, and beside it the old one.
    expect(typesOf([clusters as DiscoveryResponse, route as DiscoveryResponse])).toEqual([
      ['CDS', 2],
      ['RDS', 1],
    ]);
    client.ack(clusters as DiscoveryResponse);
    expect(await client.drain()).toEqual([]);
    client.ack(route as DiscoveryResponse);
    expect(typesOf(await client.drain())).toEqual([['CDS', 1]]);
  });

  test('XP-18 nor does one go early that the client had by wildcard and now names', async () => {
    const { client, change } = await setUp(connect, [cluster('a'), routes('r', { '/': 'a' })]);
    client.send(CDS, []);
    client.send(RDS, ['r']);
    await client.sync();
    client.send(CDS, ['a']);
    change(routes('r', {}));
    const answers = await client.drain();
    expect(typesOf(answers)).toEqual([['RDS', 1]]);
    client.ack(answers[0] as DiscoveryResponse);
    expect(typesOf(await client.drain())).toEqual([['CDS', 0]]);
  });

  describe('XP-20 TTL', () => {
    const FEATURES = ['xds.config.supports-resource-ttl', 'xds.config.resource-in-sotw'];
    const mortal = (type: string) => xdsResource(type, 'a', new TextEncoder().encode('a'), 30_000);
    const unwrapped = (response: DiscoveryResponse | undefined) =>
      response?.resources.map((any) => {
        const wrapper = anyUnpack(any, ResourceSchema);
        const { name, ttl } = wrapper ?? {};
        const { typeUrl, value } = wrapper?.resource ?? any;
        return { name, ttl: ttl && durationMs(ttl), typeUrl, text: new TextDecoder().decode(value) };
      });

    test.each(Object.entries(ALL_TYPES))(
      'XP-20 %s: a resource with a time to live is repeated in time',
      async (_, type) => {
        const { client, clock } = await setUp(connect, [mortal(type), resource(type, 'b')]);
        client.send(type, ['a', 'b'], { features: FEATURES });
        const whole = [
          { name: 'a', ttl: 30_000, typeUrl: type, text: 'a' },
          { name: undefined, ttl: undefined, typeUrl: type, text: 'b' },
        ];
        expect((await client.sync()).map(unwrapped)).toEqual(type === ECDS ? whole.map((one) => [one]) : [whole]);
        const isFullSet = Object.values<string>(FULL_SET_TYPES).includes(type);
        await clock.advance(10_000);
        expect((await client.sync()).map(unwrapped)).toEqual([isFullSet ? whole : whole.slice(0, 1)]);
      },
    );

    test.each([[[]], [FEATURES.slice(0, 1)], [FEATURES.slice(1)]])(
      'XP-20 a client with features %j is sent none',
      async (features) => {
        const { client, clock } = await setUp(connect, [mortal(CDS)]);
        client.send(CDS, [], { features });
        expect(texts(await client.sync())).toEqual([['a']]);
        await clock.advance(60_000);
        expect(await client.sync()).toEqual([]);
      },
    );
  });

  test('XP-19 after a changed cluster its endpoints are sent again, and only those', async () => {
    const load = [endpoints('a', [1]), endpoints('b', [1])];
    const { client, change } = await setUp(connect, [cluster('a'), cluster('b'), ...load]);
    client.send(CDS, []);
    client.send(EDS, ['a', 'b']);
    await client.sync();
    change(cluster('a', 2n), cluster('b'), ...load);
    const answers = await client.drain();
    expect(typesOf(answers)).toEqual([
      ['CDS', 2],
      ['EDS', 1],
    ]);
    expect(answers[1]?.resources[0]?.value).toEqual(load[0]?.bytes);
  });

  test('XP-23 a route waits for the cluster that it names, a listener in its old version meanwhile', async () => {
    const before = [cluster('a'), endpoints('a', [1]), routes('r', { '/': 'a' })];
    const { client, change } = await setUp(connect, before);
    client.send(CDS, []);
    client.send(EDS, ['a']);
    client.send(RDS, ['r']);
    await client.sync();
    change(...before.slice(0, 2), cluster('b'), endpoints('b', [2]), routes('r', { '/': 'b' }));
    const [clusters, ...rest] = await client.drain();
    expect(typesOf([clusters as DiscoveryResponse])).toEqual([['CDS', 2]]);
    expect(rest).toEqual([]);
    client.send(EDS, ['a', 'b']);
    const [load] = await client.drain();
    expect(typesOf([load as DiscoveryResponse])).toEqual([['EDS', 1]]);
    client.ack(clusters as DiscoveryResponse);
    expect(await client.drain()).toEqual([]);
    client.ack(load as DiscoveryResponse);
    expect(typesOf(await client.drain())).toEqual([['RDS', 1]]);
  });

  test('XP-23 a client that learns clusters from routes, as gRPC does, is not kept waiting', async () => {
    const all = [cluster('a'), endpoints('a', [1]), routes('r', { '/': 'a' }), resource(LDS, 'l')];
    const { client } = await setUp(connect, all);
    for (const [type, name] of [
      [LDS, 'l'],
      [RDS, 'r'],
      [CDS, 'a'],
      [EDS, 'a'],
    ] as const) {
      client.send(type, [name]);
      expect((await client.sync()).map(({ typeUrl }) => typeUrl)).toEqual([type]);
    }
  });

  describe('XP-21 what a server must survive', () => {
    test.each([
      [
        'an unknown type',
        'type.googleapis.com/no.such.Type',
        'invalid-argument',
        Code.InvalidArgument,
        'wanted one of',
      ],
      ['virtual hosts, which are for delta only', VHDS, 'unimplemented', Code.Unimplemented, 'delta variant only'],
    ])('%s', async (_, type, code, network, message) => {
      const { client, open } = await setUp(connect, [resource(CDS, 'a')]);
      client.send(type, ['x']);
      expect(await client.end()).toMatchObject({
        code: codeOf(code, network),
        message: expect.stringContaining(message),
      });
      const other = open();
      other.send(CDS, []);
      expect(texts(await other.drain())).toEqual([['a']]);
    });

    test.each(Object.entries(ALL_TYPES))('100,000 names of %s', async (_, type) => {
      const { client, open } = await setUp(connect, [resource(type, 'a')]);
      client.send(
        type,
        Array.from({ length: 100_000 }, (_, index) => `name-${index}`),
      );
      expect((await client.end())?.message).toContain('subscribes to 100000 names, at most 50000 are allowed');
      const other = open();
      other.send(type, ['a']);
      expect(texts(await other.drain())).toEqual([['a']]);
    });

    test('names that are also properties of objects', async () => {
      const { client } = await setUp(connect, [resource(EDS, 'constructor')]);
      client.send(EDS, ['__proto__', 'constructor', '']);
      expect(texts(await client.sync())).toEqual([['constructor']]);
    });
  });
});
