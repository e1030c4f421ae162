import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** A `heddle` command that runs until it is stopped. */
export interface HeddleProcess {
  /** Everything printed so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the text once stdout or stderr contains it; throws with both when the process ends or the time is up. */
  waitFor(text: string | RegExp, timeoutMs?: number): Promise<string>;
  /** Sends SIGINT and resolves with the exit code. */
  stop(): Promise<number | null>;
  readonly child: ChildProcess;
}

const MAIN = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));

/** Node's arguments that run `heddle` from its sources. */
export const HEDDLE_FROM_SOURCE: readonly string[] = ['--conditions=@heddle/source', MAIN];

/** How a `heddle` command is started. */
export interface HeddleOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on stdin; nothing unless given. */
  readonly input?: string;
}

/** Starts `heddle ARGS` from its sources. */
export function startHeddle(args: readonly string[], options: HeddleOptions = {}): HeddleProcess {
  const child = spawn(process.execPath, [...HEDDLE_FROM_SOURCE, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  const listeners = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const listener of listeners) listener();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const listener of listeners) listener();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    waitFor: (text, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          listeners.delete(look);
          settle();
        };
        const look = () => {
          const found = [stdout, stderr].find((output) =>
            typeof text === 'string' ? output.includes(text) : text.test(output),
          );
          if (found !== undefined) finish(() => resolve(found));
        };
        const fail = (why: string) =>
          finish(() =>
            reject(new Error(`${why} before ${String(text)} was printed\nstdout:\n${stdout}\nstderr:\n${stderr}`)),
          );
        const timer = setTimeout(() => fail(`${timeoutMs} ms passed`), timeoutMs);
        listeners.add(look);
        void ended.then((code) => fail(`heddle ended with exit code ${code}`));
        look();
      }),
    stop: async () => {
      child.kill('SIGINT');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const code = await ended;
      clearTimeout(timer);
      return code;
    },
  };
}

/** Runs `heddle ARGS` to its end. */
export async function runHeddle(
  args: readonly string[],
  options: HeddleOptions = {},
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number | null }> {
  const heddle = startHeddle(args, options);
  const exitCode = await new Promise<number | null>((resolve) => heddle.child.once('close', (code) => resolve(code)));
  return { stdout: heddle.stdout(), stderr: heddle.stderr(), exitCode };
}
