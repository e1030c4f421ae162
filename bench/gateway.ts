/**
 * What a request costs in the gateway, beside a bare node:http + undici loop, `hono/proxy` and Envoy: plain HTTP/1.1 over 64
 * connections, each proxy on one core. Prints JSON: requests per second, CPU microseconds per request (user + system, read from
 * /proc), and ratios. Envoy is found as `heddle envoy which` finds it.
 *
 * node --conditions=@heddle/source bench/gateway.ts [--seconds 3] [--rounds 3] [--only heddle,bare] [--routes 1]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { AgentError, findEnvoy } from '@heddle/agent/find';
import { envoyBootstrap } from './gateway-envoy.ts';

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
const canPin = cpus().length > 1 && onPath('taskset') !== undefined;

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
    await load(proxy.port, { requests: 30_000 });
    const before = cpuSeconds(proxy.pid);
    const requests = await load(proxy.port, { seconds });
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
  for (let i = 0; i < 100; i++) {
    if (await answers(port)) return { process: child, pid: child.pid ?? 0, port };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGKILL');
  throw new Error('Envoy did not listen within 10 s');
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

function spawnPinned(core: string, command: readonly string[]): ChildProcess {
  const [program = '', ...args] = canPin ? ['taskset', '-c', core, ...command] : command;
  // taskset replaces itself by the program, so the process id is the program's.
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function onPath(name: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(directory, name);
    if (existsSync(file)) return file;
  }
  return undefined;
}

/** User and system time of a process so far. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' }));
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Sends requests one after the other on each connection for a time or a number; gives the number of complete responses. */
async function load(
  port: number,
  until: { readonly seconds: number } | { readonly requests: number },
): Promise<number> {
  const request = `GET /bench/path?x=1 HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n`;
  let done = 0;
  let running = true;
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const sockets = Array.from({ length: connections }, () => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.setNoDelay(true);
    let pending = '';
    socket.on('data', (chunk) => {
      pending = pending === '' ? chunk.toString('latin1') : pending + chunk.toString('latin1');
      const end = pending.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(pending)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return;
      if (!pending.startsWith('HTTP/1.1 200')) throw new Error(`Unexpected answer: ${pending.slice(0, 200)}`);
      pending = '';
      done++;
      if ('requests' in until && done >= until.requests) finish();
      if (running) socket.write(request);
    });
    socket.on('error', (error) => {
      if (running) throw error;
    });
    return socket;
  });
  if ('seconds' in until) setTimeout(finish, until.seconds * 1000);
  await finished;
  running = false;
  for (const socket of sockets) socket.destroy();
  return done;
}
