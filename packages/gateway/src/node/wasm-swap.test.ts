import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBinary } from '@bufbuild/protobuf';
import { EXTENSION_CONFIG_TYPE_URL } from '@heddle/envoy-api';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { xdsResource } from '@heddle/model';
import { type ScriptedStream, scriptedTransport, TYPE_URLS } from '@heddle/testing/ads';
import { beforeAll, describe, expect, test } from 'vitest';
import { clusterOf, listenerOf, resourcesOf, startEcho, startServer } from '../../test/fixture.ts';
import { startGateway } from '../../test/running-gateway.ts';
import { compileGate, discovered, gateConfig, gateResource, routerFilter } from '../../test/wasm-gate.ts';
import type { FilterLogLine } from '../wasm/wasm-plugins.ts';
import { createStandaloneGateway } from './standalone-gateway.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileGate();
}, 60_000);

const NAME = 'extensions.istio.io/wasmplugin/shop.gate';
const listener = () =>
  listenerOf({
    routes: [{ match: { prefix: '/' }, route: { cluster: 'c' } }],
    manager: { httpFilters: [discovered(NAME), routerFilter] },
  });

/** A state in which the listener's filter is fetched. */
function state(port: number, configuration: string | undefined) {
  const resources = resourcesOf([listener()], [clusterOf('c', [port])]);
  const configs =
    configuration === undefined ? [] : [[NAME, gateResource(NAME, gateConfig(wasm, { configuration }))] as const];
  return { ...resources, extensionConfigs: new Map(configs) };
}

function gateHeader(port: number): Promise<{ readonly status: number; readonly gate: string | undefined }> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ port, host: '127.0.0.1', agent: false }, (response) => {
      const gate = response.headers['x-gate'];
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, gate: Array.isArray(gate) ? gate[0] : gate }),
      );
    });
    call.on('error', reject);
    call.end();
  });
}

describe('a filter whose configuration is fetched', () => {
  test('refuses requests where there is none', async () => {
    await using echo = await startEcho();
    await using running = await startGateway(state(echo.port, undefined));
    expect((await gateHeader(running.port)).status).toBe(500);
    const [exchange] = await running.finishedCount(1);
    expect(exchange).toMatchObject({ responseDetails: 'filter_config_not_found', responseFlags: ['NFCF'] });
    expect(running.gateway.inspect().problems).toMatchObject([{ message: expect.stringContaining(NAME) }]);
  });

  test('is swapped under load without a request lost; exchanges end on the module that they began with', async () => {
    const held: (() => void)[] = [];
    await using upstream = await startServer((_request, response) => {
      if (held.length === 0) held.push(() => response.end('late'));
      else response.end('ok');
    });
    const logs: FilterLogLine[] = [];
    await using running = await startGateway(state(upstream.port, 'one'), {
      onFilterLog: (line) => void logs.push(line),
    });
    const first = gateHeader(running.port);
    await expect.poll(() => held.length).toBe(1);
    let isOver = false;
    const answers: { readonly status: number; readonly gate: string | undefined }[] = [];
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!isOver) answers.push(await gateHeader(running.port));
      }),
    );
    await running.gateway.apply(state(upstream.port, 'two'));
    await expect.poll(() => answers.some(({ gate }) => gate === 'two 200')).toBe(true);
    isOver = true;
    await load;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const isDone = () => logs.some(({ message }) => message === 'done one');
    expect(isDone()).toBe(false);
    held[0]?.();
    expect(await first).toEqual({ status: 200, gate: 'one 200' });
    await expect.poll(isDone).toBe(true);
    expect(running.gateway.inspect().filters).toHaveLength(1);
  });
});

describe('a gateway that follows a control plane', () => {
  test('takes a module from its file, refuses a bad one with the reason, and the last good one serves on', async () => {
    await using echo = await startEcho();
    const folder = await mkdtemp(join(tmpdir(), 'heddle-gate-'));
    const transport = scriptedTransport();
    const gateway = createStandaloneGateway({
      ownAddress: '10.9.8.7',
      xds: { transport, node: { id: 'router~1.1.1.1~gateway-1.shop~shop.svc.cluster.local' } },
    });
    try {
      const good = join(folder, 'good.wasm');
      await writeFile(good, wasm);
      await writeFile(join(folder, 'bad.wasm'), 'no module');
      const extension = (filename: string, configuration: string) => {
        const message = gateResource(NAME, gateConfig(wasm, { filename, configuration }));
        return xdsResource(EXTENSION_CONFIG_TYPE_URL, NAME, toBinary(TypedExtensionConfigSchema, message));
      };
      const stream = transport.streams[0] as ScriptedStream;
      expect(stream.requests[0]?.node?.clientFeatures).toContain('heddle.http.wasm');
      await stream.respond(TYPE_URLS.CDS, [
        xdsResource(TYPE_URLS.CDS, 'c', toBinary(ClusterSchema, clusterOf('c', [echo.port]))),
      ]);
      await stream.respond(TYPE_URLS.LDS, [xdsResource(TYPE_URLS.LDS, 'web', toBinary(ListenerSchema, listener()))]);
      expect(gateway.addresses().size).toBe(0);
      await stream.respond(EXTENSION_CONFIG_TYPE_URL, [extension(good, 'one')]);
      await gateway.ready;
      const port = gateway.addresses().get('web')?.port ?? 0;
      expect(await gateHeader(port)).toEqual({ status: 200, gate: 'one 200' });
      const refusals: (string | undefined)[] = [];
      for (const bad of [
        extension(join(folder, 'bad.wasm'), 'two'),
        extension(join(folder, 'absent.wasm'), 'two'),
        extension(good, 'refuse'),
      ]) {
        const before = stream.requests.length;
        await stream.respond(EXTENSION_CONFIG_TYPE_URL, [bad]);
        await expect.poll(() => stream.requests.length).toBeGreaterThan(before);
        refusals.push(stream.requests.at(-1)?.errorDetail?.message);
        expect(await gateHeader(port)).toEqual({ status: 200, gate: 'one 200' });
      }
      expect(refusals).toEqual([
        expect.stringContaining('Cannot read the module'),
        expect.stringContaining('Cannot read module'),
        expect.stringContaining('its module refuses its configuration'),
      ]);
      await stream.respond(EXTENSION_CONFIG_TYPE_URL, [extension(good, 'three')]);
      await expect.poll(() => gateHeader(port)).toEqual({ status: 200, gate: 'three 200' });
    } finally {
      await gateway.close({ drainTimeoutMs: 0 });
      await rm(folder, { recursive: true });
    }
  });
});
