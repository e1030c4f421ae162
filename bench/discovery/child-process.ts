/**
 * Programs of a benchmark in processes of their own: they take commands as JSON lines on stdin and answer each with one JSON line on
 * stdout, which works the same on Node, Bun and Deno.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** What a command carries and what comes back; each program says which. */
export type Fields = Readonly<Record<string, unknown>>;

/** Resources that a process has used. */
export interface Usage {
  /** User and system time since the process began. */
  readonly cpuSeconds: number;
  readonly rssMegabytes: number;
  readonly peakRssMegabytes: number;
}

/** A started program. */
export interface Program {
  /** Sends a command and waits for its answer; rejects if the program dies. */
  ask<Answer>(command: string, fields?: Fields): Promise<Answer>;
  stop(): Promise<void>;
}

/** How to start a program. */
export interface ProgramOptions {
  /** File beside this one. */
  readonly file: string;
  /** Number of the core to run on alone, where `taskset` exists. */
  readonly core: number;
  /** Executable and its arguments before the file; Node unless given. */
  readonly runtime?: readonly string[];
}

/** Node as `heddle control-plane` runs: with a young generation that does not grow (docs/decisions/0024-memory-of-a-server.md). */
export const NODE: readonly string[] = [
  process.execPath,
  '--import',
  'data:text/javascript,import { setFlagsFromString } from "node:v8"; setFlagsFromString("--semi-space-growth-factor=1");',
  ...(process.argv.includes('--built') ? [] : ['--conditions=@heddle/source']),
];

/** Whether processes can be kept on a core each. */
export const canPin =
  availableParallelism() > 1 &&
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'taskset')));

/** Starts a program. */
export function startProgram({ file, core, runtime = NODE }: ProgramOptions): Program {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const [command, ...args] = [...(canPin ? ['taskset', '-c', String(core)] : []), ...runtime, path] as [string];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { readonly resolve: (answer: never) => void; readonly reject: (error: Error) => void }[] = [];
  let ended: Error | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { error, ...answer } = JSON.parse(line);
    const next = waiting.shift();
    if (error === undefined) next?.resolve(answer as never);
    else next?.reject(new Error(`${file}: ${error}`));
  });
  const exited = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended = new Error(`${file} ended with ${how}`);
      for (const { reject } of waiting.splice(0)) reject(ended);
      resolve();
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
  });
  child.stdin.on('error', () => {});
  return {
    ask: (name, fields = {}) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify({ command: name, ...fields })}\n`);
      }),
    stop: () => stop(child, exited),
  };
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.stdin?.end();
  const force = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await exited;
  clearTimeout(force);
}

type Command = (fields: Fields) => unknown;

/** The other side: answers commands, one at a time, until stdin ends. */
export function answerCommands(commands: Readonly<Record<string, Command>>): void {
  const known: Readonly<Record<string, Command>> = { usage, ...commands };
  let last: Promise<void> = Promise.resolve();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    last = last.then(async () => {
      const { command, ...fields } = JSON.parse(line) as Fields;
      const run = known[String(command)];
      try {
        if (run === undefined) throw new Error(`no command "${String(command)}"`);
        process.stdout.write(`${JSON.stringify((await run(fields)) ?? {})}\n`);
      } catch (error) {
        process.stdout.write(`${JSON.stringify({ error: error instanceof Error ? error.stack : String(error) })}\n`);
      }
    });
  });
  lines.on('close', () => process.exit(0));
}

/** What this process has used. */
export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    rssMegabytes: process.memoryUsage().rss / 1e6,
    peakRssMegabytes: (process.resourceUsage().maxRSS * 1024) / 1e6,
  };
}

/** Milliseconds of a clock that all processes of a machine share. */
export function sharedClockMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
