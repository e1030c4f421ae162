// The discovery server against its reference model, with ever new steps:
// npm run fuzz -- [--seconds N] [--seed S] [--keep]
//
// Runs the model-based tests of packages/discovery (src/*model.test.ts) with one seed after the other until the time is up: first
// the seeds in test/fuzz-seeds.json, which found something once, then S, S + 1 and so on, at least one. Without --seed the day
// decides, so that each day's run is new and can still be repeated. --keep adds a seed that fails to that file.
import { spawn } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { pinnedNode, root } from './ensure.mjs';

const MS_PER_DAY = 86_400_000;
const SEEDS_FILE = join(root, 'test/fuzz-seeds.json');
const models = globSync('packages/discovery/src/*model.test.ts', { cwd: root }).sort();

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const seconds = readNumber('seconds', values.seconds);
if (models.length === 0) throw new Error('Cannot fuzz: found no packages/discovery/src/*model.test.ts');

const kept: number[] = JSON.parse(readFileSync(SEEDS_FILE, 'utf8'));
const deadline = Date.now() + seconds * 1_000;
let passed = 0;
let failed = 0;
let seed = values.seed === undefined ? Math.floor(Date.now() / MS_PER_DAY) * 1_000 : readNumber('seed', values.seed);
for (const one of kept) await tryOut(one, `${one} (kept)`);
do {
  await tryOut(seed, `${seed}`);
  seed += 1;
} while (Date.now() < deadline);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function tryOut(seed: number, name: string): Promise<void> {
  const startedMs = Date.now();
  const { status, output } = await runModels(seed);
  const tookMs = Date.now() - startedMs;
  if (status === 0) {
    passed += 1;
    process.stdout.write(`passed  seed ${name}, ${(tookMs / 1_000).toFixed(1)} s\n`);
    return;
  }
  failed += 1;
  process.stdout.write(`FAILED  seed ${name}: npm run fuzz -- --seconds 1 --seed ${seed} repeats it\n${output}\n`);
  if (values.keep && !kept.includes(seed)) {
    kept.push(seed);
    writeFileSync(SEEDS_FILE, `[${kept.join(', ')}]\n`);
  }
}

function runModels(seed: number): Promise<{ readonly status: number | null; readonly output: string }> {
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/fuzz/vitest.config.ts', ...models];
  const child = spawn(pinnedNode(), args, {
    cwd: root,
    env: { ...process.env, HEDDLE_FUZZ_SEED: String(seed), NO_COLOR: '1', FORCE_COLOR: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output }));
  });
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`Cannot take --${name} "${text}": wanted a whole number`);
  return value;
}
