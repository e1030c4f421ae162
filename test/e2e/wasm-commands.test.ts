import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { runHeddle, startHeddle } from '@heddle/testing/heddle-process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { freePorts } from '../support/free-ports.ts';
import { requireEnvoy } from '../support/require-envoy.ts';
import { eventually } from '../support/waiting.ts';

const envoyPath = await requireEnvoy();
const REPOSITORY = path.join(import.meta.dirname, '../..');

// A folder of somebody's own, with packages installed as npm would.
let home: string;
let guard: string;
beforeAll(async () => {
  // The tests of a new filter take its tools as they are published, not their sources.
  await promisify(execFile)(path.join(REPOSITORY, 'node_modules/.bin/tsc'), ['-b', 'packages/wasm-tools'], {
    cwd: REPOSITORY,
  });
  home = await mkdtemp(path.join(tmpdir(), 'heddle-wasm-'));
  await symlink(path.join(REPOSITORY, 'node_modules'), path.join(home, 'node_modules'));
  guard = path.join(home, 'guard');
  const made = await runHeddle(['wasm', 'new', 'guard'], { cwd: home });
  expect(made.exitCode, made.stderr).toBe(0);
  expect(made.stdout.split('\n')).toContain('guard/assembly/index.ts');
  const built = await runHeddle(['wasm', 'build', '--json'], { cwd: guard });
  expect(built.exitCode, built.stderr).toBe(0);
  expect(JSON.parse(built.stdout)).toMatchObject({
    version: 1,
    file: path.join(guard, 'build/guard.wasm'),
    statsTags: [],
  });
}, 60_000);
afterAll(() => rm(home, { recursive: true, force: true }));

describe('heddle wasm new', () => {
  test('makes a filter whose tests pass, and fail with it', async () => {
    const passed = await runHeddle(['wasm', 'test'], { cwd: guard, env: { NO_COLOR: '1' } });
    expect(passed.exitCode, passed.stdout + passed.stderr).toBe(0);
    expect(passed.stdout).toContain('6 passed');

    const broken = path.join(home, 'broken');
    await runHeddle(['wasm', 'new', 'broken'], { cwd: home });
    const source = path.join(broken, 'assembly/index.ts');
    await writeFile(source, (await readFile(source, 'utf8')).replace('this.reply(401', 'this.reply(403'));
    const failed = await runHeddle(['wasm', 'test', 'broken', '--', '-t', 'refused'], {
      cwd: home,
      env: { NO_COLOR: '1' },
    });
    expect(failed.exitCode).toBe(1);
    expect(failed.stdout).toContain('3 failed | 3 skipped');
  }, 60_000);

  test.each([
    ['guard', 'has files already'],
    ['Guard', 'wanted a name of small letters'],
  ])('refuses %s', async (name, message) => {
    const { exitCode, stderr } = await runHeddle(['wasm', 'new', name], { cwd: home });
    expect(exitCode).toBe(64);
    expect(stderr).toContain(message);
  });
});

describe('heddle wasm build', () => {
  test('prints sizes, exports and imports, and writes the map beside the module', async () => {
    const { stdout, exitCode } = await runHeddle(['wasm', 'build', 'guard', '-o', 'out/filter.wasm'], { cwd: home });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^out\/filter\.wasm {2}[\d.]+ KB \([\d.]+ KB without names of functions\), [\d.]+ KB compressed\n/,
    );
    expect(stdout).toMatch(
      /\nexports {2}.*proxy_on_request_headers.*\nimports {2}.*env\.proxy_send_local_response.*\n$/,
    );
    const map = JSON.parse(await readFile(path.join(home, 'out/filter.wasm.map'), 'utf8'));
    expect(map.sources).toContain('assembly/index.ts');
  });

  test('shows what is wrong with the sources', async () => {
    await writeFile(path.join(home, 'wrong.ts'), 'export function proxy_on_tick(id: i32): void {\n  wrong();\n}\n');
    const { stderr, exitCode } = await runHeddle(['wasm', 'build', 'wrong.ts'], { cwd: home });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "wrong.ts:2:3: error TS2304: Cannot find name 'wrong'.\n    2 │   wrong();\n      │   ^^^^^",
    );
  });

  test('builds again on a change, and after a mistake', async () => {
    const folder = path.join(home, 'watched');
    await runHeddle(['wasm', 'new', 'watched'], { cwd: home });
    const source = path.join(folder, 'assembly/index.ts');
    const text = await readFile(source, 'utf8');
    const watching = startHeddle(['wasm', 'build', '--watch', '--no-optimize'], { cwd: folder });
    await watching.waitFor('build/watched.wasm');
    await watching.waitFor('waiting for changes');
    await writeFile(source, text.replace('this.reply', 'this.answer'));
    await watching.waitFor("Property 'answer' does not exist");
    const before = watching.stdout().length;
    await writeFile(source, text.replace('a key is wanted', 'another key is wanted'));
    await eventually(async () => expect(watching.stdout().slice(before)).toContain('build/watched.wasm'));
    await eventually(async () =>
      expect((await readFile(path.join(folder, 'build/watched.wasm'), 'utf16le')).length).toBeGreaterThan(0),
    );
    expect(await watching.stop()).toBe(0);
    const run = await runHeddle(['wasm', 'run', 'build/watched.wasm', '--config', '{"key":"k"}'], { cwd: folder });
    expect(run.stdout).toContain('another key is wanted');
  }, 60_000);
});

