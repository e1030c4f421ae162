import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, resourcesOf } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import { gateFilter, routerFilter } from '../../test/wasm-gate.ts';

const upstream = createServer();
let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  const entry = fileURLToPath(new URL('../../../wasm-host/test-modules/fatal.ts', import.meta.url));
  wasm = (await compileModule(entry, { flags: ['--runtime', 'minimal', '--use', 'abort=fatal/abort'] })).wasm;
  upstream.on('stream', (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    stream.end('fine');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
}, 60_000);
afterAll(() => {
  upstream.close();
});

const HTTP2 = {
  typedExtensionProtocolOptions: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      explicitHttpConfig: { http2ProtocolOptions: {} },
    },
  },
};

async function start(configuration: string) {
  const everything = { match: { prefix: '/' }, route: { cluster: 'c' } };
  const listener = listenerOf({
    manager: {
      httpFilters: [gateFilter(wasm, { configuration }), routerFilter],
      routeConfig: { name: 'routes', virtualHosts: [{ name: 'all', domains: ['*'], routes: [everything] }] },
    },
  });
  const logs: string[] = [];
  const { port } = upstream.address() as AddressInfo;
  const running = await startGateway(resourcesOf([listener], [clusterOf('c', [port], HTTP2)]), {
    onFilterLog: ({ message }) => void logs.push(message),
  });
  return Object.assign(running, { logs });
}

describe('what a module does that Envoy dies of', () => {
  // Each is a segmentation fault of Envoy 1.40: see docs/wasm-differential.md.
  const fatal = ['log', 'done', 'delete'].flatMap((where) =>
    ['reply', 'close-request', 'close-response'].map((what) => `${where} ${what}`),
  );
  test.each([...fatal, 'response_trailers continue-response'])('%s: has no effect', async (configuration) => {
    await using running = await start(configuration);
    for (const nth of [1, 2]) {
      const response = await fetch(`http://127.0.0.1:${running.port}/`);
      expect([response.status, await response.text()]).toEqual([200, 'fine']);
      await expect.poll(() => running.logs).toEqual(Array(nth).fill(`${configuration} 0`));
    }
  });

  test('response_headers reply-and-trap: the answer goes out, later requests are refused', async () => {
    await using running = await start('response_headers reply-and-trap');
    for (const status of [418, 503]) {
      const response = await fetch(`http://127.0.0.1:${running.port}/`);
      expect([response.status, await response.text()]).toEqual([status, '']);
    }
    expect(running.logs).toContain('response_headers reply-and-trap 0');
  });
});
