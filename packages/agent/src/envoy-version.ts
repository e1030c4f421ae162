import { execFile } from 'node:child_process';
import { supportedEnvoyVersions } from '@heddle/envoy-api';
import { AgentError } from './agent-error.ts';

/** A released Envoy version. */
export interface EnvoyVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** The minor version that is fetched, and looked for first, when none is asked for. */
export const DEFAULT_ENVOY_VERSION: string = supportedEnvoyVersions.at(-1) ?? '';

/** Parses `1.40.0`; undefined when it is something else. */
export function parseVersion(text: string): EnvoyVersion | undefined {
  const match = /^(\d+)\.(\d+)\.(\d+)$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/** `1.40.0`. */
export function formatVersion({ major, minor, patch }: EnvoyVersion): string {
  return `${major}.${minor}.${patch}`;
}

/** Sorts older versions first. */
export function compareVersions(one: EnvoyVersion, other: EnvoyVersion): number {
  return one.major - other.major || one.minor - other.minor || one.patch - other.patch;
}

/** Whether a version is what was asked for: `1.40` asks for any patch of 1.40. */
export function matchesVersion(version: EnvoyVersion, wanted: string): boolean {
  const text = formatVersion(version);
  return text === wanted || text.startsWith(`${wanted}.`);
}

/** Whether Envoys of this minor version are supported. */
export function isSupportedVersion({ major, minor }: EnvoyVersion): boolean {
  return (supportedEnvoyVersions as readonly string[]).includes(`${major}.${minor}`);
}

/** The supported versions in words: `1.36 to 1.40`. */
export function describeSupportedVersions(): string {
  return `${supportedEnvoyVersions[0]} to ${supportedEnvoyVersions.at(-1)}`;
}

/**
 * Runs `PATH --version` and reads the version from `envoy  version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL`.
 *
 * @throws AgentError `envoy-unusable` when it cannot be run or prints something else
 */
export function readEnvoyVersion(path: string): Promise<EnvoyVersion> {
  return new Promise((resolve, reject) => {
    execFile(path, ['--version'], { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error !== null) {
        const found = stderr.trim().split('\n')[0] || error.message;
        reject(
          new AgentError('envoy-unusable', `Cannot use "${path}" as Envoy: "${path} --version" failed: ${found}`, {
            cause: error,
          }),
        );
        return;
      }
      const version = parseVersion(/ version: [^/\s]*\/(\d+\.\d+\.\d+)[^/]*\//.exec(stdout)?.[1] ?? '');
      if (version === undefined) {
        const found = stdout.trim().split('\n')[0]?.slice(0, 120);
        reject(new AgentError('envoy-unusable', `Cannot use "${path}" as Envoy: wanted a version, found "${found}"`));
        return;
      }
      resolve(version);
    });
  });
}
