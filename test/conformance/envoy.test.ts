import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildBootstrap, type RunningEnvoy, runEnvoy } from '@heddle/agent';
import { createDiscoveryServer, type DiscoveryServer } from '@heddle/discovery';
import { serveDiscovery } from '@heddle/discovery/node';
import { LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { type CompiledView, viewOf, type XdsResource, xdsResource } from '@heddle/model';
import { cluster, endpoints, listener, routes, viewOffering } from '@heddle/testing/ads';
import { afterEach, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { until } from '../support/waiting.ts';

const NODE = { id: 'router~127.0.0.1~gateway-1.shop~shop.svc.cluster.local', cluster: 'gateway' };
const VARIANTS = ['delta', 'state of the world'] as const;
type Variant = (typeof VARIANTS)[number];
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function backend(answer: string): Promise<number> {
  const server = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return (server.address() as AddressInfo).port;
}

function get(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    })
      .on('error', reject)
      .end();
  });
}

async function meshOf(...parts: (XdsResource | string)[]) {
  const address = parts.find((part) => typeof part === 'string') ?? '127.0.0.1:0';
  const first = parts.filter((part) => typeof part !== 'string');
  let compiled: CompiledView = viewOffering(first);
  const log: string[] = [];
  let arrive = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
    log: ({ level, message }) => {
      log.push(`${level} ${message}`);
      if (message.startsWith('stream opened')) arrive();
    },
  });
  const served = await serveDiscovery({ server, address });
  cleanups.push(() => served.close());
  return {
    server,
    served,
    log,
    arrival,
    address: served.address,
    async change(...resources: XdsResource[]) {
      compiled = viewOffering(resources);
      server.update();
      await server.settled();
    },
  };
}

async function startEnvoy(path: string, adsAddress: string, variant: Variant) {
  const envoy = await runEnvoy({
    path,
    bootstrap: buildBootstrap({ node: NODE, adsAddress, delta: variant === 'delta' }),
    concurrency: 1,
    logLevel: 'warning',
  });
  cleanups.push(() => envoy.stop());
  return envoy;
}

/** The port that a listener on port 0 got. */
async function portOf(envoy: RunningEnvoy, name: string): Promise<number> {
  const { listenerStatuses } = await envoy.admin.listeners();
  const address = listenerStatuses.find((status) => status.name === name)?.localAddress?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') {
    throw new Error(`Envoy has no listener "${name}"`);
  }
  return address.value.portSpecifier.value;
}

function nacks(server: DiscoveryServer) {
  return server.streams().flatMap(({ types }) => types.flatMap(({ lastNack }) => (lastNack ? [lastNack] : [])));
}

const envoys = { '1.40': await requireEnvoy('1.40'), '1.36': await requireEnvoy('1.36') };

