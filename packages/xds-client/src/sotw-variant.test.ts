import { create, toBinary } from '@bufbuild/protobuf';
import { ResourceSchema } from '@heddle/envoy-api/discovery';
import { type XdsResource, xdsResource } from '@heddle/model';
import {
  cluster,
  endpoints,
  manualClock,
  type ScriptedSotwStream,
  scriptedSotwTransport,
  TYPE_URLS,
  tick,
} from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { type AdsClientBehaviour, createAdsClient } from './ads-client.ts';
import type { ResourceUpdate } from './protocol-variant.ts';

const { CDS, EDS, LDS } = TYPE_URLS;
const NODE = { id: 'router~1.1.1.1~gateway-1.shop~shop.svc.cluster.local' };

function setUp(onUpdate: AdsClientBehaviour['onUpdate'] = () => undefined) {
  const transport = scriptedSotwTransport();
  const clock = manualClock();
  const updates: ResourceUpdate[] = [];
  const client = createAdsClient({
    variant: 'sotw',
    transport,
    node: NODE,
    clock,
    random: () => 0.5,
    onUpdate(update) {
      updates.push(update);
      return onUpdate(update);
    },
  });
  return {
    transport,
    clock,
    client,
    updates,
    stream: (index = 0) => transport.streams[index] as ScriptedSotwStream,
  };
}

/** Requests in short. */
function shown(stream: ScriptedSotwStream, from = 0) {
  return stream.requests.slice(from).map((request) => ({
    type: Object.entries(TYPE_URLS).find(([, typeUrl]) => typeUrl === request.typeUrl)?.[0],
    names: request.resourceNames,
    ...(request.node === undefined ? {} : { node: request.node.id }),
    ...(request.versionInfo === '' ? {} : { version: request.versionInfo }),
    ...(request.responseNonce === '' ? {} : { nonce: request.responseNonce }),
    ...(request.errorDetail === undefined ? {} : { error: request.errorDetail.message }),
  }));
}

/** Updates in short. */
function named(updates: readonly ResourceUpdate[]) {
  return updates.map(({ changed, removed }) => ({ changed: changed.map(({ name }) => name), removed }));
}

describe('createAdsClient, state of the world: requests', () => {
  test('list all names each time, with the node in the first request only', () => {
    const { client, stream } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.subscribe(EDS, {});
    client.start();
    client.subscribe(EDS, { names: ['a', 'b'] });
    client.subscribe(EDS, { names: ['b', 'a', 'a'] });
    client.subscribe(EDS, { names: ['b', 'c'] });
    client.subscribe(EDS, {});
    expect(shown(stream())).toEqual([
      { type: 'CDS', names: [], node: NODE.id },
      { type: 'EDS', names: ['a', 'b'] },
      { type: 'EDS', names: ['b', 'c'] },
      { type: 'EDS', names: [] },
    ]);
  });

  test.each([
    ['names and all', { wildcard: true, names: ['a'] }, [['*', 'a']]],
    ['names only', { names: ['a'] }, [['a']]],
    // An empty list alone would go on meaning "all".
    ['nothing', {}, [['*'], []]],
  ])('from a wildcard without names to %s', (_, interest, expected) => {
    const { client, stream } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    client.subscribe(CDS, interest);
    expect(shown(stream(), 1).map(({ names }) => names)).toEqual(expected);
  });

  test('from names back to a wildcard, which an empty list does not mean any more', () => {
    const { client, stream } = setUp();
    client.subscribe(CDS, { names: ['a'] });
    client.start();
    client.subscribe(CDS, { wildcard: true });
    expect(shown(stream(), 1).map(({ names }) => names)).toEqual([['*']]);
  });

  test('acknowledge with version and nonce, and refuse with the version before', async () => {
    let refuse = false;
    const { client, stream } = setUp(() => (refuse ? new Map([['a', 'no']]) : undefined));
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [cluster('a')]);
    refuse = true;
    await stream().respond(CDS, [cluster('a', 2n), cluster('b')]);
    refuse = false;
    await stream().respond(CDS, [cluster('a', 3n), cluster('b')]);
    expect(shown(stream(), 1)).toEqual([
      { type: 'CDS', names: [], version: 'v1', nonce: 'n1' },
      { type: 'CDS', names: [], version: 'v1', nonce: 'n2', error: 'a: no' },
      { type: 'CDS', names: [], version: 'v3', nonce: 'n3' },
    ]);
  });

  test('carry subscriptions that changed in the handler: of other types before the acknowledgement, of the same with it', async () => {
    let finish = () => {};
    const { client, stream } = setUp(
      () =>
        new Promise((resolve) => {
          client.subscribe(CDS, { names: ['b'] });
          client.subscribe(EDS, { names: ['a'] });
          finish = () => resolve(undefined);
        }),
    );
    client.subscribe(CDS, { names: ['a'] });
    client.start();
    await stream().respond(CDS, [cluster('a')]);
    expect(shown(stream(), 1)).toEqual([{ type: 'EDS', names: ['a'] }]);
    finish();
    await tick();
    expect(shown(stream(), 2)).toEqual([{ type: 'CDS', names: ['b'], version: 'v1', nonce: 'n1' }]);
  });

  test('name the nonce of the last response when the subscription changes', async () => {
    const { client, stream } = setUp();
    client.subscribe(EDS, { names: ['a'] });
    client.start();
    await stream().respond(EDS, [endpoints('a', [1])]);
    client.subscribe(EDS, { names: ['a', 'b'] });
    expect(shown(stream(), 2)).toEqual([{ type: 'EDS', names: ['a', 'b'], version: 'v1', nonce: 'n1' }]);
  });

  test('are not made about types that nobody subscribed to: they would be subscriptions', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(LDS, []);
    expect(updates).toEqual([]);
    expect(stream().requests).toHaveLength(1);
  });
});

