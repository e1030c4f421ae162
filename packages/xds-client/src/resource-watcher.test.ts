import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { type XdsResource, xdsResource } from '@heddle/model';
import {
  cluster,
  endpoints,
  listener,
  manualClock,
  routes,
  type ScriptedStream,
  scriptedTransport,
  TYPE_URLS,
  tick,
} from '@heddle/testing/ads';
import { describe, expect, test } from 'vitest';
import { createResourceWatcher, type DataPlaneConfig, type ResourceWatcherBehaviour } from './resource-watcher.ts';

const { CDS, EDS, LDS, RDS } = TYPE_URLS;

function setUp(options: Partial<ResourceWatcherBehaviour> = {}) {
  const transport = scriptedTransport();
  const clock = manualClock();
  const configs: DataPlaneConfig[] = [];
  const watcher = createResourceWatcher({
    transport,
    node: { id: 'router~1.1.1.1~gateway-1.shop~shop.svc.cluster.local' },
    clock,
    random: () => 0.5,
    onConfig: (config) => void configs.push(config),
    ...options,
  });
  watcher.start();
  return { transport, clock, configs, watcher, stream: (index = 0) => transport.streams[index] as ScriptedStream };
}

/** The names in a state. */
function shown(config: DataPlaneConfig | undefined) {
  return (
    config && {
      listeners: [...config.listeners.keys()],
      routes: [...config.routes.keys()],
      clusters: [...config.clusters.keys()],
      endpoints: [...config.endpoints.keys()],
    }
  );
}

/** What the client asked for by name, last first removed: the current subscription to a type. */
function subscribed(stream: ScriptedStream, typeUrl: string): string[] {
  const names = new Set<string>();
  for (const request of stream.requests.filter((candidate) => candidate.typeUrl === typeUrl)) {
    for (const name of request.resourceNamesSubscribe) names.add(name);
    for (const name of request.resourceNamesUnsubscribe) names.delete(name);
  }
  return [...names].sort();
}

function lastAnswer(stream: ScriptedStream) {
  const request = stream.requests.at(-1);
  return { nonce: request?.responseNonce, error: request?.errorDetail?.message };
}

/** A data plane with one listener, route configuration, cluster and its endpoints. */
async function running(options: Partial<ResourceWatcherBehaviour> = {}) {
  const all = setUp(options);
  const stream = all.stream();
  await stream.respond(CDS, [cluster('a')]);
  await stream.respond(EDS, [endpoints('a', [1])]);
  await stream.respond(LDS, [listener('web', 80, 'r')]);
  await stream.respond(RDS, [routes('r', { '/': 'a' })]);
  return { ...all, first: all.configs[0] as DataPlaneConfig };
}

describe('createResourceWatcher, first state', () => {
  test('comes when listeners and clusters were answered and everything they name has arrived', async () => {
    const { stream, configs } = setUp();
    await stream().respond(LDS, [listener('web', 80, 'r')]);
    expect(subscribed(stream(), RDS)).toEqual(['r']);
    await stream().respond(RDS, [routes('r', { '/': 'a' })]);
    expect(configs).toEqual([]);
    await stream().respond(CDS, [cluster('a')]);
    expect(subscribed(stream(), EDS)).toEqual(['a']);
    expect(configs).toEqual([]);
    await stream().respond(EDS, [endpoints('a', [1])]);
    expect(configs.map(shown)).toEqual([{ listeners: ['web'], routes: ['r'], clusters: ['a'], endpoints: ['a'] }]);
  });

  test('comes even if there is nothing', async () => {
    const { stream, configs, watcher } = setUp();
    await stream().respond(CDS, []);
    expect(watcher.config).toBeUndefined();
    await stream().respond(LDS, []);
    expect(configs.map(shown)).toEqual([{ listeners: [], routes: [], clusters: [], endpoints: [] }]);
    expect(watcher.config).toBe(configs[0]);
  });

  test.each([
    ['routes', RDS, 'r', { listeners: ['web'], routes: [], clusters: ['a'], endpoints: ['a'] }],
    ['endpoints', EDS, 'a', { listeners: ['web'], routes: ['r'], clusters: ['a'], endpoints: [] }],
  ])('takes "does not exist" for an answer about %s', async (_, type, name, expected) => {
    const { stream, configs } = setUp();
    await stream().respond(CDS, [cluster('a')]);
    await stream().respond(LDS, [listener('web', 80, 'r')]);
    await stream().respond(EDS, type === EDS ? [] : [endpoints('a', [1])], type === EDS ? [name] : []);
    await stream().respond(RDS, type === RDS ? [] : [routes('r', { '/': 'a' })], type === RDS ? [name] : []);
    expect(shown(configs.at(-1))).toEqual(expected);
  });

  test('comes without what was not answered when initial_fetch_timeout has passed', async () => {
    const { stream, configs, clock } = setUp();
    await stream().respond(CDS, [cluster('a')]);
    await stream().respond(LDS, [listener('web', 80, 'r')]);
    await clock.advance(1_999);
    expect(configs).toEqual([]);
    await clock.advance(1);
    expect(shown(configs.at(-1))).toEqual({ listeners: ['web'], routes: [], clusters: ['a'], endpoints: [] });
    await stream().respond(RDS, [routes('r', { '/': 'a' })]);
    expect(shown(configs.at(-1))?.routes).toEqual(['r']);
  });
});

