import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { AgentError } from './agent-error.ts';
import { type Environment, type InstalledEnvoy, listCachedEnvoys, listFuncEEnvoys } from './envoy-folders.ts';
import {
  DEFAULT_ENVOY_VERSION,
  describeSupportedVersions,
  type EnvoyVersion,
  formatVersion,
  isSupportedVersion,
  matchesVersion,
  readEnvoyVersion,
} from './envoy-version.ts';
import { fetchEnvoy } from './fetch-envoy.ts';

/** What {@link findEnvoy} looks for, and where. */
export interface FindEnvoyOptions {
  /** A path that a user has named: that one or none. */
  readonly envoyPath?: string | undefined;
  /** `1.40` (any patch of it) or `1.40.0`. By default any supported version will do, 1.40 preferred. */
  readonly version?: string | undefined;
  /** Default: the process's own. Read are ENVOY_PATH, PATH, HOME, XDG_CACHE_HOME, XDG_DATA_HOME, FUNC_E_DATA_HOME, FUNC_E_HOME. */
  readonly env?: Environment;
  /** Whether to fetch Envoy when there is none. Default: true. */
  readonly fetch?: boolean;
  /** Told in a line what takes time or may surprise: a fetch, an Envoy that was passed over. */
  readonly log?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** An Envoy that can be run. */
export interface FoundEnvoy {
  readonly path: string;
  /** `1.40.0` */
  readonly version: string;
  readonly from: 'envoyPath' | 'ENVOY_PATH' | 'PATH' | 'func-e' | 'cache' | 'fetched';
}

type Candidate = { readonly path: string; readonly from: FoundEnvoy['from'] };

/**
 * Finds an Envoy, in this order: the path that was named, `$ENVOY_PATH`, `envoy` on PATH, func-e's folder, our cache; at last it
 * fetches one into the cache (see {@link fetchEnvoy}). A named Envoy that does not fit is an error; one that merely lies around is
 * passed over, and the log says so.
 *
 * When no version is asked for, func-e's folder and the cache are first searched for the default version, and for any other
 * supported one only when that cannot be fetched either.
 *
 * @throws AgentError; its message names what to do next
 *
 * @example
 * const { path, version } = await findEnvoy({ log: console.error });
 */
export async function findEnvoy(options: FindEnvoyOptions = {}): Promise<FoundEnvoy> {
  const env = options.env ?? process.env;
  const log = options.log ?? (() => {});

  if (options.envoyPath) return checkNamed({ path: options.envoyPath, from: 'envoyPath' }, options.version);
  if (env['ENVOY_PATH']) return checkNamed({ path: env['ENVOY_PATH'], from: 'ENVOY_PATH' }, options.version);

  for (const directory of (env['PATH'] ?? '').split(delimiter)) {
    const path = join(directory, 'envoy');
    if (directory === '' || !(await isExecutable(path))) continue;
    const found = await tryCandidate({ path, from: 'PATH' }, options.version, log);
    if (found !== undefined) return found;
    break;
  }

  const installed = [
    ...(await listFuncEEnvoys(env)).map((envoy) => ({ ...envoy, from: 'func-e' as const })),
    ...(await listCachedEnvoys(env)).map((envoy) => ({ ...envoy, from: 'cache' as const })),
  ];
  const wanted = options.version ?? DEFAULT_ENVOY_VERSION;
  const preferred = await firstUsable(installed, wanted, log);
  if (preferred !== undefined) return preferred;

  const failure = await fetchUnlessUnwanted(wanted, options, env);
  if (!(failure instanceof AgentError)) return failure;
  if (options.version === undefined) {
    const other = await firstUsable(installed, undefined, log);
    if (other !== undefined) {
      log(`using Envoy ${other.version}, since ${wanted} is not there: ${failure.message}`);
      return other;
    }
  }
  throw failure;
}

async function fetchUnlessUnwanted(
  wanted: string,
  { fetch = true, log, signal }: FindEnvoyOptions,
  env: Environment,
): Promise<FoundEnvoy | AgentError> {
  if (!fetch) {
    const message =
      `Cannot find Envoy ${wanted}: it is not on PATH, nor in func-e's folder, nor in the cache. Run "heddle envoy which" ` +
      'to fetch it, or name one with --envoy-path or $ENVOY_PATH.';
    return new AgentError('envoy-not-found', message);
  }
  const unsupported = refuseVersion(wanted);
  if (unsupported !== undefined) return unsupported;
  try {
    const options = { env, ...(log === undefined ? {} : { log }), ...(signal === undefined ? {} : { signal }) };
    const path = await fetchEnvoy(wanted, options);
    return { path, version: formatVersion(await readEnvoyVersion(path)), from: 'fetched' };
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

/** An error for a version that no Envoy could satisfy, before anything is downloaded. */
function refuseVersion(wanted: string): AgentError | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?$/.exec(wanted);
  const version = match && { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
  if (version && isSupportedVersion(version)) return undefined;
  const message = `Cannot fetch Envoy "${wanted}": supported are ${describeSupportedVersions()}. Ask for one of them.`;
  return new AgentError('envoy-unsupported', message);
}

async function checkNamed(candidate: Candidate, wanted: string | undefined): Promise<FoundEnvoy> {
  const name = candidate.from === 'envoyPath' ? '--envoy-path' : `$${candidate.from}`;
  if (!(await isExecutable(candidate.path))) {
    const message = `Cannot use Envoy from ${name}: "${candidate.path}" is not an executable file`;
    throw new AgentError('envoy-unusable', message);
  }
  const version = await readEnvoyVersion(candidate.path);
  const problem = describeMisfit(version, wanted);
  if (problem !== undefined) {
    const advice = `Name another with ${name}, or leave it out to have one found or fetched.`;
    throw new AgentError(
      'envoy-unsupported',
      `Cannot use Envoy from ${name}: "${candidate.path}" ${problem}. ${advice}`,
    );
  }
  return { ...candidate, version: formatVersion(version) };
}

async function firstUsable(
  installed: readonly (InstalledEnvoy & Candidate)[],
  wanted: string | undefined,
  log: (line: string) => void,
): Promise<FoundEnvoy | undefined> {
  for (const { path, from, version } of installed) {
    if (describeMisfit(version, wanted) !== undefined || !(await isExecutable(path))) continue;
    const found = await tryCandidate({ path, from }, wanted, log);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function tryCandidate(
  candidate: Candidate,
  wanted: string | undefined,
  log: (line: string) => void,
): Promise<FoundEnvoy | undefined> {
  try {
    const version = await readEnvoyVersion(candidate.path);
    const problem = describeMisfit(version, wanted);
    if (problem === undefined) return { ...candidate, version: formatVersion(version) };
    log(`passing over "${candidate.path}", which ${problem}`);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    log(`passing over "${candidate.path}": ${error.message}`);
  }
  return undefined;
}

function describeMisfit(version: EnvoyVersion, wanted: string | undefined): string | undefined {
  const found = formatVersion(version);
  if (wanted !== undefined && !matchesVersion(version, wanted)) return `is Envoy ${found}, wanted ${wanted}`;
  if (!isSupportedVersion(version)) return `is Envoy ${found}, supported are ${describeSupportedVersions()}`;
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    // Folders are "executable" too.
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
