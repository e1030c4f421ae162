/**
 * Which way responses should take: Connect handlers that yield messages, or the raw path that writes shared bytes, both behind the
 * same discovery server, on each runtime, beside the floor (on Node). Figures and decision: docs/decisions/0021-response-path.md.
 *
 * npm run bench:response-path -- [--streams 200] [--rounds 3] [--runtimes node,bun,deno]
 *
 * Prints a JSON line per run, then per runtime and path the lowest CPU of its runs: other work on the machine only adds to it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NODE } from './child-process.ts';
import { type Figures, measure, type Plan } from './measure.ts';
import { record } from './recording.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '3' },
    runtimes: { type: 'string', default: 'node,bun,deno' },
  },
});

const bin = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));
const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  node: NODE,
  bun: [bin('bun'), '--conditions=@heddle/source'],
  deno: [bin('deno'), 'run', '-A', '--conditions=@heddle/source'],
};

const plan: Plan = {
  services: 1_000,
  endpointsPerService: 10,
  streams: Number(values.streams),
  workloads: 1,
  changes: 5,
  rate: { perSecond: 100, seconds: 0 },
};

const runs = new Map<string, Figures[]>();
const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
try {
  const recording = join(folder, 'recording.json');
  await record(recording, plan);
  for (let round = 0; round < Number(values.rounds); round++) {
    await run('node floor', () => measure({ file: 'floor-process.ts', core: 0 }, { recording }, plan));
    for (const name of values.runtimes.split(',')) {
      const runtime = RUNTIMES[name];
      if (runtime === undefined)
        throw new Error(`Cannot run on "${name}", wanted one of ${Object.keys(RUNTIMES).join(', ')}`);
      for (const path of ['connect', 'raw']) {
        await run(`${name} ${path}`, () => measure({ file: 'server-process.ts', core: 0, runtime }, { path }, plan));
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const columns = ['first CPU s', 'warm CPU s', 'first ms', 'warm ms', 'RSS MB', 'peak MB', 'change CPU ms'];
console.log(`| | ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length + 1)}`);
for (const [name, figures] of runs) {
  const least = (read: (one: Figures) => number) => Math.min(...figures.map(read));
  const cells = [
    least(({ sync }) => sync.cpuSeconds).toFixed(2),
    least(({ again }) => again.cpuSeconds).toFixed(2),
    least(({ sync }) => sync.wallMs).toFixed(0),
    least(({ again }) => again.wallMs).toFixed(0),
    least(({ sync }) => sync.rssMegabytes).toFixed(0),
    least(({ sync }) => sync.peakRssMegabytes).toFixed(0),
    least(({ change }) => change.cpuSecondsPerChange * 1_000).toFixed(1),
  ];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
}

async function run(name: string, measureOnce: () => Promise<Figures>): Promise<void> {
  try {
    const figures = await measureOnce();
    runs.set(name, [...(runs.get(name) ?? []), figures]);
    console.log(JSON.stringify({ name, ...figures }));
  } catch (error) {
    // A runtime that cannot carry a path is a result too.
    console.log(JSON.stringify({ name, error: error instanceof Error ? error.message : String(error) }));
  }
}
