/** What the benchmarks of proxies share: load over HTTP/1.1, programs on a core of their own, what /proc says of a process. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { delimiter, join } from 'node:path';

const canPin = cpus().length > 1 && onPath('taskset') !== undefined;

function onPath(name: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(directory, name);
    if (existsSync(file)) return file;
  }
  return undefined;
}

/** Starts a program on one core, where that can be had. */
export function spawnPinned(core: string, command: readonly string[]): ChildProcess {
  const [program = '', ...args] = canPin ? ['taskset', '-c', core, ...command] : command;
  // taskset replaces itself by the program, so the process id is the program's.
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** User and system time of a process so far. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'latin1' }));
}

/** Bytes of a process in memory. */
export function residentBytes(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Waits until a port of 127.0.0.1 accepts connections; false after a minute. */
export async function listens(port: number): Promise<boolean> {
  for (let i = 0; i < 600; i++) {
    if (await accepts(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** How {@link sendLoad} sends. */
export interface LoadOptions {
  readonly connections: number;
  /** Lines after those that every request has, without line ends. */
  readonly headers?: readonly string[];
  readonly until: { readonly seconds: number } | { readonly requests: number };
}

/** Sends requests one after the other on each connection for a time or a number; gives the number of complete responses. */
export async function sendLoad(port: number, options: LoadOptions): Promise<number> {
  const { connections, headers = [], until } = options;
  const lines = ['GET /bench/path?x=1 HTTP/1.1', 'Host: bench.example', 'User-Agent: bench', 'Accept: */*', ...headers];
  const request = `${lines.join('\r\n')}\r\n\r\n`;
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
