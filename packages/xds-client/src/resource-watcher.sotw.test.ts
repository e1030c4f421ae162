import {
  cluster,
  endpoints,
  listener,
  manualClock,
  routes,
  type ScriptedSotwStream,
  scriptedSotwTransport,
  TYPE_URLS,
} from '@heddle/testing/ads';
import { expect, test } from 'vitest';
import { createResourceWatcher, type DataPlaneConfig } from './resource-watcher.ts';

const { CDS, EDS, LDS, RDS } = TYPE_URLS;

async function running() {
  const transport = scriptedSotwTransport();
  const clock = manualClock();
  const configs: DataPlaneConfig[] = [];
  const watcher = createResourceWatcher({
    variant: 'sotw',
    transport,
    clock,
    node: { id: 'router~1.1.1.1~gateway-1.shop~shop.svc.cluster.local' },
    random: () => 0.5,
    onConfig: (config) => void configs.push(config),
  });
  watcher.start();
  const stream = (index = 0) => transport.streams[index] as ScriptedSotwStream;
  await stream().respond(CDS, [cluster('a')]);
  await stream().respond(LDS, [listener('web', 80, 'r')]);
  await stream().respond(EDS, [endpoints('a', [1])]);
  return { stream, clock, configs, watcher };
}

/** The names in a state. */
function shown(config: DataPlaneConfig | undefined) {
  return [config?.listeners, config?.routes, config?.clusters, config?.endpoints].map((named) => [
    ...(named?.keys() ?? []),
  ]);
}

/** The names that the client lists now. */
function listed(stream: ScriptedSotwStream, typeUrl: string) {
  return stream.requests.findLast((request) => request.typeUrl === typeUrl)?.resourceNames;
}

test('the first state comes when everything that is named has arrived', async () => {
  const { stream, configs } = await running();
  expect([listed(stream(), EDS), listed(stream(), RDS)]).toEqual([['a'], ['r']]);
  expect(configs).toEqual([]);
  await stream().respond(RDS, [routes('r', { '/': 'a' })]);
  expect(configs.map(shown)).toEqual([[['web'], ['r'], ['a'], ['a']]]);
});

test('a route configuration that does not exist is never answered; the timeout ends the wait', async () => {
  const { configs, clock } = await running();
  await clock.advance(1_999);
  expect(configs).toEqual([]);
  await clock.advance(1);
  expect(configs.map(shown)).toEqual([[['web'], [], ['a'], ['a']]]);
});

test('a whole set in which one cluster changed warms that cluster only, and keeps the identity of the rest', async () => {
  const { stream, configs } = await running();
  await stream().respond(RDS, [routes('r', { '/': 'a' })]);
  await stream().respond(CDS, [cluster('a'), cluster('b')]);
  expect(listed(stream(), EDS)).toEqual(['a', 'b']);
  expect(configs).toHaveLength(1);
  await stream().respond(EDS, [endpoints('b', [2])]);
  expect(configs.map(shown)).toEqual([
    [['web'], ['r'], ['a'], ['a']],
    [['web'], ['r'], ['a', 'b'], ['a', 'b']],
  ]);
  expect(configs[1]?.clusters.get('a')).toBe(configs[0]?.clusters.get('a'));
  expect(configs[1]?.listeners).toBe(configs[0]?.listeners);
  await stream().respond(CDS, [cluster('a', 7n), cluster('b')]);
  expect(configs).toHaveLength(2);
  await stream().respond(EDS, [endpoints('a', [1])]);
  expect(configs[2]?.clusters.get('a')?.connectTimeout?.seconds).toBe(7n);
});

test('routes and endpoints vanish with what named them', async () => {
  const { stream, configs } = await running();
  await stream().respond(RDS, [routes('r', { '/': 'a' })]);
  await stream().respond(LDS, []);
  await stream().respond(CDS, []);
  expect(configs.map(shown).at(-1)).toEqual([[], [], [], []]);
  expect([listed(stream(), EDS), listed(stream(), RDS)]).toEqual([[], []]);
});

test('a cluster that was warming when the stream broke asks for its endpoints as if it had none', async () => {
  const { stream, clock, configs } = await running();
  await stream().respond(RDS, [routes('r', { '/': 'a' })]);
  await stream().respond(CDS, [cluster('a', 7n)]);
  await stream().end();
  await clock.advance(250);
  const stated = Object.fromEntries(stream(1).requests.map((request) => [request.typeUrl, request.versionInfo]));
  expect(stated).toEqual({ [CDS]: 'v5', [LDS]: 'v2', [EDS]: '', [RDS]: 'v4' });
  await stream(1).respond(EDS, [endpoints('a', [1])]);
  expect(configs.at(-1)?.clusters.get('a')?.connectTimeout?.seconds).toBe(7n);
});
