import { execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { type Bootstrap, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { StdoutAccessLogSchema } from '@heddle/envoy-api/extensions/access-loggers';
import { RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { RouteSchema } from '@heddle/envoy-api/route';
import { systemClock } from '@heddle/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeState } from './admin-client.ts';
import { AgentError } from './agent-error.ts';
import { bootstrapToJson, buildBootstrap, parseAddress } from './bootstrap.ts';
import { findEnvoy } from './find-envoy.ts';
import type { EnvoyLogLine } from './log-line.ts';
import { type EnvoyEvent, type RunEnvoyOptions, type RunningEnvoy, runEnvoy } from './run-envoy.ts';

/** The real Envoy, fetched if need be. Where it cannot be had the tests are skipped, except in CI. */
async function requireEnvoy(version: string): Promise<string | undefined> {
  try {
    return (await findEnvoy({ version, log: console.warn })).path;
  } catch (error) {
    if (process.env['CI'] || !(error instanceof AgentError)) throw error;
    console.warn(`Tests with a real Envoy ${version} are skipped: ${error.message}`);
    return undefined;
  }
}

const node = { id: 'sidecar~127.0.0.1~test.test~test.svc.cluster.local', cluster: 'test' };
const path = (await requireEnvoy('1.40')) ?? '';
const oldPath = (await requireEnvoy('1.36')) ?? '';

/** Answers `/` itself and sends `/backend` on; logs to standard output. */
function httpBootstrap(backendPort = 1): Bootstrap {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: 'test',
    accessLog: [
      {
        name: 'stdout',
        configType: { case: 'typedConfig', value: anyPack(StdoutAccessLogSchema, create(StdoutAccessLogSchema)) },
      },
    ],
    httpFilters: [
      { name: 'router', configType: { case: 'typedConfig', value: anyPack(RouterSchema, create(RouterSchema)) } },
    ],
    routeSpecifier: {
      case: 'routeConfig',
      value: {
        virtualHosts: [
          {
            name: 'all',
            domains: ['*'],
            routes: [
              create(RouteSchema, {
                match: { pathSpecifier: { case: 'prefix', value: '/backend' } },
                action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: 'backend' } } },
              }),
              create(RouteSchema, {
                match: { pathSpecifier: { case: 'prefix', value: '/' } },
                action: {
                  case: 'directResponse',
                  value: { status: 200, body: { specifier: { case: 'inlineString', value: 'hello' } } },
                },
              }),
            ],
          },
        ],
      },
    },
  });
  const listener = create(ListenerSchema, {
    name: 'http',
    address: parseAddress('127.0.0.1:0'),
    filterChains: [
      {
        filters: [
          { name: 'hcm', configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) } },
        ],
      },
    ],
  });
  const cluster = create(ClusterSchema, {
    name: 'backend',
    loadAssignment: {
      clusterName: 'backend',
      endpoints: [
        {
          lbEndpoints: [
            { hostIdentifier: { case: 'endpoint', value: { address: parseAddress(`127.0.0.1:${backendPort}`) } } },
          ],
        },
      ],
    },
  });
  return buildBootstrap({ node, staticResources: { listeners: [listener], clusters: [cluster] } });
}

async function portOf(envoy: RunningEnvoy): Promise<number> {
  const { listenerStatuses } = await envoy.admin.listeners();
  const address = listenerStatuses[0]?.localAddress?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue')
    throw new Error('no listener');
  return address.value.portSpecifier.value;
}

function fetchText(port: number, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path: url, host: '127.0.0.1', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text)).on('error', reject);
    }).on('error', reject);
  });
}

