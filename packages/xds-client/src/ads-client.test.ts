import { type XdsResource, xdsResource } from '@heddle/model';
import { manualClock, type ScriptedStream, scriptedTransport, TYPE_URLS, tick } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { type AdsClientOptions, type ConnectionState, createAdsClient } from './ads-client.ts';
import type { ResourceUpdate } from './protocol-variant.ts';

const { CDS, EDS, LDS } = TYPE_URLS;
const NODE = { id: 'router~1.1.1.1~gateway-1.shop~shop.svc.cluster.local' };

function resource(typeUrl: string, name: string, text = name): XdsResource {
  return xdsResource(typeUrl, name, new TextEncoder().encode(text));
}

function setUp(onUpdate: AdsClientOptions['onUpdate'] = () => undefined) {
  const transport = scriptedTransport();
  const clock = manualClock();
  const updates: ResourceUpdate[] = [];
  const states: ConnectionState['status'][] = [];
  const client = createAdsClient({
    transport,
    node: NODE,
    clock,
    random: () => 0.5,
    onState: ({ status }) => states.push(status),
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
    states,
    stream: (index = 0) => transport.streams[index] as ScriptedStream,
  };
}

/** Requests in short. */
function shown(stream: ScriptedStream, from = 0) {
  return stream.requests.slice(from).map((request) => ({
    type: Object.entries(TYPE_URLS).find(([, typeUrl]) => typeUrl === request.typeUrl)?.[0],
    ...(request.node === undefined ? {} : { node: request.node.id }),
    ...(request.resourceNamesSubscribe.length === 0 ? {} : { subscribe: request.resourceNamesSubscribe }),
    ...(request.resourceNamesUnsubscribe.length === 0 ? {} : { unsubscribe: request.resourceNamesUnsubscribe }),
    ...(Object.keys(request.initialResourceVersions).length === 0 ? {} : { versions: request.initialResourceVersions }),
    ...(request.responseNonce === '' ? {} : { nonce: request.responseNonce }),
    ...(request.errorDetail === undefined ? {} : { error: request.errorDetail.message }),
  }));
}

describe('createAdsClient', () => {
  test('announces subscriptions made before the start, with the node in the first request only', () => {
    const { client, stream } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.subscribe(LDS, { wildcard: true, names: ['extra'] });
    client.subscribe(EDS, {});
    client.start();
    expect(shown(stream())).toEqual([
      { type: 'CDS', node: NODE.id, subscribe: ['*'] },
      { type: 'LDS', subscribe: ['*', 'extra'] },
    ]);
  });

  test('sends what a changed interest adds and removes, without nonce, and nothing for the same interest', () => {
    const { client, stream } = setUp();
    client.start();
    client.subscribe(EDS, { names: ['a', 'b'] });
    client.subscribe(EDS, { names: ['b', 'a', 'a'] });
    client.subscribe(EDS, { names: ['b', 'c'] });
    client.subscribe(EDS, { names: [] });
    client.subscribe(EDS, { names: ['d'] });
    expect(shown(stream())).toEqual([
      { type: 'EDS', node: NODE.id, subscribe: ['a', 'b'] },
      { type: 'EDS', subscribe: ['c'], unsubscribe: ['a'] },
      { type: 'EDS', unsubscribe: ['b', 'c'] },
      { type: 'EDS', subscribe: ['d'] },
    ]);
  });

  test('acknowledges when the handler is done, after the subscriptions that the handler changed', async () => {
    let finish = () => {};
    const { client, stream } = setUp(
      ({ typeUrl }) =>
        new Promise((resolve) => {
          if (typeUrl === CDS) client.subscribe(EDS, { names: ['a'] });
          finish = () => resolve(undefined);
        }),
    );
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [resource(CDS, 'a')]);
    expect(shown(stream(), 1)).toEqual([{ type: 'EDS', subscribe: ['a'] }]);
    finish();
    await tick();
    expect(shown(stream(), 2)).toEqual([{ type: 'CDS', nonce: 'n1' }]);
  });

  test('takes responses one at a time', async () => {
    const finish: (() => void)[] = [];
    const { client, stream, updates } = setUp(() => new Promise((resolve) => finish.push(() => resolve(undefined))));
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [resource(CDS, 'a')]);
    await stream().respond(CDS, [resource(CDS, 'b')]);
    expect(updates).toHaveLength(1);
    finish[0]?.();
    await tick();
    expect(updates).toHaveLength(2);
  });

  test.each([
    ['by name', () => new Map([['b', 'too big']]), 'b: too big', ['a', 'c']],
    [
      'as a whole, when the handler throws',
      () => {
        throw new Error('broken');
      },
      'a: broken\nb: broken\nc: broken',
      [],
    ],
  ])('refuses %s, and states only accepted versions on the next stream', async (_, onUpdate, error, accepted) => {
    const { client, stream, clock } = setUp(onUpdate);
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [resource(CDS, 'a'), resource(CDS, 'b'), resource(CDS, 'c')]);
    expect(shown(stream(), 1)).toEqual([{ type: 'CDS', nonce: 'n1', error }]);
    await stream().end();
    await clock.advance(500);
    const versions = Object.fromEntries(accepted.map((name) => [name, resource(CDS, name).version]));
    expect(shown(stream(1))[0]).toEqual({
      type: 'CDS',
      node: NODE.id,
      subscribe: ['*'],
      ...(accepted.length === 0 ? {} : { versions }),
    });
  });

  test('a refused change keeps the version before it in use', async () => {
    let refuse = false;
    const { client, stream, clock } = setUp(() => (refuse ? new Map([['a', 'no']]) : undefined));
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [resource(CDS, 'a')]);
    refuse = true;
    await stream().respond(CDS, [resource(CDS, 'a', '2')]);
    await stream().end();
    await clock.advance(500);
    expect(stream(1).requests[0]?.initialResourceVersions).toEqual({ a: resource(CDS, 'a').version });
  });

  test('does not state what was removed, unsubscribed or forgotten', async () => {
    const { client, stream, clock } = setUp();
    client.subscribe(EDS, { names: ['a', 'b', 'c', 'd'] });
    client.start();
    await stream().respond(
      EDS,
      ['a', 'b', 'c', 'd'].map((name) => resource(EDS, name)),
    );
    await stream().respond(EDS, [], ['a']);
    client.subscribe(EDS, { names: ['a', 'c', 'd'] });
    client.forget(EDS, 'c');
    await stream().end();
    await clock.advance(500);
    expect(shown(stream(1))).toEqual([
      { type: 'EDS', node: NODE.id, subscribe: ['a', 'c', 'd'], versions: { d: resource(EDS, 'd').version } },
    ]);
  });

  test('ignores what it did not ask for, and acknowledges', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(EDS, { names: ['a'] });
    client.start();
    await stream().respond(EDS, [resource(EDS, 'b')]);
    await stream().respond(LDS, [resource(LDS, 'l')]);
    expect(updates).toEqual([]);
    expect(shown(stream(), 1)).toEqual([
      { type: 'EDS', nonce: 'n1' },
      { type: 'LDS', nonce: 'n2' },
    ]);
  });

  test('hands over an empty response: it says that there is nothing', async () => {
    const { client, stream, updates } = setUp();
    client.subscribe(LDS, { wildcard: true });
    client.start();
    await stream().respond(LDS, []);
    expect(updates).toEqual([{ typeUrl: LDS, changed: [], removed: [] }]);
  });

  test.each([
    ['a name that comes twice', [resource(CDS, 'a'), resource(CDS, 'a', '2')], 'a: the response contains it twice'],
    ['a resource of another type', [resource(LDS, 'a')], `a: it is a "${LDS}", wanted "${CDS}"`],
  ])('refuses %s', async (_, resources, error) => {
    const { client, stream, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [...resources, resource(CDS, 'fine')]);
    expect(shown(stream(), 1)).toEqual([{ type: 'CDS', nonce: 'n1', error }]);
    expect(updates[0]?.changed.map(({ name }) => name)).toEqual(['fine']);
  });

  test('reconnects with growing waits, which a response resets', async () => {
    const { client, transport, clock, stream, states } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    for (const [index, waitMs] of [250, 500, 1_000].entries()) {
      await stream(index).end(new Error('no route to host'));
      expect(client.state).toEqual({ status: 'waiting', failures: index + 1, lastError: 'no route to host' });
      await clock.advance(waitMs - 1);
      expect(transport.streams).toHaveLength(index + 1);
      await clock.advance(1);
      expect(transport.streams).toHaveLength(index + 2);
      expect(stream(index).isClosed).toBe(true);
    }
    await stream(3).respond(CDS, []);
    expect(client.state).toEqual({ status: 'connected', failures: 0 });
    await stream(3).end();
    expect(client.state).toMatchObject({ failures: 1, lastError: 'the server ended the stream' });
    await clock.advance(250);
    expect(transport.streams).toHaveLength(5);
    expect(states.slice(0, 3)).toEqual(['connecting', 'waiting', 'connecting']);
  });

  test('a response that was taken when the stream broke is not acknowledged on the next', async () => {
    let finish = () => {};
    const { client, stream, clock, transport } = setUp(
      () =>
        new Promise((resolve) => {
          finish = () => resolve(undefined);
        }),
    );
    client.subscribe(CDS, { wildcard: true });
    client.start();
    await stream().respond(CDS, [resource(CDS, 'a')]);
    await stream().end(new Error('gone'));
    finish();
    await tick();
    await clock.advance(500);
    expect(transport.streams).toHaveLength(2);
    expect(stream(1).requests).toHaveLength(1);
    expect(stream(1).requests[0]?.initialResourceVersions).toEqual({ a: resource(CDS, 'a').version });
  });

  test('close ends the stream and all attempts', async () => {
    const { client, stream, clock, transport, updates } = setUp();
    client.subscribe(CDS, { wildcard: true });
    client.start();
    client.close();
    expect(stream().isClosed).toBe(true);
    await stream().respond(CDS, [resource(CDS, 'a')]);
    await clock.advance(100_000);
    expect(transport.streams).toHaveLength(1);
    expect(updates).toEqual([]);
    expect(client.state.status).toBe('closed');
    client.start();
    expect(transport.streams).toHaveLength(1);
  });

  test('close while waiting to reconnect ends the wait', async () => {
    const { client, stream, clock } = setUp();
    client.start();
    await stream().end();
    expect(clock.pending).toBe(1);
    client.close();
    expect(clock.pending).toBe(0);
  });
});
