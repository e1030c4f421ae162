import { createDiscoveryServer, type DiscoveryServer } from '@heddle/discovery';
import { serveDiscovery } from '@heddle/discovery/node';
import { viewOf, type XdsResource } from '@heddle/model';
import { cluster, endpoints, listener, manualClock, routes, viewOffering } from '@heddle/testing/ads';
import {
  type ConnectionState,
  createResourceWatcher,
  type DataPlaneConfig,
  type DeltaTransport,
} from '@heddle/xds-client';
import { connectTransport } from '@heddle/xds-client/node';
import { afterEach, describe, expect, test } from 'vitest';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A control plane that can be replaced by another one at the same place. */
interface Place {
  readonly transport: DeltaTransport;
  replace(server: DiscoveryServer): Promise<void>;
}

const places: Readonly<Record<string, (first: DiscoveryServer) => Promise<Place>>> = {
  async memory(first) {
    let current = first;
    const transport: DeltaTransport = { open: (signal) => current.connect().open(signal) };
    return {
      transport,
      async replace(server) {
        await current.close();
        current = server;
      },
    };
  },
  async 'a TCP socket'(first) {
    let served = await serveDiscovery({ server: first, address: '127.0.0.1:0' });
    cleanups.push(() => served.close());
    return {
      transport: connectTransport({ address: served.address }),
      async replace(server) {
        await served.close();
        served = await serveDiscovery({ server, address: served.address });
      },
    };
  },
};

function serverOf(...resources: XdsResource[]): DiscoveryServer {
  const compiled = viewOffering(resources);
  return createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () => compiled,
    limits: { reconnectGraceMs: 0 },
  });
}

describe.each(Object.entries(places))('a data plane whose control plane is replaced, over %s', (_, open) => {
  test('is sent only what changed, and goes on serving meanwhile', async () => {
    const rest = [listener('web', 8080, 'r'), routes('r', { '/': 'a' }), endpoints('a', [1])];
    const place = await open(serverOf(...rest, cluster('a'), cluster('gone'), endpoints('gone', [2])));
    const clock = manualClock();
    const configs: DataPlaneConfig[] = [];
    const waits: ((state: ConnectionState | DataPlaneConfig) => void)[] = [];
    /** Resolves at the next state of the connection or of the configuration that fits. */
    const until = (fits: () => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => (fits() ? resolve() : waits.push(look));
        look();
      });
    const notice = (event: ConnectionState | DataPlaneConfig) => {
      for (const look of waits.splice(0)) look(event);
    };
    const watcher = createResourceWatcher({
      transport: place.transport,
      node: { id: 'router~10.0.0.1~gateway-1.shop~shop.svc.cluster.local' },
      clock,
      random: () => 0.5,
      onState: notice,
      onConfig(config) {
        configs.push(config);
        notice(config);
      },
    });
    cleanups.push(() => watcher.close());
    watcher.start();
    await until(() => configs.length > 0);
    const before = configs[0] as DataPlaneConfig;

    const second = serverOf(...rest, cluster('a', 5n), cluster('new'), endpoints('new', [3]));
    await place.replace(second);
    await until(() => watcher.connection.status === 'waiting');
    expect(watcher.connection.lastError).toContain('shutting down');
    expect(configs).toHaveLength(1);

    await clock.advance(250);
    await until(() => configs.at(-1)?.clusters.has('gone') === false && configs.at(-1)?.clusters.has('new') === true);
    await second.settled();
    const after = configs.at(-1) as DataPlaneConfig;
    expect([...after.clusters.keys()].sort()).toEqual(['a', 'new']);
    expect(after.clusters.get('a')?.connectTimeout?.seconds).toBe(5n);
    expect(after.listeners).toBe(before.listeners);
    expect(after.routes).toBe(before.routes);
    // Two clusters and their endpoints: those of `a` again, because it must warm.
    expect(second.counters).toMatchObject({ resourcesSent: 4, nacks: 0, staleNonces: 0 });
  });
});