describe('createAdsClient, state of the world: responses', () => {
  test('of clusters are whole: what changed is handed over, what is missing is removed', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [cluster('a'), cluster('b'), cluster('c')]);
    await stream().respond(CDS, [cluster('a'), cluster('b', 2n)]);
    await stream().respond(CDS, []);
    await stream().respond(CDS, []);
    expect(named(updates)).toEqual([
      { changed: ['a', 'b', 'c'], removed: [] },
      { changed: ['b'], removed: ['c'] },
      { changed: [], removed: ['a', 'b'] },
      { changed: [], removed: [] },
    ]);
    expect(updates[0]?.changed.map(({ version }) => version)).toEqual(
      [cluster('a'), cluster('b'), cluster('c')].map(({ version }) => version),
    );
  });

  test('of endpoints may be partial: nothing is removed, and a repetition is an answer', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(EDS, { names: ['a', 'b'] });
    client.start();
    await stream().respond(EDS, [endpoints('a', [1])]);
    await stream().respond(EDS, [endpoints('b', [1])]);
    await stream().respond(EDS, [endpoints('a', [1])]);
    expect(named(updates)).toEqual(['a', 'b', 'a'].map((name) => ({ changed: [name], removed: [] })));
  });

  test('that lack a cluster asked for by name say once that it does not exist', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(CDS, { names: ['a', 'none'] });
    client.start();
    await stream().respond(CDS, [cluster('a')]);
    await stream().respond(CDS, [cluster('a', 2n)]);
    await stream().respond(CDS, [cluster('a', 2n), cluster('none')]);
    await stream().respond(CDS, [cluster('a', 2n)]);
    expect(named(updates)).toEqual([
      { changed: ['a'], removed: ['none'] },
      { changed: ['a'], removed: [] },
      { changed: ['none'], removed: [] },
      { changed: [], removed: ['none'] },
    ]);
  });

  test('with what nobody asked for are acknowledged', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(EDS, { names: ['a'] });
    client.start();
    await stream().respond(EDS, [endpoints('b', [1])]);
    expect(updates).toEqual([]);
    expect(shown(stream(), 1)).toEqual([{ type: 'EDS', names: ['a'], version: 'v1', nonce: 'n1' }]);
  });

  test.each<[string, XdsResource[], string | RegExp, string[]]>([
    ['a name that comes twice', [cluster('a', 2n), cluster('a', 3n)], 'a: the response contains it twice', []],
    ['another type', [endpoints('a', [1])], `a: it is a "${EDS}", wanted "${CDS}"`, []],
    // It may be "a".
    ['a name that cannot be read', [xdsResource(CDS, '', new Uint8Array([0xff]))], /^resources\[0\]: cannot be/, []],
    ['nothing, but lack a cluster', [], '', ['a']],
  ])('with %s', async (_, resources, error, removed) => {
    const { client, stream, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [cluster('a')]);
    await stream().respond(CDS, [...resources, cluster('fine')]);
    expect(stream().requests.at(-1)?.errorDetail?.message ?? '').toEqual(
      typeof error === 'string' ? error : expect.stringMatching(error),
    );
    expect(named(updates.slice(1))).toEqual([{ changed: ['fine'], removed }]);
  });

  test('may wrap resources, and a wrapper without resource is a sign of life', async () => {
    const wrapper = 'type.googleapis.com/envoy.service.discovery.v3.Resource';
    const a = cluster('a');
    const wrapped = { name: 'a', version: '7', resource: { typeUrl: CDS, value: a.bytes } };
    const { client, stream, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    for (const message of [wrapped, { name: 'a', version: '7' }]) {
      await stream().respond(CDS, [
        xdsResource(wrapper, 'a', toBinary(ResourceSchema, create(ResourceSchema, message))),
      ]);
    }
    expect(updates).toEqual([
      { typeUrl: CDS, changed: [{ name: 'a', version: a.version, bytes: a.bytes }], removed: [] },
    ]);
    expect(shown(stream(), 2)).toEqual([{ type: 'CDS', names: [], version: 'v2', nonce: 'n2' }]);
  });
});

