// Every supported Envoy accepts what is compiled for it: node --conditions=@heddle/source scripts/older-envoys.ts
//
// For each minor version: the examples as whole configurations, which that Envoy validates, and the configuration of every
// parity case over ADS, which it must acknowledge. What it answers is compared with the newest only (npm run parity). Then, by delta
// and by state of the world, a gateway that follows `heddle control-plane` through an edit.
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { findEnvoy } from '@heddle/agent';
import { SUPPORTED_ENVOY_MINORS } from '@heddle/model';
import { followControlPlane } from '../test/conformance/follow-control-plane.ts';
import { startEchoBackends } from '../test/parity/echo-backends.ts';
import { startMesh } from '../test/parity/mesh.ts';
import { loadCases } from '../test/parity/parity-case.ts';
import { MAX_BACKENDS, substitute } from '../test/parity/run-case.ts';
import { seededRandom } from '../test/parity/seeded-random.ts';
import { pinnedNode, root } from './ensure.mjs';

/** Of PyPI's Envoys the one that runs no modules; over ADS `node.extensions` tells, and the compiler refuses what should pass them. */
const WITHOUT_WASM = '1.38';

let passed = 0;
let failed = 0;
const { oldest, newest } = SUPPORTED_ENVOY_MINORS;
const cases = loadCases(join(root, 'test/parity/cases'), join(root, 'test/parity/bases'));
const filters = filtersExample();
process.once('exit', () => rmSync(filters, { recursive: true, force: true }));

for (let minor = oldest; minor <= newest; minor += 1) {
  const version = `1.${minor}`;
  const envoy = await findEnvoy({ version, log: (line) => process.stderr.write(`${line}\n`) });
  for (const folder of globSync('examples/*/', { cwd: root }).sort()) {
    // An example with steps keeps what it starts with in a folder of its own.
    const [example = folder] = globSync(join(folder, 'mesh'), { cwd: root });
    // Its user runs it beside the nginx example, with a filter that a step of its README makes.
    const manifests = folder === 'examples/filters' ? ['examples/nginx', filters] : [example];
    const problem = validate(envoy.path, version, manifests);
    const expected = manifests.includes(filters) && version === WITHOUT_WASM ? withoutWasm(problem) : problem;
    report(`Envoy ${version}: ${example}`, expected);
  }
  for (const variant of ['delta', 'state of the world'] as const) {
    report(
      `Envoy ${version}: follows heddle control-plane by ${variant}`,
      await followControlPlane(envoy.path, variant),
    );
  }
  // The newest runs them in the parity suite.
  if (minor < newest) await acknowledge(envoy.path, version);
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** An Envoy that cannot load a module must say so; that it does is no problem, and that it loads one is, until it leaves this list. */
function withoutWasm(problem: string | undefined): string | undefined {
  if (problem?.includes('Failed to load Wasm code') === true) {
    process.stdout.write(`noted   Envoy ${WITHOUT_WASM} was built without a runtime for WebAssembly\n`);
    return undefined;
  }
  return problem ?? 'found an Envoy that runs modules, wanted the one that was built without a runtime for them';
}

/** What is wrong with an example as a whole configuration, or nothing. */
function validate(envoy: string, version: string, manifests: readonly string[]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-envoys-'));
  try {
    const flags = ['--for', 'gateway', '--output', 'bootstrap', '--envoy-version', version];
    const translated = heddle('translate', ...manifests.flatMap((path) => ['-f', path]), ...flags);
    if (translated.status !== 0) return translated.stderr;
    if (manifests.includes(filters) && !translated.stdout.includes('.wasm'))
      return 'found no module in the configuration, wanted that of the filter';
    const file = join(folder, 'envoy.yaml');
    writeFileSync(file, translated.stdout);
    const validated = run(envoy, ['--mode', 'validate', '-c', file, '--log-level', 'error']);
    return validated.status === 0 ? undefined : validated.stderr;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Serves every parity case to one Envoy, as a gateway and as a sidecar, and reports what it refuses. */
async function acknowledge(envoyPath: string, version: string): Promise<void> {
  const backends = await startEchoBackends(MAX_BACKENDS);
  const log = (line: string) => process.stderr.write(`Envoy ${version}: ${line}\n`);
  const mesh = await startMesh({ envoyPath, random: seededRandom(1), log });
  try {
    for (const { name, resources } of cases) {
      let problem: string | undefined;
      try {
        const { refused } = await mesh.configure(substitute(resources, backends));
        if (refused.length > 0) problem = refused.join('\n');
      } catch (error) {
        problem = error instanceof Error ? error.message : String(error);
      }
      report(`Envoy ${version}: ${name}`, problem);
    }
  } finally {
    await mesh.close();
    backends.close();
  }
}

/** The manifest of `examples/filters` beside the filter that its README makes, in a folder within the repository, where packages are found. */
function filtersExample(): string {
  const cache = join(root, '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'envoys-filters-'));
  copyFileSync(join(root, 'examples/filters/plugin.yaml'), join(folder, 'plugin.yaml'));
  const made = heddle('wasm', 'new', join(folder, 'guard'));
  if (made.status !== 0) throw new Error(`cannot make the filter of examples/filters: ${made.stderr}`);
  return folder;
}

function heddle(...args: readonly string[]): ReturnType<typeof run> {
  return run(pinnedNode(), ['--conditions=@heddle/source', 'packages/cli/src/main.ts', ...args]);
}

function run(command: string, args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 60_000 });
}

function report(name: string, problem: string | undefined): void {
  if (problem === undefined) passed += 1;
  else failed += 1;
  process.stdout.write(problem === undefined ? `passed  ${name}\n` : `FAILED  ${name}\n${problem}\n`);
}
