import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import { type HeddleProcess, runHeddle, startHeddle } from '@heddle/testing/heddle-process';
import { createAdsClient } from '@heddle/xds-client';
import { connectTransport } from '@heddle/xds-client/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePorts } from '../support/free-ports.ts';
import { requireEnvoy } from '../support/require-envoy.ts';
import { eventually as tryFor } from '../support/waiting.ts';

const CANARY = path.join(import.meta.dirname, '../../examples/canary');
const CLUSTER = 'outbound|80|v1|hello.canary.svc.cluster.local';

const envoyPath = await requireEnvoy();

const cleanups: (() => unknown)[] = [];
let folder: string;
let heddle: HeddleProcess;
let ads: string;
let http: string;

/** One control plane with a proxy that accepts everything and one that refuses its routes: what an operator looks at. */
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-observability-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  await cp(CANARY, path.join(folder, 'mesh'), { recursive: true });
  heddle = startHeddle(
    [
      ...['control-plane', '--config', 'mesh', '--log-format', 'json'],
      ...['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'],
    ],
    { cwd: folder },
  );
  cleanups.push(() => heddle.stop());
  const printed = await heddle.waitFor(/http {2}http:\S+/);
  ads = /^ads +(\S+)$/m.exec(printed)?.[1] ?? '';
  http = /^http +(\S+)$/m.exec(printed)?.[1] ?? '';
  connect('good');
  connect('bad', { 'http.80': 'unknown cluster\nin route 3' });
  await eventually(async () => {
    const statuses = await get('/debug/syncz');
    expect(statuses).toHaveLength(2);
    const of = (name: string) => statuses.find(({ proxy }: { proxy: string }) => proxy === `${name}.istio-system`);
    const synced = { CDS: 'SYNCED', LDS: 'SYNCED', EDS: 'SYNCED' };
    expect(of('good')).toMatchObject({ status: { ...synced, RDS: 'SYNCED' } });
    expect(of('bad')).toMatchObject({ status: { ...synced, RDS: 'ERROR' } });
  });
}, 60_000);
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function connect(name: string, refused: Readonly<Record<string, string>> = {}): void {
  const client = createAdsClient({
    transport: connectTransport({ address: ads }),
    node: {
      id: `router~127.0.0.1~${name}.istio-system~istio-system.svc.cluster.local`,
      metadata: { LABELS: { istio: 'ingressgateway' }, CLUSTER_ID: 'Kubernetes', ISTIO_VERSION: '1.30.0' },
    },
    onUpdate: ({ changed }) =>
      new Map(
        changed.flatMap((one) => {
          const reason = refused[one.name];
          return reason === undefined ? [] : [[one.name, reason] as const];
        }),
      ),
  });
  client.subscribe(LISTENER_TYPE_URL, { wildcard: true });
  client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
  client.subscribe(ROUTE_CONFIGURATION_TYPE_URL, { names: ['http.80'] });
  client.subscribe(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, { names: [CLUSTER] });
  client.start();
  cleanups.push(() => client.close());
}

const get = async (where: string) => (await fetch(`${http}${where}`)).json();
const ask = (...args: string[]) => runHeddle([...args, '--http-address', http]);
const rows = (table: string) =>
  table
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {5,}/));

