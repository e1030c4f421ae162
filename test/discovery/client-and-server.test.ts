import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiscoveryServer } from '@heddle/discovery';
import { serveDiscovery } from '@heddle/discovery/node';
import { type CompiledView, viewOf } from '@heddle/model';
import { cluster, endpoints, listener, routes, viewOffering } from '@heddle/testing/ads';
import { createResourceWatcher, type DataPlaneConfig, type VariantTransport } from '@heddle/xds-client';
import { connectTransport } from '@heddle/xds-client/node';
import { afterEach, describe, expect, test } from 'vitest';

const NODE = { id: 'router~10.0.0.1~gateway-1.shop~shop.svc.cluster.local' };
const cleanups: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function mesh(first: CompiledView) {
  let compiled = first;
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
  });
  cleanups.push(() => server.close());
  return {
    server,
    change(next: CompiledView) {
      compiled = next;
      return server.update();
    },
  };
}

function watch(transport: VariantTransport) {
  const configs: DataPlaneConfig[] = [];
  const arrivals: ((config: DataPlaneConfig) => void)[] = [];
  const watcher = createResourceWatcher({
    ...transport,
    node: NODE,
    onConfig(config) {
      configs.push(config);
      for (const arrive of arrivals.splice(0)) arrive(config);
    },
  });
  cleanups.push(() => watcher.close());
  const first = new Promise<DataPlaneConfig>((resolve) => arrivals.push(resolve));
  watcher.start();
  return { watcher, configs, first };
}

async function serve(
  server: ReturnType<typeof mesh>['server'],
  address: Parameters<typeof serveDiscovery>[0]['address'],
): Promise<string> {
  const served = await serveDiscovery({ server, address });
  cleanups.push(() => served.close());
  return served.address;
}

const transports: Record<string, (server: ReturnType<typeof mesh>['server']) => Promise<VariantTransport>> = {
  memory: async (server) => ({ transport: server.connect() }),
  'TCP socket': async (server) => ({ transport: connectTransport({ address: await serve(server, '127.0.0.1:0') }) }),
  'Unix socket': async (server) => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    return { transport: connectTransport({ socketPath: await serve(server, { path: join(folder, 'ads.sock') }) }) };
  },
  'memory, state of the world': async (server) => ({ variant: 'sotw', transport: server.connectStateOfTheWorld() }),
  'TCP socket, state of the world': async (server) => ({
    variant: 'sotw',
    transport: connectTransport({ address: await serve(server, '127.0.0.1:0'), variant: 'sotw' }),
  }),
};

describe.each(Object.keys(transports))('a data plane over %s', (kind) => {
  const connect = (server: ReturnType<typeof mesh>['server']) =>
    transports[kind]?.(server) as Promise<VariantTransport>;

  test('gets one complete state first, then only what changed', async () => {
    const { server, change } = mesh(
      viewOffering([
        listener('web', 8080, 'http.80'),
        routes('http.80', { '/': 'a' }),
        cluster('a'),
        endpoints('a', [1]),
      ]),
    );
    const { configs, first } = watch(await connect(server));
    const before = await first;
    expect([...before.listeners.keys()]).toEqual(['web']);
    expect([...before.routes.keys()]).toEqual(['http.80']);
    expect([...before.clusters.keys()]).toEqual(['a']);
    expect(before.endpoints.get('a')?.endpoints[0]?.lbEndpoints).toHaveLength(1);
    await server.settled();
    const sent = server.counters.resourcesSent;
    expect(sent).toBe(4);

    change(
      viewOffering([
        listener('web', 8080, 'http.80'),
        routes('http.80', { '/': 'b' }),
        cluster('b'),
        endpoints('b', [2]),
      ]),
    );
    await server.settled();
    const after = configs.at(-1) as DataPlaneConfig;
    expect([...after.clusters.keys()]).toEqual(['b']);
    expect(after.listeners).toBe(before.listeners);
    // State of the world brings all clusters twice: with the old one that routes may still use, and without.
    expect(server.counters.resourcesSent - sent).toBe(kind.endsWith('state of the world') ? 5 : 3);
    // Never a state in which the route names a cluster that is not there.
    for (const config of configs) {
      const route = config.routes.get('http.80')?.virtualHosts[0]?.routes[0]?.action;
      const named = route?.case === 'route' ? route.value.clusterSpecifier.value : undefined;
      expect([...config.clusters.keys()]).toContain(named);
    }
  });
});
