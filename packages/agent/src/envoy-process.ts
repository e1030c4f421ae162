import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type EnvoyLogLine, LOG_FORMAT_ARGUMENTS, parseLogLine } from './log-line.ts';
import { onProcessExit } from './process-exit.ts';
import { splitLines } from './split-lines.ts';

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One run of Envoy. */
export interface EnvoyProcess {
  readonly pid: number;
  /** Resolves once it is gone and all of its output was handed on. */
  readonly exited: Promise<ProcessExit>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * What stays behind when we are killed outright and cannot clean up: a shell whose input is a pipe from us. The system closes the
 * pipe with our process, however that ends; the shell then ends Envoy ($1) and removes its folder ($2). A line in the pipe sends it
 * home instead: the folder serves the next run.
 */
const GUARD = `read -r _ && exit
kill -TERM "$1" 2>/dev/null
for _ in 1 2 3 4 5; do
  kill -0 "$1" 2>/dev/null || break
  sleep 1
done
kill -KILL "$1" 2>/dev/null
rm -rf "$2"`;

/**
 * Starts Envoy.
 *
 * It gets a session of its own, so that Ctrl-C in a terminal reaches only us, who then stop it gracefully. Hot restart is
 * disabled: nothing here uses it, and it would leave shared memory and sockets behind and demand a base id of each Envoy.
 *
 * @throws the system's error when it cannot be started at all
 */
export async function startEnvoyProcess(options: {
  readonly path: string;
  readonly args: readonly string[];
  /** Removed when we are killed. */
  readonly directory: string;
  readonly onLog: (line: EnvoyLogLine) => void;
  readonly onOutput: (line: string) => void;
}): Promise<EnvoyProcess> {
  const args = ['--disable-hot-restart', ...LOG_FORMAT_ARGUMENTS, ...options.args];
  const child = spawn(options.path, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output = splitLines(options.onOutput);
  const log = splitLines((line) => options.onLog(parseLogLine(line)));
  child.stdout.setEncoding('utf8').on('data', output);
  child.stderr.setEncoding('utf8').on('data', log);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => {
      output();
      log();
      resolve({ code, signal });
    });
  });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const guard = startGuard(pid, options.directory);
  const forget = onProcessExit(() => child.kill('SIGKILL'));
  child.once('close', () => {
    forget();
    guard.stdin?.end('done\n');
  });
  return { pid, exited, kill: (signal) => void child.kill(signal) };
}

function startGuard(pid: number, directory: string): ChildProcess {
  const guard = spawn('sh', ['-c', GUARD, 'envoy-guard', String(pid), directory], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell there is no guard; Envoy is served all the same.
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  // The guard must not be what keeps us alive.
  guard.unref();
  (guard.stdin as { unref?: () => void }).unref?.();
  return guard;
}
