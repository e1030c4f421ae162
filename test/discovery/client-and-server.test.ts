import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDiscoveryServer } from '@heddle/discovery';
import { serveDiscovery } from '@heddle/discovery/node';
import { type CompiledView, viewOf } from '@heddle/model';
import { cluster, endpoints, listener, routes, viewOffering } from '@heddle/testing/ads';
import { createResourceWatcher, type DataPlaneConfig, type DeltaTransport } from '@heddle/xds-client';
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

function watch(transport: DeltaTransport) {
  const configs: DataPlaneConfig[] = [];
  const arrivals: ((config: DataPlaneConfig) => void)[] = [];
  const watcher = createResourceWatcher({
    transport,
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

const transports: Record<string, (server: ReturnType<typeof mesh>['server']) => Promise<DeltaTransport>> = {
  memory: async (server) => server.connect(),
  'TCP socket': async (server) => {
    const served = await serveDiscovery({ server, address: '127.0.0.1:0' });
    cleanups.push(() => served.close());
    return connectTransport({ address: served.address });
  },
  'Unix socket': async (server) => {
    const folder = await mkdtemp(join(tmpdir(), 'heddle-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const served = await serveDiscovery({ server, address: { path: join(folder, 'ads.sock') } });
    cleanups.push(() => served.close());
    return connectTransport({ socketPath: served.address });
  },
};

describe.each(Object.keys(transports))('a data plane over %s', (kind) => {
  const connect = (server: ReturnType<typeof mesh>['server']) => transports[kind]?.(server) as Promise<DeltaTransport>;

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
    expect(server.counters.resourcesSent - sent).toBe(3);
    // Never a state in which the route names a cluster that is not there.
    for (const config of configs) {
      const route = config.routes.get('http.80')?.virtualHosts[0]?.routes[0]?.action;
      const named = route?.case === 'route' ? route.value.clusterSpecifier.value : undefined;
      expect([...config.clusters.keys()]).toContain(named);
    }
  });
});
