/**
 * What serving costs: a mesh of Services and Pods, the real compiler and discovery server, and many sidecars that are sent everything
 * over delta streams; run by turns with a floor that only writes the same bytes to the same streams (discovery/floor-process.ts).
 * Server and load are processes of their own, on a core each where `taskset` exists.
 *
 * Prints a JSON line per figure to stdout (ours, floor, ratio, and each run's value) and a table to stderr. Times depend on the
 * machine: read the ratios and the CPU seconds. What is exact is asserted: a change without effect must send nothing, and every
 * change must reach every stream; otherwise the exit code is 1.
 *
 * npm run bench:discovery -- [--streams 100,200,1000] [--workloads 1] [--services 1000] [--endpoints 10] [--rounds 2] [--changes 10]
 *   [--seconds 3] [--per-second 100] [--path raw] [--built] [--adsload PATH]
 *
 * `--workloads` spreads the streams over so many views. `--built` runs what `tsc -b` wrote, as users do, instead of the sources, which
 * cost some 20 MB to strip of their types. `npm run soak` is a minute of changes at 1,000 streams. `--path` is connect or raw
 * (docs/decisions/0021-response-path.md). `--adsload` names a load client by others, an executable that takes -addr, -n, -delta and
 * -ns and answers `mark` lines; its figures have no floor.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureWithAdsload } from './discovery/adsload.ts';
import { canPin } from './discovery/child-process.ts';
import { type Figures, measure, type Plan } from './discovery/measure.ts';
import { record } from './discovery/recording.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '100,200,1000' },
    workloads: { type: 'string', default: '1' },
    built: { type: 'boolean', default: false },
    services: { type: 'string', default: '1000' },
    endpoints: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '2' },
    changes: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '3' },
    'per-second': { type: 'string', default: '100' },
    path: { type: 'string', default: 'raw' },
    adsload: { type: 'string' },
  },
});
const path = oneOf('--path', values.path, ['connect', 'raw']);
const sizes = values.streams.split(',').map((text) => count('--streams', text));
const common: Omit<Plan, 'streams'> = {
  services: count('--services', values.services),
  endpointsPerService: count('--endpoints', values.endpoints),
  workloads: count('--workloads', values.workloads),
  changes: count('--changes', values.changes),
  rate: { perSecond: count('--per-second', values['per-second']), seconds: Number(values.seconds) },
};

/** What is printed, and where it stands in a run's figures. Ratios of figures that the floor does not have are left out. */
const figures: Readonly<Record<string, (figures: Figures) => number | undefined>> = {
  'compile, CPU s': ({ compileCpuSeconds }) => compileCpuSeconds,
  'first sync, CPU s': ({ sync }) => sync.cpuSeconds,
  'first sync with compile, CPU s': ({ sync, compileCpuSeconds }) => sync.cpuSeconds + compileCpuSeconds,
  'first sync, wall ms': ({ sync }) => sync.wallMs,
  'first sync, bytes': ({ sync }) => sync.bytes,
  'first sync, responses': ({ sync }) => sync.responses,
  'first sync, client CPU s': ({ sync }) => sync.clientCpuSeconds,
  'RSS after first sync, MB': ({ sync }) => sync.rssMegabytes,
  'peak RSS of first sync, MB': ({ sync }) => sync.peakRssMegabytes,
  'sync on a warm server, CPU s': ({ again }) => again.cpuSeconds,
  'sync on a warm server, wall ms': ({ again }) => again.wallMs,
  'one endpoint, taken by the server p50 ms': ({ change }) => change.appliedP50Ms,
  'one endpoint, at the clients p50 ms': ({ change }) => change.p50Ms,
  'one endpoint, at the clients p99 ms': ({ change }) => change.p99Ms,
  'one endpoint, CPU s': ({ change }) => change.cpuSecondsPerChange,
  'one endpoint, bytes': ({ change }) => change.bytesPerChange,
  'one endpoint, responses': ({ change }) => change.responsesPerChange,
  'change without effect, bytes': ({ noEffect }) => noEffect.bytes,
  'steady changes, staleness p50 ms': ({ rate }) => rate?.p50Ms,
  'steady changes, staleness p99 ms': ({ rate }) => rate?.p99Ms,
  'steady changes, CPU s a second': ({ rate }) => rate?.cpuSecondsPerSecond,
  'steady changes, responses': ({ rate }) => rate?.responses,
  'steady changes, bytes': ({ rate }) => rate?.bytes,
  'steady changes, never arrived': ({ rate }) => rate?.missing,
  'steady changes, RSS slope MB/s': ({ rate }) => rate?.rssSlope,
  'steady changes, RSS at the end MB': ({ rate }) => rate?.rssMegabytes,
};