describe.each(
  Object.entries(envoys).flatMap(([version, path]) => VARIANTS.map((variant) => [version, variant, path] as const)),
)('Envoy %s, %s', (_, variant, path) => {
  test.skipIf(path === undefined)('acknowledges everything and follows a change without a failed request', async () => {
    const [a, b] = [await backend('a'), await backend('b')];
    const web = listener('web', 0, 'http.80');
    const mesh = await meshOf(web, routes('http.80', { '/': 'a' }), cluster('a'), endpoints('a', [a]));
    const envoy = await startEnvoy(path as string, mesh.address, variant);
    await mesh.server.settled();
    const port = await portOf(envoy, 'web');
    expect(await get(port)).toBe('200 a');

    const answers: string[] = [];
    let isChanging = true;
    const load = (async () => {
      // Envoy's workers follow its acknowledgement by a moment: the last change is seen before the load ends.
      while (isChanging || answers.at(-1) !== '200 b') answers.push(await get(port));
    })();
    // The route moves to a cluster that is new in the same update, and the old cluster goes away.
    await mesh.change(web, routes('http.80', { '/': 'b' }), cluster('b'), endpoints('b', [b]));
    await mesh.change(web, routes('http.80', { '/': 'a' }), cluster('a'), endpoints('a', [a]));
    await mesh.change(web, routes('http.80', { '/': 'b' }), cluster('b'), endpoints('b', [b]));
    isChanging = false;
    await load;
    expect(answers.filter((answer) => answer !== '200 a' && answer !== '200 b')).toEqual([]);
    expect(await get(port)).toBe('200 b');

    // A cluster that changes warms again, which takes endpoints of its own even though they are the same.
    await mesh.change(web, routes('http.80', { '/': 'b' }), cluster('b', 3n), endpoints('b', [b]));
    expect(await get(port)).toBe('200 b');
    expect(nacks(mesh.server)).toEqual([]);
    // By state of the world a subscription that grows may cross with a response, and is listed again with its answer.
    if (variant === 'delta') expect(mesh.server.counters.staleNonces).toBe(0);
  });

  test.skipIf(path === undefined)(
    'refuses one listener, and the others and its last good version live on',
    async () => {
      const a = await backend('a');
      const rest = [routes('http.80', { '/': 'a' }), cluster('a'), endpoints('a', [a])];
      const web = listener('web', 0, 'http.80');
      const mesh = await meshOf(web, ...rest);
      const envoy = await startEnvoy(path as string, mesh.address, variant);
      await mesh.server.settled();
      const port = await portOf(envoy, 'web');
      // No filter chain at all: Envoy refuses it.
      const broken = xdsResource(LISTENER_TYPE_URL, 'web', new Uint8Array([0x0a, 3, 0x77, 0x65, 0x62]));
      await mesh.change(broken, listener('other', 0, 'http.80'), ...rest);
      const [nack] = nacks(mesh.server);
      expect(nack?.names).toEqual(['web']);
      const lds = mesh.server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === LISTENER_TYPE_URL);
      expect(lds?.rejected).toEqual([
        { name: 'web', version: broken.version, message: nack?.message, lastGoodVersion: web.version },
      ]);
      expect(await get(port)).toBe('200 a');
      expect(await get(await portOf(envoy, 'other'))).toBe('200 a');
      // It is not sent again until it changes.
      const { responses } = mesh.server.counters;
      mesh.server.update();
      await mesh.server.settled();
      expect(mesh.server.counters.responses).toBe(responses);
      await mesh.change(web, ...rest);
      expect(mesh.server.streams()[0]?.types.find(({ typeUrl }) => typeUrl === LISTENER_TYPE_URL)?.rejected).toEqual(
        [],
      );
    },
  );

  test.skipIf(path === undefined)('is sent nothing but what changed when it comes back to another server', async () => {
    const a = await backend('a');
    const rest = [listener('web', 0, 'http.80'), routes('http.80', { '/': 'a' }), endpoints('a', [a])];
    const first = await meshOf(...rest, cluster('a'), cluster('gone'), endpoints('gone', []));
    const envoy = await startEnvoy(path as string, first.address, variant);
    await first.server.settled();
    await first.served.close();

    const second = await meshOf(first.address, ...rest, cluster('a'), cluster('new'), endpoints('new', []));
    await second.arrival;
    await second.server.settled();
    expect(second.server.counters).toMatchObject(
      variant === 'delta'
        ? // The cluster `new` and its endpoints; the cluster `gone`, whose endpoints Envoy then asks for no more.
          { resourcesSent: 2, removalsSent: 1, nacks: 0 }
        : // Everything: a server cannot know which names an earlier stream listed, nor, by a version, what a client uses of a set.
          { resourcesSent: 6, removalsSent: 0, nacks: 0 },
    );
    expect(await get(await portOf(envoy, 'web'))).toBe('200 a');
  });

  test.skipIf(path === undefined)('keeps what has a time to live while heartbeats come, and no longer', async () => {
    const a = await backend('a');
    const { typeUrl, bytes } = cluster('a');
    const mortal = xdsResource(typeUrl, 'a', bytes, 900);
    const load = endpoints('a', [a]);
    const mesh = await meshOf(listener('web', 0, 'http.80'), routes('http.80', { '/': 'a' }), mortal, load);
    const envoy = await startEnvoy(path as string, mesh.address, variant);
    await mesh.arrival;
    await mesh.server.settled();
    const port = await portOf(envoy, 'web');
    // Many times to live.
    const { responses } = mesh.server.counters;
    await until(async () => mesh.server.counters.responses > responses + 8);
    expect(await get(port)).toBe('200 a');
    expect(nacks(mesh.server)).toEqual([]);
    await mesh.served.close();
    await until(async () => (await get(port)).startsWith('503'));
  });
});