describe('heddle wasm run', () => {
  const run = (...args: string[]) => runHeddle(['wasm', 'run', 'build/guard.wasm', ...args], { cwd: guard });

  test('shows the answer and every call of a module', async () => {
    const { stdout, exitCode } = await run(
      '--config',
      '{"key": "secret"}',
      '--path',
      '/order',
      '--header',
      'x-key=wrong',
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^401 {2}\(the filter's own answer: guard_missing\)\n/);
    expect(stdout).toMatch(
      /\n {2}proxy_on_request_headers\(2, 5, 1\) → \d\n {4}proxy_get_header_map_pairs\(http request headers\) → 0 ok: \[.*x-key: wrong.*\]\n/,
    );
  });

  test('answers what the filter asks of clusters', async () => {
    const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${encoded({ alg: 'RS256', kid: 'k' })}.${encoded({ iss: 'i', exp: 9999999999 })}.AAAA`;
    const configuration = { providers: [{ issuer: 'i', jwks: { cluster: 'keys', url: 'http://keys/jwks' } }] };
    await writeFile(path.join(guard, 'keys.json'), '{"keys":[]}');
    const filter = path.join(import.meta.dirname, '../../filters/jwt-auth');
    const asked = await runHeddle(
      ['wasm', 'run', filter, '--config', JSON.stringify(configuration)].concat(
        ...['--header', `authorization=Bearer ${token}`, '--cluster', 'keys=200:@keys.json', '--cluster', 'other=503'],
      ),
      { cwd: guard },
    );
    expect(asked.stdout).toMatch(/^503 {2}/);
    expect(asked.stdout).toMatch(/proxy_http_call\("keys", \[:method: GET, .*\], "", \[\], 2000\) → 0 ok: \d+\n/);
    expect(asked.stdout).toContain(
      'proxy_get_buffer_bytes(http call response body, 0, -1) → 0 ok: "{\\"keys\\":[]}"\n',
    );
    const wrong = await run('--cluster', 'keys');
    expect(wrong.exitCode).toBe(64);
    expect(wrong.stderr).toContain('found --cluster "keys", wanted NAME=STATUS');
  }, 60_000);

  test('takes configuration and bodies from files, and prints JSON', async () => {
    await writeFile(path.join(guard, 'config.json'), '{"key": "secret", "header": "x-token"}');
    await writeFile(path.join(guard, 'body.bin'), Uint8Array.of(0xff, 0x00));
    const { stdout } = await run(
      ...['--config', '@config.json', '--header', 'x-token=secret', '--method', 'POST', '--body', '@body.bin'],
      ...['--response-status', '201', '--response-header', 'x-a=b=c', '--response-body', 'made', '--json'],
    );
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      status: 201,
      body: 'made',
      headers: { 'x-a': 'b=c', 'x-filter': 'guard' },
      upstream: { bodyBase64: '/wA=', headers: { ':method': 'POST' } },
    });
  });

  test.each<[args: string[], exitCode: number, message: string]>([
    [['--config', '{}'], 1, 'refuses its configuration: the configuration cannot be used: key: is missing\n'],
    [['--config', '@nothing.json'], 1, 'cannot read "nothing.json": there is no such file'],
    [['--header', 'wrong'], 64, 'found "wrong", wanted NAME=VALUE'],
    [['--response-status', '2000'], 64, 'wanted a status from 100 to 599'],
  ])('says what is wrong: %j', async (args, exitCode, message) => {
    const { stderr, ...rest } = await run(...args);
    expect(rest.exitCode).toBe(exitCode);
    expect(stderr).toContain(message);
  });
});

test.each([
  ['no module', 'no wasm', 'wanted 00 61 73 6d 01 00 00 00 at its beginning, found 6e 6f 20 77'],
  ['no filter', '\0asm\x01\0\0\0', 'wanted the marker of Proxy-Wasm ABI'],
  ['half a module', '\0asm\x01\0\0\0\x07', 'the module'],
])('heddle wasm run names the file that is %s', async (_, content, message) => {
  await writeFile(path.join(home, 'other.wasm'), content, 'latin1');
  const { exitCode, stderr } = await runHeddle(['wasm', 'run', 'other.wasm'], { cwd: home });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^heddle: cannot run "other\.wasm": /);
  expect(stderr).toContain(message);
});

describe('heddle wasm trace', () => {
  test.skipIf(envoyPath === undefined)(
    "finds the line in a real Envoy's log",
    async () => {
      if (envoyPath === undefined) throw new Error('no Envoy');
      // The new filter's own envoy.yaml, with a module that fails.
      const folder = path.join(home, 'failing');
      await runHeddle(['wasm', 'new', 'failing'], { cwd: home });
      const source = path.join(folder, 'assembly/index.ts');
      const text = (await readFile(source, 'utf8')).replace(
        'const key = this.requestHeaders',
        "if (this.requestHeaders.has('x-fail')) throw new Error('as asked');\n    const key = this.requestHeaders",
      );
      await writeFile(source, text);
      const line = text.split('\n').findIndex((one) => one.includes('as asked')) + 1;
      expect((await runHeddle(['wasm', 'build'], { cwd: folder })).exitCode).toBe(0);
      const [port = 0] = await freePorts(1);
      const configuration = parse(await readFile(path.join(folder, 'envoy.yaml'), 'utf8'));
      configuration.static_resources.listeners[0].address.socket_address.port_value = port;
      await writeFile(path.join(folder, 'envoy.yaml'), stringify(configuration));
      const envoy = spawn(
        envoyPath,
        [
          ...['-c', 'envoy.yaml', '--use-dynamic-base-id', '--concurrency', '1'],
          // Logs are written every ten seconds by default.
          ...['-l', 'error', '--log-path', 'envoy.log', '--file-flush-interval-msec', '100'],
        ],
        { cwd: folder, stdio: 'ignore' },
      );
      const ended = new Promise((resolve) => envoy.once('exit', resolve));
      try {
        const url = `http://127.0.0.1:${port}/`;
        expect((await eventually(() => fetch(url))).status).toBe(401);
        expect((await fetch(url, { headers: { 'x-fail': '1' } })).status).toBe(503);
        await eventually(async () =>
          expect(await readFile(path.join(folder, 'envoy.log'), 'utf8')).toContain('backtrace'),
        );
      } finally {
        envoy.kill();
        await ended;
      }
      const { stdout, stderr, exitCode } = await runHeddle(['wasm', 'trace', 'envoy.log'], { cwd: folder });
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toMatch(/^failing: proxy_on_request_headers failed: unreachable\n {2}.*as asked/);
      expect(stdout).toMatch(
        new RegExp(`\\(assembly/index\\.ts:${line}:\\d+\\)\\n +${line} │ .*throw new Error\\('as asked'\\)`),
      );

      const log = await readFile(path.join(folder, 'envoy.log'), 'utf8');
      const json = await runHeddle(['wasm', 'trace', '-', '--module', 'build/failing.wasm', '--json'], {
        cwd: folder,
        input: log,
      });
      const [failure] = JSON.parse(json.stdout).failures;
      expect(failure).toMatchObject({ callback: 'proxy_on_request_headers', module: 'build/failing.wasm' });
      // The same failure at the same places, here.
      const run = await runHeddle(
        ['wasm', 'run', 'build/failing.wasm', '--config', '{"key":"k"}', '--header', 'x-fail=1', '--json'],
        { cwd: folder },
      );
      expect(run.exitCode).toBe(1);
      expect(JSON.parse(run.stdout).failure.frames).toEqual(failure.frames);
    },
    60_000,
  );

  test('says so if there is no failure, or no such file', async () => {
    const none = await runHeddle(['wasm', 'trace', '-'], { cwd: guard, input: 'all is well\n' });
    expect(none).toMatchObject({ exitCode: 0, stdout: '' });
    expect(none.stderr).toContain('no failure of a filter in this log');
    const missing = await runHeddle(['wasm', 'trace', 'nothing.log'], { cwd: guard });
    expect(missing).toMatchObject({ exitCode: 1 });
    expect(missing.stderr).toContain('cannot read "nothing.log": there is no such file');
  });
});
