import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createDiscoveryServer } from '@heddle/discovery';
import { serveDiscovery } from '@heddle/discovery/node';
import { viewOf } from '@heddle/model';
import { cluster, endpoints, listener, routes, viewOffering } from '@heddle/testing/ads';
import { expect, test, vi } from 'vitest';

const packageDirectory = fileURLToPath(new URL('../../packages/xds-client/', import.meta.url));

test('the example in README.md of @heddle/xds-client follows a control plane', async () => {
  const readme = await readFile(`${packageDirectory}README.md`, 'utf8');
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const server = createDiscoveryServer({
    resolveView: (node) => viewOf(node, new Set()),
    compile: () =>
      viewOffering([listener('web', 8080, 'r'), routes('r', { '/': 'a' }), cluster('a'), endpoints('a', [1])]),
  });
  const served = await serveDiscovery({ server, address: '127.0.0.1:0' });
  vi.stubEnv('ADS_ADDRESS', served.address);
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const path = `${packageDirectory}.cache/readme-example-${process.pid}.ts`;
  try {
    await mkdir(`${packageDirectory}.cache`, { recursive: true });
    await writeFile(path, example);
    await import(/* @vite-ignore */ path);
    await vi.waitFor(() => expect(log).toHaveBeenCalled());
    expect(log.mock.calls).toEqual([['1 listeners, 1 routes, 1 clusters, 1 endpoints']]);
    // The example closes its client; the server sees it go before it closes itself.
    await vi.waitFor(() => expect(server.streams()).toEqual([]));
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
    await rm(path, { force: true });
    await served.close();
  }
});
