import { readFile } from 'node:fs/promises';
import {
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import { diagnostic, formatDiagnostic, nodeId, type ProxyNode, wasmPluginName } from '@heddle/model';
import { createMemorySource, type MemorySource } from '@heddle/sources';
import { createAdsClient } from '@heddle/xds-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createAdminApp } from './admin-app.ts';
import { type ControlPlane, createControlPlane } from './control-plane.ts';
import type { ResolvedPluginModules } from './plugin-module-provider.ts';

const example = (file: string) => readFile(new URL(`../../../examples/nginx/${file}`, import.meta.url), 'utf8');
const gatewayYaml = await example('gateway.yaml');

const gatewayNode: Omit<ProxyNode, 'id'> = {
  type: 'router',
  ip: '127.0.0.1',
  name: 'ingress',
  namespace: 'istio-system',
  dnsDomain: 'istio-system.svc.cluster.local',
  labels: { istio: 'ingressgateway' },
  capabilities: { dataPlane: 'envoy', minor: 40 },
};
const node: ProxyNode = { ...gatewayNode, id: nodeId(gatewayNode) };

const open: ControlPlane[] = [];
const aborts: AbortController[] = [];
afterEach(async () => {
  for (const abort of aborts.splice(0)) abort.abort();
  await Promise.all(open.splice(0).map((controlPlane) => controlPlane.close()));
});

async function start(
  options: Partial<Parameters<typeof createControlPlane>[0]> = {},
): Promise<{ controlPlane: ControlPlane; source: MemorySource }> {
  const source = createMemorySource({ files: { 'app.yaml': await example('app.yaml'), 'gateway.yaml': gatewayYaml } });
  const controlPlane = createControlPlane({ sources: [source], ...options });
  open.push(controlPlane);
  await controlPlane.started;
  return { controlPlane, source };
}

/** Connects as a gateway that wants all listeners and clusters; refuses those named. */
function connect(controlPlane: ControlPlane, refused: Readonly<Record<string, string>> = {}): void {
  const abort = new AbortController();
  aborts.push(abort);
  const client = createAdsClient({
    transport: controlPlane.discovery.connect(),
    node: { id: node.id, metadata: { LABELS: { istio: 'ingressgateway' } }, userAgentName: 'heddle' },
    onUpdate: ({ changed }) =>
      new Map(changed.flatMap(({ name }) => (refused[name] === undefined ? [] : [[name, refused[name]] as const]))),
  });
  client.subscribe(LISTENER_TYPE_URL, { wildcard: true });
  client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
  client.start();
  abort.signal.addEventListener('abort', () => client.close());
}

describe('createControlPlane', () => {
  test('compiles what the sources hold', async () => {
    const { controlPlane } = await start();
    const { resources } = controlPlane.compileFor(node);
    expect([...(resources.get(LISTENER_TYPE_URL)?.keys() ?? [])]).toEqual(['0.0.0.0_80']);
    expect([...(resources.get(ROUTE_CONFIGURATION_TYPE_URL)?.keys() ?? [])]).toEqual(['http.80']);
    expect([...(resources.get(CLUSTER_TYPE_URL)?.keys() ?? [])]).toContain(
      'outbound|80||test-svc.test-namespace.svc.cluster.local',
    );
  });

  test('serves the modules that its provider found, and tells what is wrong with them at their line', async () => {
    const plugin = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: keys, namespace: istio-system }
spec:
  url: ./keys.wasm
`;
    let answer: ResolvedPluginModules = {
      modules: new Map([['istio-system/keys', { state: 'ready', filename: '/cache/1.wasm' }]]),
      diagnostics: [],
    };
    let listener = (): void => {};
    let closed = false;
    const { controlPlane, source } = await start({
      pluginModules: {
        resolve: async () => answer,
        subscribe: (added) => {
          listener = added;
          return () => {};
        },
        close: async () => {
          closed = true;
        },
      },
    });
    source.setText('plugin.yaml', plugin);
    await controlPlane.refresh();
    const name = wasmPluginName('istio-system', 'keys');
    const bytes = () =>
      controlPlane.compileFor(node).resources.get(EXTENSION_CONFIG_TYPE_URL)?.get(name)?.bytes ?? new Uint8Array();
    expect(new TextDecoder().decode(bytes())).toContain('/cache/1.wasm');

    const { resource, path, message } = {
      resource: { kind: 'WasmPlugin', namespace: 'istio-system', name: 'keys' },
      path: ['spec', 'url'],
      message: 'it is no module',
    };
    answer = {
      modules: new Map([['istio-system/keys', { state: 'ready', filename: '/cache/2.wasm' }]]),
      diagnostics: [diagnostic('HED250', { resource, path, message })],
    };
    const served = new Promise<void>((resolve) => {
      controlPlane.subscribe(() => resolve());
    });
    listener();
    await served;
    expect(new TextDecoder().decode(bytes())).toContain('/cache/2.wasm');
    expect(controlPlane.diagnostics().map(formatDiagnostic).join('\n')).toMatch(/plugin.yaml:5:.*it is no module/);
    await controlPlane.close();
    expect(closed).toBe(true);
  });

  test('locates a diagnostic of the compiler in its file', async () => {
    const { controlPlane, source } = await start();
    source.setText('gateway.yaml', gatewayYaml.replace('- test-gateway', '- test-gatway'));
    await controlPlane.refresh();
    connect(controlPlane);
    await controlPlane.discovery.settled();
    const line = gatewayYaml.split('\n').findIndex((text) => text.includes('- test-gateway')) + 1;
    expect(controlPlane.diagnostics()).toContainEqual(
      expect.objectContaining({
        code: 'IST0101',
        range: expect.objectContaining({ file: 'gateway.yaml', start: expect.objectContaining({ line }) }),
        fix: expect.stringContaining('test-gateway'),
      }),
    );
  });

  test('makes room for a snapshot before it is served', async () => {
    const seen: [prepared: number, served: number][] = [];
    const controlPlanes: ControlPlane[] = [];
    const { controlPlane, source } = await start({
      prepare: async (snapshot) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        seen.push([snapshot.list('Gateway').length, controlPlanes[0]?.snapshot.list('Gateway').length ?? 0]);
      },
    });
    controlPlanes.push(controlPlane);
    source.setText('gateway.yaml', undefined);
    await controlPlane.refresh();
    expect(seen).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(controlPlane.snapshot.list('Gateway')).toHaveLength(0);
  });

  test('goes on after a change for which no room could be made', async () => {
    const told: string[] = [];
    const { controlPlane, source } = await start({
      prepare: async (snapshot) => {
        if (snapshot.list('Gateway').length === 0) throw new Error('no room');
      },
      log: ({ level, message }) => {
        if (level === 'error') told.push(message);
      },
    });
    source.setText('gateway.yaml', undefined);
    await expect(controlPlane.refresh()).rejects.toThrow('no room');
    await vi.waitFor(() => expect(told).toEqual(['a change was not applied: no room']));
    expect(controlPlane.snapshot.list('Gateway')).toHaveLength(1);
    source.setText('gateway.yaml', gatewayYaml.replace('name: test-gateway', 'name: other-gateway'));
    await controlPlane.refresh();
    expect(controlPlane.snapshot.list('Gateway').map(({ metadata }) => metadata.name)).toEqual(['other-gateway']);
  });

  test('binds listeners where it is told to, and keeps their names', async () => {
    const { controlPlane } = await start({ bindingOf: () => ({ address: '127.0.0.1', ports: { '80': 8080 } }) });
    const { resources } = controlPlane.compileFor(node);
    expect([...(resources.get(LISTENER_TYPE_URL)?.keys() ?? [])]).toEqual(['0.0.0.0_80']);
    const plain = (await start()).controlPlane.compileFor(node).resources.get(LISTENER_TYPE_URL)?.get('0.0.0.0_80');
    expect(resources.get(LISTENER_TYPE_URL)?.get('0.0.0.0_80')?.version).not.toBe(plain?.version);
  });

  test('maps what a proxy rejected back to the object that made it', async () => {
    const { controlPlane } = await start();
    connect(controlPlane, { '0.0.0.0_80': 'no such filter' });
    await vi.waitFor(() =>
      expect(controlPlane.diagnostics()).toContainEqual(
        expect.objectContaining({
          code: 'HED302',
          resource: { kind: 'Gateway', namespace: 'test-namespace', name: 'test-gateway' },
          message: expect.stringContaining('no such filter'),
          range: expect.objectContaining({ file: 'gateway.yaml' }),
        }),
      ),
    );
  });

  test('closes its sources', async () => {
    const closed = vi.fn(() => Promise.resolve());
    const source = {
      ...createMemorySource(),
      current: { objects: [], diagnostics: [] },
      ready: Promise.resolve(),
      subscribe: () => () => {},
      close: closed,
    };
    const controlPlane = createControlPlane({ sources: [source] });
    await controlPlane.started;
    await controlPlane.close();
    expect(closed).toHaveBeenCalledOnce();
  });
});

describe('createAdminApp', () => {
  test('says who is in sync, and dumps what a proxy was sent', async () => {
    const { controlPlane } = await start();
    connect(controlPlane);
    await controlPlane.discovery.settled();
    const app = createAdminApp(controlPlane, '1.2.3');
    expect(await (await app.request('/version')).json()).toMatchObject({ version: '1.2.3' });
    expect((await app.request('/ready')).status).toBe(200);
    expect(await (await app.request('/debug/syncz')).json()).toMatchObject([
      { proxy: 'ingress.istio-system', status: { CDS: 'SYNCED', LDS: 'SYNCED' }, problems: [] },
    ]);
    const dump = await (await app.request('/debug/config_dump?proxyID=ingress.istio-system')).json();
    expect(dump.configs[1]).toMatchObject({
      '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
      dynamicListeners: [
        { name: '0.0.0.0_80', clientStatus: 'ACKED', activeState: { listener: { name: '0.0.0.0_80' } } },
      ],
    });
  });

  test('asks for a proxy that is connected', async () => {
    const { controlPlane } = await start();
    const app = createAdminApp(controlPlane, '1.2.3');
    expect((await app.request('/debug/config_dump')).status).toBe(400);
    expect((await app.request('/debug/config_dump?proxyID=nobody')).status).toBe(404);
  });

  test('is not ready before the first configuration is read', async () => {
    let finish = () => {};
    const ready = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const source = {
      current: { objects: [], diagnostics: [] },
      ready,
      subscribe: () => () => {},
      close: async () => {},
    };
    const controlPlane = createControlPlane({ sources: [source] });
    open.push(controlPlane);
    const app = createAdminApp(controlPlane, '1.2.3');
    expect((await app.request('/ready')).status).toBe(503);
    finish();
    await controlPlane.started;
    expect((await app.request('/ready')).status).toBe(200);
  });
});
