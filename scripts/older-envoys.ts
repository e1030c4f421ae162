// Every supported Envoy accepts what is compiled for it: node --conditions=@heddle/source scripts/older-envoys.ts
//
// Translates the examples into whole configurations, for each minor version, and lets that Envoy validate them.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { findEnvoy } from '@heddle/agent';
import { supportedEnvoyVersions } from '@heddle/envoy-api';
import { pinnedNode, root } from './ensure.mjs';

let passed = 0;
let failed = 0;
const folder = mkdtempSync(join(tmpdir(), 'heddle-envoys-'));

try {
  for (const version of supportedEnvoyVersions) {
    const envoy = await findEnvoy({ version });
    for (const example of globSync('examples/*/', { cwd: root }).sort()) {
      report(`Envoy ${version}: ${example}`, validate(envoy.path, version, example));
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** What is wrong, or nothing. */
function validate(envoy: string, version: string, manifests: string): string | undefined {
  const translated = run(pinnedNode(), [
    '--conditions=@heddle/source',
    'packages/cli/src/main.ts',
    'translate',
    '-f',
    manifests,
    '--for',
    'gateway',
    '--output',
    'bootstrap',
    '--envoy-version',
    version,
  ]);
  if (translated.status !== 0) return translated.stderr;
  const file = join(folder, 'envoy.yaml');
  writeFileSync(file, translated.stdout);
  const validated = run(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'error']);
  return validated.status === 0 ? undefined : validated.stderr;
}

function run(command: string, args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 60_000 });
}

function report(name: string, problem: string | undefined): void {
  if (problem === undefined) passed += 1;
  else failed += 1;
  process.stdout.write(problem === undefined ? `passed  ${name}\n` : `FAILED  ${name}\n${problem}\n`);
}
