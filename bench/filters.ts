/**
 * What a filter costs in a real Envoy with one worker: CPU microseconds per request (user + system, from /proc) over an Envoy without a
 * filter, which answers by itself. Every filter has an Envoy of its own; they are loaded in turns, and the medians count. The API-key
 * filters of other languages (test/foreign-filters) do the same as ours; those that cannot be built here are left out, with the reason.
 *
 * node --conditions=@heddle/source bench/filters.ts [--seconds 2] [--rounds 5] [--connections 8] [--only 'NAME;NAME'] [--json]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { findEnvoy } from '@heddle/agent/find';
import { freePorts } from '../test/support/free-ports.ts';
import { type BenchEnvoy, startBenchEnvoy } from './filters/bench-envoy.ts';
import { type BuiltFilter, buildFilters, FILTER_NAMES, KEY } from './filters/built-filters.ts';
import { cpuSeconds, residentBytes, sendLoad } from './http-load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '8' },
    only: { type: 'string', default: FILTER_NAMES.join(';') },
    json: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const headers = [`x-api-key: ${KEY}`];

interface Row {
  readonly filter: string;
  readonly by: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly requestsPerSecond: number;
  readonly cpuMicroseconds: number;
  /** Over no filter. */
  readonly overNone: number | undefined;
  /** `overNone` as a share of the Rust filter's. */
  readonly ofRust: number | undefined;
  readonly residentMegabytes: number;
}

const { path } = await findEnvoy({ log: console.warn });
// Without the first nothing can be subtracted.
const filters = await buildFilters(['none', ...values.only.split(';').filter((name) => name !== 'none')]);
const rows = await measureAll(filters);
if (values.json) console.log(JSON.stringify({ seconds, rounds: Number(values.rounds), connections, rows }, null, 2));
else print(rows);

async function measureAll(all: readonly BuiltFilter[]): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
  const envoys: BenchEnvoy[] = [];
  try {
    const ports = await freePorts(all.length);
    for (const [i, filter] of all.entries()) envoys.push(await startBenchEnvoy(path, folder, ports[i] ?? 0, filter));
    const costs = all.map((): number[] => []);
    const rates = all.map((): number[] => []);
    for (const { port } of envoys) await sendLoad(port, { connections, headers, until: { requests: 20_000 } });
    // Taken in turns, so that a busy machine is busy for all.
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [i, { pid, port }] of envoys.entries()) {
        const before = cpuSeconds(pid);
        const requests = await sendLoad(port, { connections, headers, until: { seconds } });
        costs[i]?.push(((cpuSeconds(pid) - before) * 1e6) / requests);
        rates[i]?.push(requests / seconds);
      }
    }
    const cost = (name: string) => median(costs[all.findIndex((filter) => filter.name === name)] ?? []);
    return all.map((filter, i) => {
      const over = (cost(filter.name) ?? 0) - (cost('none') ?? 0);
      const rust = cost('api-key, Rust');
      return {
        filter: filter.name,
        by: filter.by,
        bytes: filter.wasm?.length ?? 0,
        gzipBytes: filter.wasm === undefined ? 0 : gzipSync(filter.wasm).length,
        requestsPerSecond: Math.round(median(rates[i] ?? []) ?? 0),
        cpuMicroseconds: Number((cost(filter.name) ?? 0).toFixed(1)),
        overNone: filter.wasm === undefined ? undefined : Number(over.toFixed(1)),
        ofRust:
          filter.wasm === undefined || rust === undefined
            ? undefined
            : Number((over / (rust - (cost('none') ?? 0))).toFixed(2)),
        residentMegabytes: Math.round(residentBytes(envoys[i]?.pid ?? 0) / 1e6),
      };
    });
  } finally {
    for (const envoy of envoys) await envoy.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function median(numbers: readonly number[]): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function print(table: readonly Row[]): void {
  console.log('filter                 wasm bytes    gzip   requests/s  CPU us  over none  of Rust  RSS MB');
  for (const row of table) {
    console.log(
      [
        row.filter.padEnd(22),
        String(row.bytes || '-').padStart(10),
        String(row.gzipBytes || '-').padStart(8),
        String(row.requestsPerSecond).padStart(12),
        row.cpuMicroseconds.toFixed(1).padStart(8),
        (row.overNone?.toFixed(1) ?? '-').padStart(10),
        (row.ofRust?.toFixed(2) ?? '-').padStart(9),
        String(row.residentMegabytes).padStart(7),
      ].join(''),
    );
  }
}
