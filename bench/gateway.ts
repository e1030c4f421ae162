/**
 * What a request costs in the gateway, beside a bare node:http + undici loop, `hono/proxy` and Envoy: plain HTTP/1.1 over 64
 * connections, each proxy on one core. Prints JSON: requests per second, CPU microseconds per request (user + system, read from
 * /proc), and ratios. Envoy is found as `heddle envoy which` finds it.
 *
 * node --conditions=@heddle/source bench/gateway.ts [--seconds 3] [--rounds 3] [--only heddle,bare] [--routes 1]
 */
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AgentError, findEnvoy } from '@heddle/agent/find';
import { envoyBootstrap } from './gateway-envoy.ts';
import { cpuSeconds, listens, sendLoad, spawnPinned } from './http-load.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'bare,heddle,hono,envoy' },
    routes: { type: 'string', default: '1' },
    connections: { type: 'string', default: '64' },
    rounds: { type: 'string', default: '3' },
  },
});
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const folder = mkdtempSync(join(tmpdir(), 'heddle-bench-'));
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Measurement {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly cpuMicrosecondsPerRequest: number;
}

const kinds = values.only.split(',');
const rounds: Record<string, Measurement[]> = {};
const backend = await start('backend', []);
try {
  // Taken in turns, so that a busy machine is busy for all.
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of kinds) {
      const measured = await measure(kind);
      if (measured === undefined) continue;
      rounds[kind] ??= [];
      rounds[kind].push(measured);
    }
  }
} finally {
  backend.process.kill();
  rmSync(folder, { recursive: true, force: true });
}
/** The round with the median cost, per program. */
const results = Object.fromEntries(
  Object.entries(rounds).map(([kind, measured]) => {
    const sorted = measured.toSorted((a, b) => a.cpuMicrosecondsPerRequest - b.cpuMicrosecondsPerRequest);
    return [kind, sorted[sorted.length >> 1] as Measurement];
  }),
);
const cpu = (kind: string) => results[kind]?.cpuMicrosecondsPerRequest;
const ratio = (over: string) => {
  const [ours, theirs] = [cpu('heddle'), cpu(over)];
  return ours === undefined || theirs === undefined ? undefined : Number((ours / theirs).toFixed(3));
};
console.log(
  JSON.stringify(
    {
      node: process.version,
      seconds,
      rounds: Number(values.rounds),
      connections,
      routes: Number(values.routes),
      results,
      cpuRatio: { overBare: ratio('bare'), overHonoProxy: ratio('hono'), overEnvoy: ratio('envoy') },
    },
    null,
    2,
  ),
);

async function measure(kind: string): Promise<Measurement | undefined> {
  const proxy = kind === 'envoy' ? await startEnvoy() : await start(kind, [String(backend.port), values.routes]);
  if (proxy === undefined) return undefined;
  try {
    // Until the code is compiled, however busy the machine is.
    await sendLoad(proxy.port, { connections, until: { requests: 30_000 } });
    const before = cpuSeconds(proxy.pid);
    const requests = await sendLoad(proxy.port, { connections, until: { seconds } });
    const used = cpuSeconds(proxy.pid) - before;
    return {
      requests,
      requestsPerSecond: Math.round(requests / seconds),
      cpuMicrosecondsPerRequest: Number(((used * 1e6) / requests).toFixed(1)),
    };
  } finally {
    proxy.process.kill('SIGKILL');
  }
}

interface Started {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly port: number;
}

async function start(kind: string, args: readonly string[]): Promise<Started> {
  const core = kind === 'backend' ? '1' : '0';
  const command = [process.execPath, '--conditions=@heddle/source', here('gateway-proxy.ts'), kind, ...args];
  const child = spawnPinned(core, command);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.once('data', (data: Buffer) => resolve(Number(String(data).trim())));
    child.once('exit', (code) => reject(new Error(`"${kind}" ended with code ${code} before it listened`)));
  });
  return { process: child, pid: child.pid ?? 0, port };
}

async function startEnvoy(): Promise<Started | undefined> {
  const path = await envoyPath();
  if (path === undefined) return undefined;
  const port = 20000 + (process.pid % 20000);
  const file = join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(envoyBootstrap(port, backend.port, Number(values.routes))));
  const child = spawnPinned('0', [path, '-c', file, '--concurrency', '1', '-l', 'error', '--disable-hot-restart']);
  if (await listens(port)) return { process: child, pid: child.pid ?? 0, port };
  child.kill('SIGKILL');
  throw new Error('Envoy did not listen within a minute');
}

/** The Envoy that `heddle` would run, fetched if need be; where there is none its rows are missing, and why is said. */
async function envoyPath(): Promise<string | undefined> {
  try {
    return (await findEnvoy({ log: console.warn })).path;
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    console.warn(`Without Envoy: ${error.message}`);
    return undefined;
  }
}