describe('createResourceWatcher, changes', () => {
  test('keep the identity of everything that did not change', async () => {
    const { stream, configs, first } = await running();
    await stream().respond(EDS, [endpoints('a', [2])]);
    const second = configs[1] as DataPlaneConfig;
    expect(configs).toHaveLength(2);
    expect(second.listeners).toBe(first.listeners);
    expect(second.routes).toBe(first.routes);
    expect(second.clusters).toBe(first.clusters);
    expect(second.endpoints).not.toBe(first.endpoints);
    await stream().respond(CDS, [cluster('static', 9n)]);
    await stream().respond(EDS, [endpoints('static', [1])]);
    expect(configs.at(-1)?.clusters.get('a')).toBe(first.clusters.get('a'));
  });

  test('that bring the versions in use again give no new state', async () => {
    const { stream, configs } = await running();
    const before = configs.length;
    await stream().respond(EDS, [endpoints('a', [1])]);
    await stream().respond(CDS, [cluster('a')]);
    await stream().respond(LDS, [listener('web', 80, 'r')]);
    await stream().respond(RDS, [routes('r', { '/': 'a' })]);
    expect(configs).toHaveLength(before);
    expect(lastAnswer(stream())).toEqual({ nonce: 'n8', error: undefined });
  });

  test('of a cluster wait for endpoints of its own; the old cluster serves meanwhile', async () => {
    const { stream, configs, first } = await running();
    await stream().respond(CDS, [cluster('a', 7n)]);
    expect(configs.at(-1)).toBe(first);
    await stream().respond(EDS, [endpoints('a', [1])]);
    expect(configs.at(-1)?.clusters.get('a')?.connectTimeout?.seconds).toBe(7n);
    expect(configs.at(-1)?.endpoints).toBe(first.endpoints);
  });

  test('of a listener wait for a route configuration that is new to it', async () => {
    const { stream, configs, first } = await running();
    await stream().respond(LDS, [listener('web', 80, 's')]);
    expect(subscribed(stream(), RDS)).toEqual(['r', 's']);
    expect(configs.at(-1)?.listeners.get('web')).toBe(first.listeners.get('web'));
    await stream().respond(RDS, [routes('s', { '/': 'a' })]);
    expect(shown(configs.at(-1))?.routes).toContain('s');
    expect(configs.at(-1)?.listeners.get('web')).not.toBe(first.listeners.get('web'));
  });

  test('of a listener do not wait for a route configuration that is here', async () => {
    const { stream, configs } = await running();
    await stream().respond(LDS, [listener('other', 81, 'r')]);
    expect(shown(configs.at(-1))?.listeners).toEqual(['web', 'other']);
  });

  test('that overtake each other: only the newest version becomes active', async () => {
    const { stream, configs } = await running();
    await stream().respond(CDS, [cluster('a', 7n)]);
    await stream().respond(CDS, [cluster('a', 8n)]);
    await stream().respond(EDS, [endpoints('a', [1])]);
    expect(configs.slice(1).map((config) => config.clusters.get('a')?.connectTimeout?.seconds)).toEqual([8n]);
  });

  test('remove clusters and listeners at once, and what only they named', async () => {
    const { stream, configs } = await running();
    await stream().respond(LDS, [], ['web']);
    await stream().respond(CDS, [], ['a']);
    expect(shown(configs.at(-1))).toEqual({ listeners: [], routes: [], clusters: [], endpoints: [] });
    expect(subscribed(stream(), RDS)).toEqual([]);
    expect(subscribed(stream(), EDS)).toEqual([]);
  });

  test.each([
    ['routes', RDS, 'r'],
    ['endpoints', EDS, 'a'],
  ])('that remove %s still named leave them in use', async (_, type, name) => {
    const { stream, configs, first } = await running();
    await stream().respond(type, [], [name]);
    expect(configs).toEqual([first]);
  });

  test('a route configuration that is named again after it was forgotten is waited for again', async () => {
    const { stream, configs } = await running();
    await stream().respond(LDS, [], ['web']);
    await stream().respond(LDS, [listener('web', 80, 'r')]);
    expect(shown(configs.at(-1))?.listeners).toEqual([]);
    await stream().respond(RDS, [routes('r', { '/': 'a' })]);
    expect(shown(configs.at(-1))).toMatchObject({ listeners: ['web'], routes: ['r'] });
  });
});