describe('heddle status', () => {
  test.each(['status', 'proxy-status', 'ps'])('%s prints who is in sync, and what was rejected where', async (name) => {
    const { stdout, exitCode } = await ask(name);
    expect(exitCode).toBe(0);
    const [table = '', notes = ''] = stdout.split('\n\n');
    const age = /^\w+ \(\d+s\)$/;
    expect(rows(table)).toEqual([
      ['NAME', 'CLUSTER', 'CDS', 'LDS', 'EDS', 'RDS', 'ECDS', 'VERSION'],
      ['bad.istio-system', 'Kubernetes', ...Array(4).fill(expect.stringMatching(age)), 'IGNORED', '1.30.0'],
      ['good.istio-system', 'Kubernetes', ...Array(4).fill(expect.stringMatching(age)), 'IGNORED', '1.30.0'],
    ]);
    expect(rows(table)[1]?.[5]).toContain('ERROR');
    expect(rows(table)[2]?.[5]).toContain('SYNCED');
    expect(notes).toMatch(/^✖ bad\.istio-system rejected RDS "http\.80" \d+s ago: .*unknown cluster\\nin route 3$/m);
    expect(notes).toMatch(/^ {4}Gateway canary\/hello-gateway at spec/m);
    const [, file = '', line = ''] = /^ {4}(mesh\/\S+?):(\d+):\d+$/m.exec(notes) ?? [];
    const text = (await readFile(path.join(folder, file), 'utf8')).split('\n');
    expect(text.slice(0, Number(line)).join('\n')).toContain('kind: Gateway');
  });

  test('prints JSON, and one proxy alone', async () => {
    const { stdout, exitCode } = await ask('status', 'good', '-o', 'json');
    expect(exitCode).toBe(0);
    const { version, proxies } = JSON.parse(stdout);
    expect([version, proxies.length]).toEqual([1, 1]);
    expect(proxies[0]).toMatchObject({
      proxy: 'good.istio-system',
      types: { RDS: { status: 'SYNCED', rejected: [] } },
    });
  });

  test('says what to do where there is no control plane', async () => {
    const [port = 0] = await freePorts(1);
    const { stdout, stderr, exitCode } = await runHeddle(['status', '--http-address', `127.0.0.1:${port}`]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`cannot reach a control plane at http://127.0.0.1:${port}: nothing listens there`);
    expect(stderr).toContain('heddle control-plane --config DIR');
  });

  test('says so where something else answers', async () => {
    const server = createServer((_, response) => response.end('<html>'));
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
    cleanups.push(() => server.close());
    const { stderr, exitCode } = await runHeddle(['status', '--http-address', `127.0.0.1:${port}`]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is no control plane');
  });

  test.each([
    [['status', 'nobody'], 1, /no proxy "nobody" is connected; connected: .*good\.istio-system/],
    [['status', '-o', 'xml'], 64, /Allowed choices are text, json/],
  ])('refuses %j', async (args, code, message) => {
    const { stdout, stderr, exitCode } = await ask(...args);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(message);
  });
});

describe('heddle config', () => {
  test.each([
    [
      ['config', 'listener', 'good'],
      [
        ['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'],
        ['0.0.0.0', '80', 'ALL', 'Route: http.80'],
      ],
    ],
    [
      ['proxy-config', 'routes', 'good.istio-system'],
      [
        ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'],
        ['http.80', '*:80', '*', '/*', 'hello.canary'],
      ],
    ],
    [
      ['pc', 'c', 'goo'],
      [
        ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'],
        ['hello.canary.svc.cluster.local', '80', 'v1', 'outbound', 'EDS', 'hello.canary'],
        ['hello.canary.svc.cluster.local', '80', 'v2', 'outbound', 'EDS', 'hello.canary'],
      ],
    ],
    [
      ['pc', 'ep', 'good'],
      [
        ['ENDPOINT', 'STATUS', 'LOCALITY', 'CLUSTER'],
        ['-', 'NO ENDPOINTS', CLUSTER],
      ],
    ],
  ])('%j', async (args, expected) => {
    const { stdout, exitCode } = await ask(...args);
    expect(exitCode).toBe(0);
    expect(rows(stdout)).toEqual(expected);
  });

  test('prints resources as YAML and JSON, and reads a saved dump', async () => {
    const yaml = await ask('config', 'cluster', 'good', '-o', 'yaml');
    const json = await ask('config', 'cluster', 'good', '-o', 'json');
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
    expect(JSON.parse(json.stdout)[0]).toMatchObject({ name: CLUSTER, type: 'EDS' });

    const all = await ask('config', 'all', 'good', '-o', 'json');
    const file = path.join(folder, 'dump.json');
    await writeFile(file, all.stdout);
    const saved = await runHeddle(['config', 'all', '-f', file]);
    expect(saved.stdout).toBe((await ask('config', 'all', 'good')).stdout);
    expect(saved.stdout.split('\n\n').map((table) => table.split(' ')[0])).toEqual([
      'SERVICE',
      'ADDRESSES',
      'NAME',
      'ENDPOINT',
      'ECDS',
    ]);
  });

  test('says on stderr what was rejected', async () => {
    const { stdout, stderr, exitCode } = await ask('config', 'route', 'bad');
    expect(exitCode).toBe(0);
    expect(rows(stdout)).toHaveLength(2);
    expect(stderr).toMatch(/^✖ route "http\.80" was rejected: .*unknown cluster\\nin route 3$/m);
  });

  test.each([
    [['config', 'route'], 64, /wanted a NODE or --file; connected proxies: bad\.istio-system, good\.istio-system/],
    [['config', 'route', 'x'], 1, /no proxy "x" is connected; connected: bad\.istio-system, good\.istio-system/],
    [['config', 'route', 'good', '-f', 'x.json'], 64, /both a NODE \("good"\) and --file \("x\.json"\)/],
    [['config', 'route', '-f', 'no-such.json'], 1, /cannot read a dump from "no-such\.json"/],
    [['config', 'secrets', 'good'], 64, /wanted listener, route, cluster, endpoint, ecds or all/],
  ])('refuses %j', async (args, code, message) => {
    const { stdout, stderr, exitCode } = await ask(...args);
    expect([exitCode, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('defect');
  });

  test.skipIf(envoyPath === undefined)("reads Envoy's own dump", async () => {
    if (envoyPath === undefined) throw new Error('no Envoy');
    const { stdout } = await runHeddle(['translate', '-f', 'mesh', '--for', 'gateway', '-o', 'bootstrap'], {
      cwd: folder,
    });
    const [adminPort = 0] = await freePorts(1);
    const admin = { address: { socketAddress: { address: '127.0.0.1', portValue: adminPort } } };
    const file = path.join(folder, 'envoy.json');
    const bootstrap = parse(stdout);
    // Any port will do, and the usual one may be another test's.
    for (const { address } of bootstrap.staticResources.listeners) address.socketAddress.portValue = 0;
    await writeFile(file, JSON.stringify({ ...bootstrap, admin }));
    const envoy = spawn(envoyPath, ['-c', file, '--use-dynamic-base-id', '--concurrency', '1', '-l', 'off'], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => envoy.once('exit', resolve));
    cleanups.push(async () => {
      envoy.kill();
      await ended;
    });
    const dump = path.join(folder, 'envoy-dump.json');
    await eventually(async () => {
      const response = await fetch(`http://127.0.0.1:${adminPort}/config_dump?include_eds`);
      await writeFile(dump, await response.text());
      const { stdout: routes } = await runHeddle(['config', 'route', '-f', dump]);
      expect(rows(routes)).toContainEqual(['http.80', '*:80', '*', '/*', 'hello.canary']);
    });
    const { stdout: clusters } = await runHeddle(['config', 'cluster', '-f', dump]);
    expect(rows(clusters)).toContainEqual([
      'hello.canary.svc.cluster.local',
      '80',
      'v1',
      'outbound',
      expect.any(String),
      'hello.canary',
    ]);
  });
});

describe('heddle control-plane', () => {
  test('logs one JSON object a line; a rejection names resource, object, file and line', () => {
    const lines = heddle
      .stderr()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const line of lines) {
      expect(line).toMatchObject({ level: expect.any(String), message: expect.any(String) });
      expect(Object.keys(line)[0]).toBe('time');
      expect(Date.parse(line.time)).not.toBeNaN();
    }
    expect(lines).toContainEqual(expect.objectContaining({ level: 'info', message: 'serving', grpc_address: ads }));
    expect(lines.filter(({ rejected }) => rejected !== undefined)).toEqual([
      expect.objectContaining({
        level: 'warn',
        node: 'router~127.0.0.1~bad.istio-system~istio-system.svc.cluster.local',
        type: 'RDS',
        rejected: [
          {
            name: 'http.80',
            object: 'Gateway canary/hello-gateway',
            field: expect.stringMatching(/^spec\.servers/),
            position: expect.stringMatching(/^mesh\/\S+:\d+:\d+$/),
          },
        ],
      }),
    ]);
  });

  test('ends with 0 when its proxies leave while it drains them', async () => {
    const another = startHeddle([
      ...['control-plane', '--config', CANARY],
      ...['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'],
    ]);
    cleanups.push(() => another.stop());
    const address = /^ads +(\S+)$/m.exec(await another.waitFor(/http {2}http:\S+/))?.[1] ?? '';
    const client = createAdsClient({
      transport: connectTransport({ address }),
      node: { id: 'router~127.0.0.1~x.istio-system~istio-system.svc.cluster.local' },
      onUpdate: () => undefined,
    });
    client.subscribe(CLUSTER_TYPE_URL, { wildcard: true });
    client.start();
    await another.waitFor('stream opened');
    const stopping = another.stop();
    client.close();
    expect(await stopping).toBe(0);
  });

  test('counts in /metrics, and the change that mends a rejection is seen everywhere', async () => {
    const metrics = async () => (await (await fetch(`${http}/metrics`)).text()).split('\n');
    const before = await metrics();
    expect(before).toContain('pilot_xds{version="1.30.0"} 2');
    expect(before).toContain('pilot_total_xds_rejects{type="rds"} 1');
    expect(before).toContain('pilot_xds_rds_reject{node="bad.istio-system"} 1');
    expect(before.some((line) => /^process_resident_memory_bytes [1-9]/.test(line))).toBe(true);

    const file = path.join(folder, 'mesh/routes.yaml');
    const text = await readFile(file, 'utf8');
    expect(text).toContain('hello-gateway');
    // Without the Gateway there is no listener and no route to be refused.
    await writeFile(file, text.replace('istio: ingressgateway', 'istio: other'));
    await eventually(async () => {
      const [bad] = (await get('/debug/syncz')).filter(({ proxy }: { proxy: string }) => proxy === 'bad.istio-system');
      expect(bad).toMatchObject({ status: { RDS: 'SYNCED' }, problems: [] });
    });
    const after = await metrics();
    expect(after.filter((line) => line.startsWith('pilot_xds_rds_reject{'))).toEqual([]);
    expect(after).toContain('pilot_inbound_updates{type="config"} 5');
    expect(after.find((line) => line.startsWith('pilot_proxy_convergence_time_count'))).toMatch(/ [1-9]\d*$/);
  });
});

test.each(['status', 'config'])('heddle %s --help shows three examples', async (command) => {
  const { stdout, exitCode } = await runHeddle([command, '--help']);
  expect(exitCode).toBe(0);
  expect(stdout.split('Examples:\n')[1]?.trim().split('\n')).toHaveLength(3);
});

function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  return tryFor(attempt, 15_000);
}
