import { type CompiledView, type View, viewOf, type XdsResource, xdsResource } from '@heddle/model';
import { manualClock, protocolClient, TEST_NODE_ID, TYPE_URLS, tick, viewOffering } from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createDiscoveryServer, type DiscoveryEvent, type DiscoveryServerOptions } from './discovery-server.ts';

const { CDS, EDS, LDS } = TYPE_URLS;

function resource(typeUrl: string, name: string, text = name): XdsResource {
  return xdsResource(typeUrl, name, new TextEncoder().encode(text));
}

function setUp(options: Partial<DiscoveryServerOptions> = {}) {
  const clock = manualClock(1_000);
  const events: DiscoveryEvent[] = [];
  const compiled: View[] = [];
  const mesh = { offer: viewOffering([resource(CDS, 'a')]), fails: false };
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set(['app'])),
    compile(view): CompiledView {
      compiled.push(view);
      if (mesh.fails) throw new Error('out of order');
      return mesh.offer;
    },
    log: (event) => events.push(event),
    clock,
    ...options,
  });
  /** Opens a stream in which the client acknowledges whatever comes. */
  const follow = async (namespace: string, typeUrl = CDS, names: readonly string[] = []) => {
    const stream = server.openStream('test');
    const client = protocolClient(
      {
        open: () => ({
          send: (request) => stream.receive(request),
          responses: (async function* () {
            for await (const push of stream.pushes()) yield server.toResponse(push);
          })(),
          close: () => stream.end(),
        }),
      },
      { nodeId: `sidecar~10.0.0.1~web.${namespace}~${namespace}.svc` },
    );
    client.send(typeUrl, { subscribe: names });
    return client;
  };
  return { server, clock, events, compiled, mesh, follow };
}