const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
try {
  const recording = join(folder, 'recording.json');
  await record(recording, common);
  for (const streams of sizes) await compare({ ...common, streams }, recording);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Ours and the floor by turns; prints what they took. */
async function compare(plan: Plan, recording: string): Promise<void> {
  const runs: { readonly ours: Figures[]; readonly floor: Figures[] } = { ours: [], floor: [] };
  for (let round = 0; round < count('--rounds', values.rounds); round++) {
    runs.floor.push(await measure({ file: 'floor-process.ts', core: 0 }, { recording }, plan));
    runs.ours.push(await measure({ file: 'server-process.ts', core: 0 }, { path }, plan));
  }
  const rows: Record<'figure' | 'ours' | 'floor' | 'ratio', string | number | undefined>[] = [];
  for (const [figure, read] of Object.entries(figures)) {
    const ours = runs.ours.flatMap((run) => read(run) ?? []);
    const floor = runs.floor.flatMap((run) => read(run) ?? []);
    if (ours.length === 0) continue;
    const row = { figure, ours: median(ours), floor: median(floor), ratio: ratio(median(ours), median(floor)) };
    rows.push(row);
    const each = { ours: ours.map(rounded), floor: floor.map(rounded) };
    console.log(JSON.stringify({ streams: plan.streams, ...row, runs: each }));
  }
  if (values.adsload !== undefined) {
    for (const line of await measureWithAdsload(values.adsload, plan, path)) console.log(JSON.stringify(line));
  }
  const width = Math.max(...rows.map(({ figure }) => String(figure).length));
  const cells = (row: Readonly<Record<string, string | number | undefined>>) =>
    ['ours', 'floor', 'ratio'].map((key) => String(row[key] ?? '').padStart(12)).join('');
  console.error(
    `${plan.streams} streams of ${plan.workloads} workloads, ${plan.services} services × ${plan.endpointsPerService} endpoints, ` +
      `Node ${process.version}, path ${path}, ${canPin ? 'a core each' : 'not pinned'}`,
  );
  console.error(`${''.padEnd(width)}${cells({ ours: 'ours', floor: 'floor', ratio: 'ours/floor' })}`);
  for (const row of rows) console.error(`${String(row['figure']).padEnd(width)}${cells(row)}`);
  for (const { noEffect, rate } of runs.ours) {
    if (noEffect.bytes > 0) fail(`a change without effect sent ${noEffect.bytes} bytes, wanted 0`);
    if (rate !== undefined && rate.missing > 0) fail(`${rate.missing} changes did not arrive at a stream, wanted 0`);
  }
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return rounded(((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2);
}

/** Nothing if the floor has no such cost. */
function ratio(ours: number, floor: number): number | undefined {
  return Math.abs(floor) < 0.002 ? undefined : rounded(ours / floor);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function count(flag: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`Cannot read ${flag} "${text}", wanted a whole number from 1`);
  return number;
}

function oneOf(flag: string, text: string, known: readonly string[]): string {
  if (!known.includes(text)) throw new Error(`Cannot read ${flag} "${text}", wanted one of ${known.join(', ')}`);
  return text;
}
