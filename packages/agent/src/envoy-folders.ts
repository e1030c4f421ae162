import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { compareVersions, type EnvoyVersion, parseVersion } from './envoy-version.ts';

/** The environment variables that are read; a process's own by default. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An Envoy in a folder whose name is its version. */
export interface InstalledEnvoy {
  readonly version: EnvoyVersion;
  readonly path: string;
}

/** Our own cache: `$XDG_CACHE_HOME/heddle/envoy`, by default `~/.cache/heddle/envoy`, with a folder per version. */
export function envoyCacheDirectory(env: Environment): string {
  return join(env['XDG_CACHE_HOME'] || join(home(env), '.cache'), 'heddle', 'envoy');
}

/** The Envoys in our cache, newest first. */
export function listCachedEnvoys(env: Environment): Promise<InstalledEnvoy[]> {
  return listVersions(envoyCacheDirectory(env), 'envoy');
}

/**
 * The Envoys that func-e has installed, newest first: `$FUNC_E_DATA_HOME/envoy-versions/VERSION/bin/envoy` (default
 * `~/.local/share/func-e`) since func-e 1.3, and `$FUNC_E_HOME/versions/VERSION/bin/envoy` (default `~/.func-e`) before.
 */
export async function listFuncEEnvoys(env: Environment): Promise<InstalledEnvoy[]> {
  const dataHome =
    env['FUNC_E_DATA_HOME'] || join(env['XDG_DATA_HOME'] || join(home(env), '.local', 'share'), 'func-e');
  const oldHome = env['FUNC_E_HOME'] || join(home(env), '.func-e');
  const found = await Promise.all([
    listVersions(join(dataHome, 'envoy-versions'), join('bin', 'envoy')),
    listVersions(join(oldHome, 'versions'), join('bin', 'envoy')),
  ]);
  return found.flat().sort((one, other) => compareVersions(other.version, one.version));
}

async function listVersions(directory: string, binary: string): Promise<InstalledEnvoy[]> {
  const names = await readdir(directory).catch(() => []);
  return names
    .flatMap((name) => {
      const version = parseVersion(name);
      return version === undefined ? [] : [{ version, path: join(directory, name, binary) }];
    })
    .sort((one, other) => compareVersions(other.version, one.version));
}

function home(env: Environment): string {
  return env['HOME'] || homedir();
}
