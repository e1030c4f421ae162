import { spawn } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findEnvoy } from '@heddle/agent';
import { CLUSTER_TYPE_URL, LISTENER_TYPE_URL } from '@heddle/envoy-api';
import { runHeddle, startHeddle } from '@heddle/testing/heddle-process';
import { createAdsClient } from '@heddle/xds-client';
import { connectTransport } from '@heddle/xds-client/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePorts } from '../support/free-ports.ts';
import { requireEnvoy } from '../support/require-envoy.ts';
import { eventually } from '../support/waiting.ts';

const EXAMPLES = path.join(import.meta.dirname, '../../examples');
const NGINX = path.join(EXAMPLES, 'nginx');
const CANARY = path.join(EXAMPLES, 'canary');

const envoyPath = await requireEnvoy();

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-commands-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
});

describe('heddle translate', () => {
  test('prints what a gateway is sent as YAML, and nothing else, to stdout', async () => {
    const { stdout, exitCode } = await runHeddle(['translate', '-f', NGINX, '--for', 'gateway']);
    expect(exitCode).toBe(0);
    const { listeners, routes, clusters } = parse(stdout);
    expect(listeners).toMatchObject([{ name: '0.0.0.0_80', address: { socketAddress: { portValue: 80 } } }]);
    expect(routes).toMatchObject([{ name: 'http.80', virtualHosts: [{ name: '*:80', domains: ['*'] }] }]);
    expect(clusters).toMatchObject([{ name: 'outbound|80||test-svc.test-namespace.svc.cluster.local' }]);
  });

  test('prints what a sidecar is sent as JSON', async () => {
    const { stdout, exitCode } = await runHeddle([
      'translate',
      '-f',
      CANARY,
      '--for',
      'sidecar:canary/hello-v1',
      '-o',
      'json',
    ]);
    expect(exitCode).toBe(0);
    const { listeners, clusters } = JSON.parse(stdout);
    expect(listeners.map(({ name }: { name: string }) => name)).toContain('virtualOutbound');
    expect(clusters.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining([
        'outbound|80|v1|hello.canary.svc.cluster.local',
        'outbound|80|v2|hello.canary.svc.cluster.local',
      ]),
    );
  });

  test.skipIf(envoyPath === undefined)(
    'prints a static configuration with which Envoy serves the same traffic',
    async () => {
      if (envoyPath === undefined) throw new Error('no Envoy');
      const backend = createServer((_, response) => response.end('from the workload'));
      cleanups.push(() => new Promise((resolve) => backend.close(resolve)));
      const app = (await readFile(path.join(NGINX, 'app.yaml'), 'utf8')).replace(
        '      labels:\n        app: test\n        version: v1\n    spec:',
        `      labels:\n        app: test\n        version: v1\n      annotations:\n        heddle.dev/address: 127.0.0.1\n        heddle.dev/bound-ports: "80=${await listen(backend)}"\n    spec:`,
      );
      expect(app).toContain('bound-ports');
      await writeFile(path.join(folder, 'app.yaml'), app);
      const [gatewayPort = 0] = await freePorts(1);
      const gateway = await readFile(path.join(NGINX, 'gateway.yaml'), 'utf8');
      await writeFile(
        path.join(folder, 'gateway.yaml'),
        gateway.replace('number: 80\n        name', `number: ${gatewayPort}\n        name`),
      );

      const { stdout, stderr, exitCode } = await runHeddle([
        'translate',
        '-f',
        folder,
        '--for',
        'gateway',
        '-o',
        'bootstrap',
      ]);
      expect(exitCode, stderr).toBe(0);
      const file = path.join(folder, 'envoy.yaml');
      await writeFile(file, stdout);
      const envoy = spawn(envoyPath, ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'], {
        stdio: 'ignore',
      });
      cleanups.push(
        () =>
          new Promise((resolve) => {
            envoy.once('exit', resolve);
            envoy.kill();
          }),
      );
      const response = await eventually(() => fetch(`http://127.0.0.1:${gatewayPort}/any/path`));
      expect(await response.text()).toBe('from the workload');
    },
  );

  test('exits with 0 on warnings, with 1 on errors, and prints what is sound', async () => {
    const gateway = await readFile(path.join(NGINX, 'gateway.yaml'), 'utf8');
    await writeFile(path.join(folder, 'gateway.yaml'), gateway.replace('\n---\n', '\n------\n'));
    await copyFile(path.join(NGINX, 'app.yaml'), path.join(folder, 'app.yaml'));
    const warned = await runHeddle(['translate', '-f', folder, '--for', 'gateway']);
    expect(warned.stderr).toContain('HED004 warning');
    expect(warned.exitCode).toBe(0);

    await writeFile(
      path.join(folder, 'bad.yaml'),
      'apiVersion: v1\nkind: Service\nmetadata: { name: x }\nspec: { ports: 3 }\n',
    );
    const failed = await runHeddle(['translate', '-f', folder, '--for', 'gateway']);
    expect(failed.stderr).toMatch(/bad\.yaml:4:\d+/);
    expect(failed.exitCode).toBe(1);
    expect(parse(failed.stdout).listeners).toHaveLength(1);
  });

  test.each([
    [['--for', 'sidecar:canary/hello-v3'], 1, /no Deployment or Pod "canary\/hello-v3".*did you mean "canary\/hello-v/],
    [['--for', 'nonsense'], 64, /wanted gateway/],
    [['--for', 'gateway', '--envoy-version', '1.20'], 64, /Envoy 1\.20 is not supported, wanted 1\.36 to 1\.40/],
    [['--for', 'gateway', '--output', 'xml'], 64, /Allowed choices are yaml, json, bootstrap/],
  ])('refuses %j', async (args, code, message) => {
    const { stdout, stderr, exitCode } = await runHeddle(['translate', '-f', CANARY, ...args]);
    expect(exitCode).toBe(code);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('heddle control-plane', () => {
  test('serves ADS, readiness, version, who is in sync and what they were sent', async () => {
    const heddle = startHeddle([
      'control-plane',
      '--config',
      NGINX,
      '--grpc-address',
      '127.0.0.1:0',
      '--http-address',
      '127.0.0.1:0',
    ]);
    cleanups.push(() => heddle.stop());
    const printed = await heddle.waitFor(/http {2}http:\S+/);
    const ads = /^ads +(\S+)$/m.exec(printed)?.[1] ?? '';
    const http = /^http +(\S+)$/m.exec(printed)?.[1] ?? '';
    expect((await fetch(`${http}/ready`)).status).toBe(200);
    expect(await (await fetch(`${http}/version`)).json()).toMatchObject({ name: 'heddle' });

    const received = new Set<string>();
    const client = createAdsClient({
      transport: connectTransport({ address: ads }),
      node: {
        id: 'router~127.0.0.1~ingress.istio-system~istio-system.svc.cluster.local',
        metadata: { LABELS: { istio: 'ingressgateway' } },
      },
      onUpdate: ({ changed }) => {
        for (const { name } of changed) received.add(name);
        return undefined;
      },
    });
    cleanups.push(async () => client.close());
    client.subscribe(LISTENER_TYPE_URL, { wildcard: true });
    client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
    client.start();
    await eventually(async () => {
      expect([...received]).toEqual(
        expect.arrayContaining(['0.0.0.0_80', 'outbound|80||test-svc.test-namespace.svc.cluster.local']),
      );
    });
    await eventually(async () => {
      expect(await (await fetch(`${http}/debug/syncz`)).json()).toMatchObject([
        { proxy: 'ingress.istio-system', status: { CDS: 'SYNCED', LDS: 'SYNCED' } },
      ]);
    });
    const dump = await (await fetch(`${http}/debug/config_dump?proxyID=ingress.istio-system`)).json();
    expect(dump.configs[1].dynamicListeners[0].name).toBe('0.0.0.0_80');
    expect((await fetch(`${http}/debug/config_dump?proxyID=nobody`)).status).toBe(404);
    expect(await heddle.stop()).toBe(0);
  });

  test('says so when its port is taken', async () => {
    const blocker = createServer();
    cleanups.push(() => new Promise((resolve) => blocker.close(resolve)));
    const port = await listen(blocker);
    const { stderr, exitCode } = await runHeddle([
      'control-plane',
      '--config',
      NGINX,
      '--grpc-address',
      `127.0.0.1:${port}`,
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).not.toContain('defect');
  });
});

describe('heddle envoy', () => {
  test.skipIf(envoyPath === undefined)('which: all of stdout is the bare path', async () => {
    if (envoyPath === undefined) throw new Error('no Envoy');
    const { stdout, exitCode } = await runHeddle(['envoy', 'which', '--envoy-path', envoyPath]);
    expect([exitCode, stdout]).toEqual([0, `${envoyPath}\n`]);
    expect((await findEnvoy({ envoyPath, fetch: false })).path).toBe(envoyPath);
  });

  test('which: a path where there is no Envoy is an error that says what to do', async () => {
    const { stdout, stderr, exitCode } = await runHeddle(['envoy', 'which', '--envoy-path', path.join(folder, 'none')]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(path.join(folder, 'none'));
  });

  test.skipIf(envoyPath === undefined)('run: passes arguments on, and ends as Envoy ends', async () => {
    if (envoyPath === undefined) throw new Error('no Envoy');
    const ran = await runHeddle(['envoy', 'run', '--envoy-path', envoyPath, '--', '--version']);
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toContain('version:');
    const failed = await runHeddle(['envoy', 'run', '--envoy-path', envoyPath, '--', '--no-such-flag']);
    expect(failed.exitCode).toBe(1);
  });
});

describe('heddle', () => {
  test.each([
    [['translat'], /Did you mean translate\?/],
    [['translate'], /required option '-f, --file <path\.\.\.>' not specified/],
    [['dev', '--proxy', 'nginx'], /Allowed choices are embedded, envoy/],
  ])('explains a wrong command line: %j', async (args, message) => {
    const { stdout, stderr, exitCode } = await runHeddle(args);
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(message);
  });

  test.each([['dev'], ['translate'], ['control-plane'], ['version']])(
    '%s --help shows three examples',
    async (command) => {
      const { stdout, exitCode } = await runHeddle([command, '--help']);
      expect(exitCode).toBe(0);
      expect(stdout.split('Examples:\n')[1]?.trim().split('\n')).toHaveLength(3);
    },
  );

  test('version prints text or JSON', async () => {
    expect((await runHeddle(['version'])).stdout).toMatch(/^heddle \d+\.\d+\.\d+ \(Node /);
    expect(JSON.parse((await runHeddle(['version', '-o', 'json'])).stdout)).toMatchObject({
      runtime: { name: 'Node' },
    });
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}