/** Waits for a condition, looking again and again; the test's own time limit ends it. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(path === '')('runEnvoy', () => {
  const temporary = process.env['TMPDIR'];
  let directory: string;
  let events: EnvoyEvent[];
  let logs: EnvoyLogLine[];
  let output: string[];
  let running: RunningEnvoy[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'run-envoy-'));
    process.env['TMPDIR'] = directory;
    [events, logs, output, running] = [[], [], [], []];
  });
  afterEach(async () => {
    for (const envoy of running) await envoy.stop();
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
    await rm(directory, { recursive: true, force: true });
  });

  async function run(options: Partial<RunEnvoyOptions> = {}): Promise<RunningEnvoy> {
    const envoy = await runEnvoy({
      path,
      bootstrap: httpBootstrap(),
      concurrency: 1,
      onEvent: (event) => events.push(event),
      onLog: (line) => logs.push(line),
      onOutput: (line) => output.push(line),
      ...options,
    });
    running.push(envoy);
    return envoy;
  }

  test('starts Envoy, which serves and tells about itself', async () => {
    const envoy = await run();
    expect(events).toEqual([
      { type: 'started', pid: envoy.pid },
      { type: 'ready', pid: envoy.pid },
    ]);
    expect(await fetchText(await portOf(envoy), '/')).toBe('hello');

    const { admin } = envoy;
    expect(await admin.isReady()).toBe(true);
    const info = await admin.serverInfo();
    expect(describeState(info)).toBe('LIVE');
    expect(info.node?.id).toBe(node.id);
    expect(info.version).toContain('/1.40.');
    expect((await admin.clusters()).clusterStatuses.map(({ name }) => name)).toEqual(['backend']);
    expect((await admin.stats('^http\\.test\\.downstream_rq_2xx$')).get('http.test.downstream_rq_2xx')).toBe(1);
    const dump = await admin.configDump({ resource: 'static_clusters' });
    expect(JSON.stringify(dump)).toContain('"backend"');
    await expect(admin.configDump({ resource: 'nonsense' })).rejects.toMatchObject({ code: 'admin-failed' });

    expect(logs).toContainEqual({ level: 'info', logger: 'main', message: 'starting main dispatch loop' });
    expect(logs.filter(({ logger }) => logger === '')).toEqual([]);
    // Access logs are flushed now and then, and at the end.
    await envoy.stop();
    expect(output.some((line) => line.includes('"GET / HTTP/1.1" 200'))).toBe(true);
  });

  test('keeps no file but the admin address once it is ready, and none after it was stopped', async () => {
    const envoy = await run();
    const [own = ''] = await readdir(directory);
    expect(await readdir(join(directory, own))).toEqual(['admin-address']);
    const { pid } = envoy;
    await Promise.all([envoy.stop(), envoy.stop()]);
    await envoy.stopped;
    expect(await readdir(directory)).toEqual([]);
    expect(isAlive(pid)).toBe(false);
    expect(events.map(({ type }) => type)).toEqual(['started', 'ready', 'stopping', 'stopped']);
    expect(() => envoy.admin).toThrow(AgentError);
  });

  test('gives an Envoy without an admin interface one on a Unix socket', async () => {
    const bootstrap = httpBootstrap();
    delete bootstrap.admin;
    const envoy = await run({ bootstrap });
    expect(envoy.admin.address).toEqual({ path: expect.stringContaining('admin.sock') });
    expect(await fetchText(await portOf(envoy), '/')).toBe('hello');
  });

  test('starts Envoy again when it dies, and says so', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, nowMs: () => Date.now() + aheadMs };
    const envoy = await run({ clock });
    const first = envoy.pid;
    for (const [restarts, restartInMs, servedForMs] of [
      [1, 100, 0],
      [2, 200, 29_000],
      // It had served for long enough to start counting anew.
      [3, 100, 30_000],
    ] as const) {
      const { pid } = envoy;
      aheadMs += servedForMs;
      process.kill(pid, 'SIGKILL');
      await until(() => events.filter(({ type }) => type === 'ready').length === restarts + 1);
      expect(events.filter(({ type }) => type === 'died').at(-1)).toEqual({
        type: 'died',
        pid,
        code: null,
        signal: 'SIGKILL',
        lastError: '',
        restartInMs,
      });
      expect(envoy.restarts).toBe(restarts);
      expect(await fetchText(await portOf(envoy), '/')).toBe('hello');
    }
    expect(envoy.pid).not.toBe(first);
  });

  test('goes on trying when Envoy cannot be started again', async () => {
    const link = join(directory, 'envoy');
    await symlink(path, link);
    const envoy = await run({ path: link });
    await rm(link);
    process.kill(envoy.pid, 'SIGKILL');
    await until(() => events.filter(({ type }) => type === 'restart-failed').length === 2);
    const failures = events.flatMap((event) => (event.type === 'restart-failed' ? [event] : []));
    expect(failures.map(({ restartInMs }) => restartInMs)).toEqual([200, 400]);
    expect(failures[0]?.reason).toContain('ENOENT');
    await symlink(path, link);
    await until(() => events.at(-1)?.type === 'ready');
    expect(await fetchText(await portOf(envoy), '/')).toBe('hello');
  });

  test('starts Envoy again even when its folder was cleared away', async () => {
    const envoy = await run();
    for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true });
    process.kill(envoy.pid, 'SIGKILL');
    await until(() => envoy.restarts === 1 && events.at(-1)?.type === 'ready');
    expect(events.filter(({ type }) => type === 'restart-failed')).toEqual([]);
  });

  test('can be stopped while it waits to start again', async () => {
    const envoy = await run();
    const died = new Promise<void>((resolve) => {
      const timer = setInterval(
        () => events.some(({ type }) => type === 'died') && (clearInterval(timer), resolve()),
        1,
      );
    });
    process.kill(envoy.pid, 'SIGKILL');
    await died;
    await envoy.stop();
    expect(isAlive(envoy.pid)).toBe(false);
    expect(events.at(-1)).toEqual({ type: 'stopped' });
    expect(await readdir(directory)).toEqual([]);
  });

  test('lets requests in flight end before it stops', async () => {
    const waiting: ServerResponse[] = [];
    const backend = createServer((_, response) => void waiting.push(response)).listen(0, '127.0.0.1');
    try {
      await until(() => backend.listening);
      const envoy = await run({ bootstrap: httpBootstrap((backend.address() as AddressInfo).port), drainMs: 60_000 });
      const answer = fetchText(await portOf(envoy), '/backend');
      await until(() => waiting.length === 1);
      const { admin } = envoy;
      const port = await portOf(envoy);
      const stopped = envoy.stop();
      await until(async () => describeState(await admin.serverInfo()) === 'DRAINING');
      expect(await admin.isReady()).toBe(false);
      // Who comes late is served, and told to go away.
      expect(await fetchText(port, '/')).toBe('hello');
      waiting[0]?.end('done at last');
      expect(await answer).toBe('done at last');
      await stopped;
    } finally {
      backend.close();
    }
  });

  test('does not wait for requests longer than it was told', async () => {
    let seen = false;
    const backend = createServer(() => (seen = true)).listen(0, '127.0.0.1');
    try {
      await until(() => backend.listening);
      const bootstrap = httpBootstrap((backend.address() as AddressInfo).port);
      const envoy = await run({ bootstrap, drainMs: 100 });
      const answer = fetchText(await portOf(envoy), '/backend').catch(() => 'cut off');
      await until(() => seen);
      await envoy.stop();
      expect(await answer).toBe('cut off');
    } finally {
      backend.close();
      backend.closeAllConnections();
    }
  });

  test.each<[string, () => Partial<RunEnvoyOptions>, RegExp]>([
    [
      'a configuration that Envoy rejects',
      () => {
        const bootstrap = httpBootstrap();
        const [cluster] = bootstrap.staticResources?.clusters ?? [];
        if (cluster !== undefined) cluster.name = '';
        return { bootstrap };
      },
      /ended with code 1: .*Cluster.*[Nn]ame/s,
    ],
    ['an unknown option', () => ({ args: ['--nonsense'] }), /ended with code 1: .*--nonsense/s],
    ['a file that is not there', () => ({ path: '/nowhere/envoy' }), /"\/nowhere\/envoy": .*ENOENT/],
    [
      'a control plane that does not answer',
      () => ({ bootstrap: buildBootstrap({ node, adsAddress: '127.0.0.1:1' }), readyTimeoutMs: 500 }),
      /wanted LIVE, found (PRE_)?INITIALIZING after 500 ms/,
    ],
  ])('fails on %s and leaves nothing behind', async (_, options, message) => {
    await expect(run(options())).rejects.toMatchObject({
      code: 'start-failed',
      message: expect.stringMatching(message),
    });
    expect(await readdir(directory)).toEqual([]);
    const started = events.flatMap((event) => (event.type === 'started' ? [event.pid] : []));
    expect(started.filter(isAlive)).toEqual([]);
  });

  test('is stopped by its signal, while it starts and later', async () => {
    const early = new AbortController();
    const starting = run({ signal: early.signal, onEvent: () => early.abort(new Error('enough')) });
    await expect(starting).rejects.toThrow('enough');
    expect(await readdir(directory)).toEqual([]);

    const late = new AbortController();
    const envoy = await run({ signal: late.signal });
    late.abort(new Error('late'));
    await envoy.stopped;
    expect(isAlive(envoy.pid)).toBe(false);
    await expect(run({ signal: late.signal })).rejects.toThrow('late');
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([0, 1, 2, 4, 8, 16, 32, 64])(
    'leaves nothing behind when it is aborted %i ms after it was called',
    async (delay) => {
      const controller = new AbortController();
      const starting = run({ signal: controller.signal });
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      controller.abort(new Error('enough'));
      await starting.then(
        (envoy) => envoy.stopped,
        (error: Error) => expect(error.message).toBe('enough'),
      );
      const started = events.flatMap((event) => (event.type === 'started' ? [event.pid] : []));
      expect(started.filter(isAlive)).toEqual([]);
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test('leaves nothing behind when it is aborted while its files are written', async () => {
    const controller = new AbortController();
    const options: RunEnvoyOptions = {
      path,
      bootstrap: httpBootstrap(),
      signal: controller.signal,
      onEvent: (event) => events.push(event),
      // Read when a start begins.
      get logLevel() {
        queueMicrotask(() => controller.abort(new Error('enough')));
        return 'info' as const;
      },
    };
    await expect(runEnvoy(options)).rejects.toThrow('enough');
    const started = events.flatMap((event) => (event.type === 'started' ? [event.pid] : []));
    expect(started.filter(isAlive)).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
  });

  test.each(['SIGKILL', 'SIGTERM', 'exit'])('leaves no Envoy when its own process ends by %s', async (how) => {
    await writeFile(join(directory, 'bootstrap.pb'), toBinary(BootstrapSchema, httpBootstrap()));
    const program = `
      import { readFile } from 'node:fs/promises';
      import { fromBinary } from '@bufbuild/protobuf';
      import { runEnvoy } from '@heddle/agent';
      import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
      const bootstrap = fromBinary(BootstrapSchema, await readFile(process.argv[2]));
      const envoy = await runEnvoy({ path: process.argv[3], bootstrap, concurrency: 1 });
      process.stdin.once('data', () => process.exit());
      console.log(envoy.pid);`;
    // Beside the sources, so that it finds the packages it imports.
    const folder = fileURLToPath(new URL('../.cache/', import.meta.url));
    const file = join(folder, `run-envoy-${process.pid}-${how}.ts`);
    await mkdir(folder, { recursive: true });
    await writeFile(file, program);
    const parent = spawn('node', ['--conditions=@heddle/source', file, join(directory, 'bootstrap.pb'), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const pid = await new Promise<number>((resolve) =>
      parent.stdout.once('data', (text: Buffer) => resolve(Number(text))),
    );
    expect(isAlive(pid)).toBe(true);
    if (how === 'exit') parent.stdin.write('now');
    else parent.kill(how as NodeJS.Signals);
    await until(() => !isAlive(pid));
    await rm(file);
    await until(async () => (await readdir(directory)).every((name) => !name.startsWith('heddle-envoy-')));
  });
});

describe.skipIf(path === '' || oldPath === '')('buildBootstrap', () => {
  const cases = {
    'with nothing but a node': {},
    'with delta ADS, locality and metadata': {
      adsAddress: '127.0.0.1:15010',
      node: { ...node, metadata: { LABELS: { app: 'a' } }, locality: { region: 'r', zone: 'z', subZone: 's' } },
    },
    'with state-of-the-world ADS by name': { adsAddress: 'localhost:15010', delta: false, initialFetchTimeoutMs: 1 },
    'with Unix sockets and runtime values': {
      adsAddress: 'unix:/tmp/xds.sock',
      adminPath: '/tmp/admin.sock',
      runtime: { 're2.max_program_size.error_level': 32_768 },
    },
  };

  test.each(
    Object.entries(cases).flatMap(([name, options]) => [
      [name, '1.40', path, options] as const,
      [name, '1.36', oldPath, options] as const,
    ]),
  )('%s is accepted by Envoy %s', async (_name, _version, envoy, options) => {
    const directory = await mkdtemp(join(tmpdir(), 'bootstrap-'));
    try {
      await access(envoy);
      const file = join(directory, 'bootstrap.json');
      await writeFile(file, JSON.stringify(await bootstrapToJson(buildBootstrap({ node, ...options }))));
      const args = ['--mode', 'validate', '--config-path', file, '--disable-hot-restart'];
      await promisify(execFile)(envoy, args);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