describe('createResourceWatcher, refusals', () => {
  test('what does not decode is refused by name, and its last good version stays', async () => {
    const { stream, configs, first } = await running();
    const broken: XdsResource = xdsResource(LISTENER_TYPE_URL, 'web', new Uint8Array([0xff]));
    await stream().respond(LDS, [broken, listener('other', 81, 'r')]);
    expect(lastAnswer(stream()).error).toMatch(/^web: cannot be decoded: /);
    expect(shown(configs.at(-1))?.listeners).toEqual(['web', 'other']);
    expect(configs.at(-1)?.listeners.get('web')).toBe(first.listeners.get('web'));
  });

  test.each([
    ['listener', LDS, listener('web', 81, 'r'), 'web'],
    ['cluster', CDS, cluster('a', 5n), 'a'],
    ['route configuration', RDS, routes('r', {}), 'r'],
    ['endpoints', EDS, endpoints('a', []), 'a'],
  ])('validate refuses a %s', async (_, type, resource, name) => {
    let isStrict = false;
    const { stream, configs, first } = await running({
      validate: (typeUrl) => (isStrict && typeUrl === type ? 'not implemented' : undefined),
    });
    isStrict = true;
    await stream().respond(type, [resource]);
    expect(lastAnswer(stream()).error).toBe(`${name}: not implemented`);
    expect(configs).toEqual([first]);
  });

  test('a data plane that fails to take a state refuses the response, and is given the next', async () => {
    const seen: DataPlaneConfig[] = [];
    const { stream } = await running({
      onConfig(config) {
        seen.push(config);
        if (seen.length === 2) throw new Error('port 80 is taken');
      },
    });
    await stream().respond(LDS, [listener('other', 81, 'r')]);
    expect(lastAnswer(stream()).error).toBe('other: port 80 is taken');
    await stream().respond(EDS, [endpoints('a', [2])]);
    expect(seen).toHaveLength(3);
    expect(lastAnswer(stream()).error).toBeUndefined();
  });
});

test('a state is taken before its response is acknowledged, one state at a time', async () => {
  const taking: (() => void)[] = [];
  const { stream } = await running({ onConfig: () => new Promise<void>((resolve) => taking.push(resolve)) });
  expect(lastAnswer(stream()).nonce).not.toBe('n4');
  taking[0]?.();
  await tick();
  expect(lastAnswer(stream()).nonce).toBe('n4');
});

test('a cluster that was warming when the stream broke gets its endpoints on the next', async () => {
  const { stream, clock, configs } = await running();
  await stream().respond(CDS, [cluster('a', 7n)]);
  await stream().end();
  await clock.advance(250);
  const announced = Object.fromEntries(
    stream(1).requests.map((request) => [request.typeUrl, Object.keys(request.initialResourceVersions)]),
  );
  expect(announced).toEqual({ [CDS]: ['a'], [LDS]: ['web'], [EDS]: [], [RDS]: ['r'] });
  await stream(1).respond(EDS, [endpoints('a', [1])]);
  expect(configs.at(-1)?.clusters.get('a')?.connectTimeout?.seconds).toBe(7n);
});

test('close leaves no timer', async () => {
  const { stream, clock, watcher } = setUp();
  await stream().respond(CDS, [cluster('a')]);
  expect(clock.pending).toBe(1);
  watcher.close();
  expect(clock.pending).toBe(0);
});
