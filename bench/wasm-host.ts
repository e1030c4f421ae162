/**
 * What a filter costs in the host: microseconds of a stream's context, of the request phase of an API-key filter and of a whole request
 * (context, request headers, log, done, delete), of a filter without an SDK and of `filters/api-key`, beside the floor: the same exports of the same module called directly, with imports that
 * do the least that a module notices. Then many requests, to see whether anything grows. Prints JSON.
 *
 * node --expose-gc --conditions=@heddle/source bench/wasm-host.ts [--rounds 7] [--requests 200000] [--growth 1000000]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HeaderList, type HttpStreamHost, loadModule, type Plugin, Status, startPlugin } from '@heddle/wasm-host';
import { buildFilter, compileModule } from '@heddle/wasm-tools';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '200000' },
    growth: { type: 'string', default: '1000000' },
  },
});
const rounds = Number(values.rounds);
const requests = Number(values.requests);
const growth = Number(values.growth);

const entry = fileURLToPath(new URL('../packages/wasm-host/test-modules/api-key.ts', import.meta.url));
const { wasm } = await compileModule(entry, { flags: ['--runtime', 'minimal', '--use', 'abort=api-key/abort'] });
const module = await loadModule(wasm, { isMetered: false });

const headers = [
  [':authority', 'shop.example.com'],
  [':path', '/items/4711?page=2'],
  [':method', 'GET'],
  [':scheme', 'https'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36'],
  ['accept', 'text/html,application/xhtml+xml'],
  ['x-request-id', '6f1c4b0e-0b1f-4c0a-9a6e-0d4b5f3c2a1d'],
  ['x-api-key', 'secret'],
] as const;

const host: HttpStreamHost = {
  property: () => undefined,
  setProperty: () => Status.OK,
  continueRequest: () => {},
  continueResponse: () => {},
  reset: () => {},
  sendLocalReply: () => {},
  clearRouteCache: () => {},
};

/** The module with imports that do no more than it needs, called directly. */
async function floor(): Promise<() => void> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const map = new Map<string, string>(headers);
  let memory = new DataView(new ArrayBuffer(0));
  let buffer: ArrayBuffer = memory.buffer as ArrayBuffer;
  const refresh = () => {
    const now = (instance.exports['memory'] as WebAssembly.Memory).buffer as ArrayBuffer;
    if (now !== buffer) [buffer, memory] = [now, new DataView(now)];
  };
  const give = (value: string, pointerAt: number, sizeAt: number) => {
    const pointer = allocate(value.length);
    refresh();
    encoder.encodeInto(value, new Uint8Array(buffer, pointer, value.length));
    memory.setUint32(pointerAt, pointer, true);
    memory.setUint32(sizeAt, value.length, true);
    return 0;
  };
  const read = (at: number, size: number) => decoder.decode(new Uint8Array(buffer, at, size));
  const instance = await WebAssembly.instantiate(module.module, {
    env: {
      proxy_log: () => 0,
      proxy_get_header_map_value: (_type: number, keyAt: number, keySize: number, at: number, sizeAt: number) => {
        refresh();
        const value = map.get(read(keyAt, keySize));
        return value === undefined ? 1 : give(value, at, sizeAt);
      },
      proxy_add_header_map_value: (_type: number, keyAt: number, keySize: number, at: number, size: number) => {
        refresh();
        map.set(read(keyAt, keySize), read(at, size));
        return 0;
      },
      proxy_get_buffer_bytes: (_type: number, _start: number, _length: number, at: number, sizeAt: number) =>
        give('secret', at, sizeAt),
      proxy_send_local_response: () => 0,
    },
  });
  const exports = instance.exports as unknown as Record<string, (...args: number[]) => number>;
  const allocate = (size: number) => exports['proxy_on_memory_allocate']?.(size) ?? 0;
  exports['_initialize']?.();
  exports['proxy_on_context_create']?.(1, 0);
  exports['proxy_on_configure']?.(1, 6);
  let id = 1;
  return () => {
    id += 1;
    exports['proxy_on_context_create']?.(id, 1);
    exports['proxy_on_request_headers']?.(id, headers.length, 1);
  };
}

function start(): Promise<Plugin> {
  return startPlugin({ module: wasm, name: 'api-key', configuration: 'secret' });
}

/** A stream from its beginning to its end. */
function wholeRequest(plugin: Plugin): void {
  const map = new HeaderList(headers);
  const context = plugin.openStream(host);
  if (context?.onRequestHeaders(map, true) !== 0) throw new Error('The filter refused a request with the right key');
  context.close({ requestHeaders: map });
}

/** A stream that has not more than the head of a request. */
function requestPhase(plugin: Plugin): void {
  const context = plugin.openStream(host);
  context?.onRequestHeaders(new HeaderList(headers), true);
  context?.end();
}

function microseconds(run: () => void): number {
  // What this thread used, so that others on the machine do not count.
  const from = process.threadCpuUsage();
  for (let count = 0; count < requests; count += 1) run();
  const { user, system } = process.threadCpuUsage(from);
  return (user + system) / requests;
}

const plugin = await start();
const builtFilter = await buildFilter(fileURLToPath(new URL('../filters/api-key', import.meta.url)));
const filter = await startPlugin({
  module: new Uint8Array(builtFilter.wasm),
  name: 'api-key',
  configuration: JSON.stringify({ keys: [{ name: 'bench', key: 'secret' }] }),
});
const unlimited = await startPlugin({
  module,
  name: 'api-key',
  configuration: 'secret',
});
const callDirectly = await floor();
const cases: Record<string, () => void> = {
  floor: callDirectly,
  context: () => plugin.openStream(host)?.close({}),
  requestPhase: () => requestPhase(plugin),
  wholeRequest: () => wholeRequest(plugin),
  wholeRequestWithoutTimeLimit: () => wholeRequest(unlimited),
  filterRequestPhase: () => requestPhase(filter),
  filterWholeRequest: () => wholeRequest(filter),
  headerList: () => void new HeaderList(headers),
};
const samples: Record<string, number[]> = {};
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, run] of Object.entries(cases)) {
    const took = microseconds(run);
    // The first round warms up.
    if (round > 0) (samples[name] ??= []).push(took);
  }
}
const median = (list: readonly number[]) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const round2 = (value: number) => Math.round(value * 100) / 100;
const microsecondsEach = Object.fromEntries(
  Object.entries(samples).map(([name, list]) => [name, round2(median(list))]),
);

/** Bytes in use at some points on the way through many requests. */
const points: { readonly requests: number; readonly heap: number; readonly module: number }[] = [];
for (let count = 0; count <= growth; count += 1) {
  if (count % (growth / 10) === 0) {
    globalThis.gc?.();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    points.push({ requests: count, heap: heapUsed + arrayBuffers, module: filter.memoryBytes });
  }
  wholeRequest(filter);
}
/** Bytes a request, by least squares, without the first point: it has what the first requests leave for good. */
function slope(of: 'heap' | 'module'): number {
  const used = points.slice(1);
  const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const [x, y] = [mean(used.map((point) => point.requests)), mean(used.map((point) => point[of]))];
  const up = used.reduce((sum, point) => sum + (point.requests - x) * (point[of] - y), 0);
  return up / used.reduce((sum, point) => sum + (point.requests - x) ** 2, 0);
}
console.log(
  JSON.stringify(
    {
      microseconds: microsecondsEach,
      growth: {
        requests: growth,
        heapBytesPerRequest: round2(slope('heap')),
        moduleBytesPerRequest: round2(slope('module')),
        moduleBytes: filter.memoryBytes,
      },
    },
    undefined,
    2,
  ),
);
