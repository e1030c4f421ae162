/**
 * Whether a filter's memory grows: a million requests through a real Envoy, whose resident memory is read every so often, and as many
 * through the host in this process, whose module's memory is read. Prints bytes per request, by the least squares over the second half,
 * as a machine grows into its working size first.
 *
 * node --conditions=@heddle/source bench/filters-soak.ts [--requests 1000000] [--connections 8] [--only 'NAME;NAME']
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findEnvoy } from '@heddle/agent/find';
import { HeaderList, HttpStream, type Plugin, startPlugin } from '@heddle/wasm-host';
import { freePorts } from '../test/support/free-ports.ts';
import { startBenchEnvoy } from './filters/bench-envoy.ts';
import { type BuiltFilter, buildFilters, FILTER_NAMES, KEY } from './filters/built-filters.ts';
import { residentBytes, sendLoad } from './http-load.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    connections: { type: 'string', default: '8' },
    only: { type: 'string', default: FILTER_NAMES.join(';') },
  },
});
const requests = Number(values.requests);
const STEPS = 50;

const { path } = await findEnvoy({ log: console.warn });
const folder = mkdtempSync(join(tmpdir(), 'heddle-soak-'));
try {
  for (const filter of await buildFilters(values.only.split(';'))) {
    report(filter, 'Envoy, resident', await soakEnvoy(filter));
    if (filter.wasm !== undefined) report(filter, 'host, module', await soakHost(filter, filter.wasm));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Bytes after each step. */
async function soakEnvoy(filter: BuiltFilter): Promise<number[]> {
  const [port = 0] = await freePorts(1);
  const envoy = await startBenchEnvoy(path, folder, port, filter);
  try {
    const bytes: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const until = { requests: requests / STEPS };
      await sendLoad(port, { connections: Number(values.connections), headers: [`x-api-key: ${KEY}`], until });
      bytes.push(residentBytes(envoy.pid));
    }
    return bytes;
  } finally {
    await envoy.stop();
  }
}

async function soakHost({ name, configuration }: BuiltFilter, wasm: Uint8Array<ArrayBuffer>): Promise<number[]> {
  const plugin = await startPlugin({ module: wasm, name, configuration });
  const bytes: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    for (let i = 0; i < requests / STEPS; i++) sendThrough(plugin);
    bytes.push(plugin.memoryBytes);
    // Others of this process want their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  plugin.close();
  return bytes;
}

/** One request to an upstream that answers at once, and its end. */
function sendThrough(plugin: Plugin): void {
  const requestHeaders = new HeaderList([
    [':authority', 'bench.example'],
    [':path', '/bench/path?x=1'],
    [':method', 'GET'],
    [':scheme', 'http'],
    ['user-agent', 'bench'],
    ['accept', '*/*'],
    ['x-api-key', KEY],
  ]);
  const responseHeaders = new HeaderList([
    [':status', '200'],
    ['content-type', 'text/plain'],
  ]);
  const ignore = { headers: () => {}, data: () => true, trailers: () => {} };
  const stream = new HttpStream({
    plugins: [plugin],
    request: { ...ignore, headers: () => stream.response.headers(responseHeaders, true) },
    response: ignore,
    localReply: ({ status }) => {
      throw new Error(`Cannot soak "${plugin.name}": it answered ${status}, wanted every request to pass`);
    },
    reset: () => {},
  });
  stream.request.headers(requestHeaders, true);
  stream.close({ requestHeaders, responseHeaders });
}

function report({ name }: BuiltFilter, where: string, bytes: readonly number[]): void {
  const settled = bytes.slice(bytes.length >> 1);
  const slope = leastSquares(settled) / (requests / STEPS);
  const megabytes = (value = 0) => (value / 1e6).toFixed(1);
  console.log(
    `${name.padEnd(22)} ${where.padEnd(16)} ${megabytes(bytes[0])} MB at first, ${megabytes(bytes.at(-1))} MB after ${requests} requests: ${slope.toFixed(2)} bytes per request`,
  );
}

/** The slope of the line through values that are one step apart. */
function leastSquares(all: readonly number[]): number {
  const middle = (all.length - 1) / 2;
  const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
  let products = 0;
  let squares = 0;
  for (const [i, value] of all.entries()) {
    products += (i - middle) * (value - mean);
    squares += (i - middle) ** 2;
  }
  return squares === 0 ? 0 : products / squares;
}