describe('createAdsClient, state of the world: reconnects', () => {
  test('state the versions accepted, without nonces; what vanished meanwhile is removed', async () => {
    const { client, stream, clock, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.subscribe(EDS, { names: ['a'] });
    client.start();
    await stream().respond(CDS, [cluster('a'), cluster('b')]);
    await stream().respond(EDS, [endpoints('a', [1])]);
    await stream().end(new Error('gone'));
    expect(client.state).toEqual({ status: 'waiting', failures: 1, lastError: 'gone' });
    await clock.advance(250);
    expect(shown(stream(1))).toEqual([
      { type: 'CDS', names: [], node: NODE.id, version: 'v1' },
      { type: 'EDS', names: ['a'], version: 'v2' },
    ]);
    await stream(1).respond(CDS, [cluster('a')]);
    expect(named(updates).at(-1)).toEqual({ changed: [], removed: ['b'] });
    expect(shown(stream(1), 2)).toEqual([{ type: 'CDS', names: [], version: 'v1', nonce: 'n1' }]);
  });

  test.each<[string, (client: ReturnType<typeof setUp>['client']) => void]>([
    ['names added meanwhile', (client) => client.subscribe(EDS, { names: ['a', 'b'] })],
    ['names forgotten', (client) => client.forget(EDS, 'a')],
    ['a wildcard added meanwhile', (client) => client.subscribe(EDS, { wildcard: true, names: ['a'] })],
  ])('state no version that does not cover what is listed: %s', async (_, change) => {
    const { client, stream, clock } = setUp();
    client.subscribe(EDS, { names: ['a'] });
    client.start();
    await stream().respond(EDS, [endpoints('a', [1])]);
    await stream().end();
    change(client);
    await clock.advance(500);
    expect(stream(1).requests[0]?.versionInfo).toBe('');
  });

  test('state no version of a type whose only response was refused', async () => {
    const { client, stream, clock } = setUp(() => new Map([['a', 'no']]));
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [cluster('a')]);
    await stream().end();
    await clock.advance(500);
    expect(shown(stream(1))).toEqual([{ type: 'CDS', names: [], node: NODE.id }]);
  });
});