describe('createDiscoveryServer', () => {
  test('compiles a view once for all its streams, and forgets it with the last of them', async () => {
    const { server, compiled, follow } = setUp();
    const clients = [await follow('shop'), await follow('shop'), await follow('bank')];
    expect(compiled.map(({ namespace }) => namespace)).toEqual(['shop', 'bank']);
    expect(server.update()).toMatchObject({ views: 2 });
    expect(compiled).toHaveLength(4);
    clients[2]?.close();
    expect(server.update()).toMatchObject({ views: 1, changedResources: 0, streams: 0 });
    expect(compiled).toHaveLength(5);
  });

  test('a view that fails to compile keeps its last state, and a stream that needs it first is refused', async () => {
    const { server, events, mesh, follow } = setUp();
    await follow('shop');
    mesh.fails = true;
    expect(server.update()).toMatchObject({ changedResources: 0 });
    expect(events.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('out of order') });
    const refused = await follow('bank');
    expect(await refused.end()).toEqual({ code: 'internal', message: 'Cannot serve this stream: out of order' });
    expect(server.streams()).toHaveLength(1);
  });

  test('reclassify moves the streams whose view changed, and sends what differs', async () => {
    let keys = new Set<string>();
    const offers: Record<string, CompiledView> = {
      '{}': viewOffering([resource(CDS, 'a'), resource(EDS, 'a'), resource(EDS, 'b')]),
      '{"app":"x"}': viewOffering([resource(CDS, 'b'), resource(EDS, 'a'), resource(EDS, 'b', '2')]),
    };
    const { server } = setUp({
      resolveView: (node) => viewOf({ ...node, labels: { app: 'x' } }, keys),
      compile: (view) => offers[JSON.stringify(view.labels)] as CompiledView,
    });
    const stream = server.openStream('test');
    const client = protocolClient({
      open: () => ({
        send: (request) => stream.receive(request),
        responses: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) },
        close: () => {},
      }),
    });
    client.send(CDS);
    client.send(EDS, { subscribe: ['a', 'b'] });
    for (let push = stream.take(); push !== undefined; push = stream.take()) {
      client.send(push.typeUrl, { nonce: push.nonce });
    }
    expect(stream.isSettled).toBe(true);
    expect(server.update({ reclassify: true })).toMatchObject({ reclassified: 0, streams: 0 });
    keys = new Set(['app']);
    expect(server.update({ reclassify: true })).toMatchObject({ views: 1, reclassified: 1, streams: 1 });
    const names = [];
    for (let push = stream.take(); push !== undefined; push = stream.take()) {
      names.push([...push.resources.map(({ name }) => `+${name}`), ...push.removed.map((name) => `-${name}`)]);
      client.send(push.typeUrl, { nonce: push.nonce });
    }
    // Nothing that this client asked for can refer to the old cluster, so its removal need not wait.
    expect(names).toEqual([['+b', '-a'], ['+b']]);
  });

  test('scheduleUpdate updates at once when idle, then waits, switches and asks for views once for many', async () => {
    const { server, mesh, clock, compiled, follow } = setUp({ limits: { maxUpdateDelayMs: 500 } });
    const client = await follow('shop');
    const switched: string[] = [];
    const change = (name: string) =>
      server.scheduleUpdate(() => {
        switched.push(name);
        mesh.offer = viewOffering([resource(CDS, name)]);
        return { reclassify: name === 'c' };
      });
    expect(await change('b')).toMatchObject({ changedResources: 2, streams: 1 });
    const before = compiled.length;
    const later = [change('c'), change('d')];
    await clock.advance(500);
    expect(new Set(await Promise.all(later)).size).toBe(1);
    expect(switched).toEqual(['b', 'c', 'd']);
    expect(compiled).toHaveLength(before + 1);
    client.close();
  });

  test('requests wait until the view is prepared, in their order; others of the view do not wait', async () => {
    const preparations: { readonly view: View; readonly done: () => void }[] = [];
    const { server, compiled, follow } = setUp({
      prepare: (view) => {
        if (view.namespace === 'quick') return undefined;
        return new Promise<void>((resolve) => preparations.push({ view, done: resolve }));
      },
    });
    const client = await follow('shop');
    client.send(EDS, { subscribe: ['a'] });
    client.send(EDS, { unsubscribe: ['a'], subscribe: ['b'] });
    await tick();
    expect(compiled).toEqual([]);
    expect(server.streams()[0]?.nodeId).toBeUndefined();
    expect(server.streams()[0]?.settled).toBe(false);
    await follow('quick');
    expect(compiled.map(({ namespace }) => namespace)).toEqual(['quick']);
    expect(preparations.map(({ view }) => view.namespace)).toEqual(['shop']);
    preparations[0]?.done();
    await tick();
    expect(server.streams()[0]?.nodeId).toContain('web.shop');
    const subscribed = server.streams()[0]?.types.map(({ typeUrl, names }) => [typeUrl, [...names]]);
    expect(subscribed).toEqual(
      expect.arrayContaining([
        [CDS, []],
        [EDS, ['b']],
      ]),
    );
    const second = await follow('shop');
    expect(server.streams()[2]?.nodeId).toContain('web.shop');
    expect(preparations).toHaveLength(1);
    expect(compiled.map(({ namespace }) => namespace)).toEqual(['quick', 'shop']);
    client.close();
    second.close();
  });

  test('a view whose preparation fails is compiled all the same, and a flood of requests does not wait for it', async () => {
    let prepared = 0;
    const { compiled, follow } = setUp({
      prepare: (view) => {
        prepared += 1;
        return view.namespace === 'broken' ? Promise.reject(new Error('no')) : new Promise(() => {});
      },
    });
    await follow('broken');
    await tick();
    expect(compiled.map(({ namespace }) => namespace)).toEqual(['broken']);
    const impatient = await follow('shop');
    for (let count = 0; count < 63; count++) impatient.send(EDS, { subscribe: [`e${count}`] });
    expect(compiled.map(({ namespace }) => namespace)).toEqual(['broken']);
    impatient.send(EDS, { subscribe: ['one more'] });
    expect(compiled.map(({ namespace }) => namespace)).toEqual(['broken', 'shop']);
    expect(prepared).toBe(2);
  });

  test('takes no more streams than allowed', async () => {
    const { server, follow } = setUp({ limits: { maxStreams: 1 } });
    const first = await follow('shop');
    expect(() => server.openStream('test')).toThrow('1 are open, at most 1 are allowed');
    const inMemory = protocolClient(server.connect());
    expect(await inMemory.end()).toMatchObject({ code: 'resource-exhausted' });
    first.close();
    expect(server.openStream('test').isEnded).toBe(false);
  });

  test('streams tell who is connected and how far they are', async () => {
    const { server, clock } = setUp();
    const client = protocolClient(server.connect());
    expect(server.streams()).toEqual([{ peer: 'memory', connectedAtMs: 1_000, settled: true, types: [] }]);
    client.send(EDS, { subscribe: ['a', 'none'] });
    expect(server.streams()[0]).toMatchObject({
      nodeId: TEST_NODE_ID,
      viewKey: expect.stringContaining('shop'),
      settled: false,
      types: [{ typeUrl: EDS, label: 'EDS', wildcard: false, subscribed: 2, due: 2, unanswered: 0 }],
    });
    await clock.advance(1);
    client.send(LDS);
    expect(server.streams()[0]?.types.map(({ label }) => label)).toEqual(['EDS', 'LDS']);
  });

  test('configDump tells what a data plane was last sent, and whether it took it', async () => {
    const { server, mesh } = setUp();
    mesh.offer = viewOffering([resource(CDS, 'a'), resource(CDS, 'b')]);
    const stream = server.openStream('test');
    const client = protocolClient({
      open: () => ({
        send: (request) => stream.receive(request),
        responses: { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) },
        close: () => {},
      }),
    });
    expect(server.configDump(TEST_NODE_ID)).toBeUndefined();
    client.send(CDS, { versions: { b: resource(CDS, 'b').version } });
    const states = () =>
      server
        .configDump(TEST_NODE_ID)
        ?.get(CDS)
        ?.map(({ name, state, message }) => [name, state, message]);
    const first = stream.take();
    expect(first?.resources.map(({ name }) => name)).toEqual(['a']);
    expect(states()).toEqual([
      ['a', 'sent', undefined],
      ['b', 'acknowledged', undefined],
    ]);
    client.send(CDS, { nonce: first?.nonce ?? '', error: 'a: no' });
    expect(states()).toEqual([
      ['a', 'rejected', 'a: no'],
      ['b', 'acknowledged', undefined],
    ]);
    expect(server.configDump(TEST_NODE_ID)?.get(CDS)?.[0]?.resource?.bytes).toEqual(resource(CDS, 'a').bytes);
  });

  test('close refuses new streams and spreads the end of the open ones', async () => {
    // The first two are for the greatest ages of the streams.
    const random = [0.5, 0.5, 0.75, 0.25];
    const { server, clock, follow } = setUp({ random: () => random.shift() ?? 0 });
    await follow('shop');
    await follow('shop');
    let isClosed = false;
    const closing = server.close({ drainMs: 1_000 }).then(() => {
      isClosed = true;
    });
    expect(() => server.openStream('test')).toThrow('shutting down');
    await clock.advance(249);
    expect(server.streams()).toHaveLength(2);
    await clock.advance(1);
    expect(server.streams()).toHaveLength(1);
    await clock.advance(500);
    await closing;
    expect(isClosed).toBe(true);
    expect(server.counters).toMatchObject({ streamsOpened: 2, streamsClosed: 2 });
  });

  test('an in-memory stream ends with its signal', async () => {
    const { server } = setUp();
    const ending = new AbortController();
    const stream = server.connect().open(ending.signal);
    const done = (async () => {
      for await (const _ of stream.responses);
    })();
    await tick();
    ending.abort();
    await done;
    expect(server.streams()).toEqual([]);
  });
});
