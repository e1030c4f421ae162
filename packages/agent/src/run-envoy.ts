import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clone, toBinary } from '@bufbuild/protobuf';
import { type Bootstrap, BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { type Clock, systemClock } from '@heddle/model';
import { type AdminAddress, type AdminClient, createAdminClient } from './admin-client.ts';
import { AgentError } from './agent-error.ts';
import { buildBootstrap } from './bootstrap.ts';
import { type EnvoyProcess, type ProcessExit, startEnvoyProcess } from './envoy-process.ts';
import type { EnvoyLogLevel, EnvoyLogLine } from './log-line.ts';
import { onProcessExit } from './process-exit.ts';

/** What happens to a supervised Envoy. */
export type EnvoyEvent =
  | { readonly type: 'started'; readonly pid: number }
  /** It serves: initialized, with its first configuration. */
  | { readonly type: 'ready'; readonly pid: number }
  /** It died, and will be started again. `lastError` is what it said last, when it said something. */
  | (ProcessExit & {
      readonly type: 'died';
      readonly pid: number;
      readonly lastError: string;
      readonly restartInMs: number;
    })
  /** A restart did not succeed: the file cannot be run, or the temporary folder cannot be written. */
  | { readonly type: 'restart-failed'; readonly reason: string; readonly restartInMs: number }
  | { readonly type: 'stopping'; readonly pid: number }
  | { readonly type: 'stopped' };

/** How {@link runEnvoy} runs Envoy. */
export interface RunEnvoyOptions {
  /** The binary, as from findEnvoy. */
  readonly path: string;
  /** See buildBootstrap. Without an admin interface it gets one on a Unix socket in a private folder. */
  readonly bootstrap: Bootstrap;
  /** Default: `info`. */
  readonly logLevel?: EnvoyLogLevel | 'off';
  /** Levels of single components: `{ upstream: 'debug' }`. */
  readonly componentLogLevels?: Readonly<Record<string, EnvoyLogLevel | 'off'>>;
  /** Worker threads. Default: Envoy's, one for each hardware thread. */
  readonly concurrency?: number;
  /** More of Envoy's command line, such as `--reject-unknown-dynamic-fields`. */
  readonly args?: readonly string[];
  /** Envoy's own log, line by line. */
  readonly onLog?: (line: EnvoyLogLine) => void;
  /** What is written to standard output: access logs that are configured to go there. */
  readonly onOutput?: (line: string) => void;
  readonly onEvent?: (event: EnvoyEvent) => void;
  /** How long the first start may take. Default: 30 s. */
  readonly readyTimeoutMs?: number;
  /** How long `stop` waits for requests in flight. Default: 5 s. */
  readonly drainMs?: number;
  /** How long Envoy may take to end after SIGTERM before it is killed. Default: 5 s. */
  readonly killAfterMs?: number;
  /** Stops Envoy when aborted. */
  readonly signal?: AbortSignal;
  /** For tests. */
  readonly clock?: Clock;
}

/** A supervised Envoy. */
export interface RunningEnvoy extends AsyncDisposable {
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** The admin interface of the process that runs now; a restarted Envoy may have another port. */
  readonly admin: AdminClient;
  /** How often it was started again. */
  readonly restarts: number;
  /** Drains, ends Envoy and removes its files. Resolves once it is gone; calling it again gives the same promise. */
  stop(): Promise<void>;
  /** Resolves once it was stopped. */
  readonly stopped: Promise<void>;
}

const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 10_000;
/** An Envoy that was ready for this long did not die of its start; the delays begin anew. */
const STABLE_AFTER_MS = 30_000;
/** Requests and connections in flight; those to the admin interface are our own. */
const ACTIVE_STATS = '^(http|tcp)\\..*\\.downstream_(rq|cx)_active$';

/**
 * Starts Envoy, resolves once it is ready, and starts it again whenever it dies, after 0.1 s at first and twice as long each time up
 * to 10 s. Its configuration lies in a private temporary folder only while it starts.
 *
 * When our own process ends without `stop`, Envoy ends too: on a normal exit at once, and when we are killed outright by a guard
 * process that notices (it needs `sh`; in a container without one Envoy survives a SIGKILL of its supervisor).
 *
 * @throws AgentError `start-failed` when Envoy ends before it was ever ready, or is not ready in time
 *
 * @example
 * await using envoy = await runEnvoy({ path, bootstrap: buildBootstrap({ node, adsAddress: '127.0.0.1:15010' }) });
 * console.log(await envoy.admin.stats('cluster_manager'));
 */
export async function runEnvoy(options: RunEnvoyOptions): Promise<RunningEnvoy> {
  options.signal?.throwIfAborted();
  const directory = await mkdtemp(join(tmpdir(), 'heddle-envoy-'));
  const supervisor = new Supervisor(options, directory);
  try {
    await supervisor.startFirst();
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  return supervisor;
}

class Supervisor implements RunningEnvoy {
  pid = 0;
  restarts = 0;
  readonly stopped: Promise<void>;
  readonly #options: RunEnvoyOptions;
  readonly #directory: string;
  readonly #bootstrap: Bootstrap;
  readonly #clock: Clock;
  #process: EnvoyProcess | undefined;
  #admin: AdminClient | undefined;
  #readySinceMs: number | undefined;
  #failures = 0;
  #lastError = '';
  #cancelRestart = () => {};
  #stopping: Promise<void> | undefined;
  #resolveStopped = () => {};
  #starting: Promise<void> = Promise.resolve();
  readonly #forget: () => void;
  /** Between two runs nothing else may keep this process alive, and Envoy is to be started again all the same. */
  readonly #alive = setInterval(() => {}, 2 ** 30);

  constructor(options: RunEnvoyOptions, directory: string) {
    this.#options = options;
    this.#directory = directory;
    this.#clock = options.clock ?? systemClock;
    this.#bootstrap = clone(BootstrapSchema, options.bootstrap);
    this.#bootstrap.admin ??= defaultAdmin(join(directory, 'admin.sock'));
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#forget = onProcessExit(() => rmSync(directory, { recursive: true, force: true }));
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  get admin(): AdminClient {
    if (this.#admin === undefined) throw new AgentError('admin-failed', 'Cannot reach Envoy: it is not up');
    return this.#admin;
  }

  async startFirst(): Promise<void> {
    const { readyTimeoutMs = 30_000 } = this.#options;
    this.#options.signal?.throwIfAborted();
    const start = this.#start();
    this.#starting = start.then(ignore, ignore);
    const envoy = await start;
    const outcome = await Promise.race([
      this.#untilReady(envoy).then(() => 'ready' as const),
      envoy.exited,
      new Promise<'late'>((resolve) => this.#clock.after(readyTimeoutMs, () => resolve('late'))),
    ]);
    // An Envoy that was told to end may be ready before it does.
    this.#options.signal?.throwIfAborted();
    if (outcome === 'ready') return;
    if (outcome === 'late') {
      const state = await this.#admin?.request('GET', '/ready').catch(() => undefined);
      const found = `found ${state?.body.trim() || 'no answer'} after ${readyTimeoutMs} ms`;
      throw new AgentError(
        'start-failed',
        `Cannot start Envoy "${this.#options.path}": wanted LIVE, ${found}${this.#because()}`,
      );
    }
    throw new AgentError(
      'start-failed',
      `Cannot start Envoy "${this.#options.path}": it ${describeExit(outcome)}${this.#because()}`,
    );
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #start(): Promise<EnvoyProcess> {
    const { path, logLevel = 'info', componentLogLevels, concurrency, args = [], onLog, onOutput } = this.#options;
    const file = join(this.#directory, 'bootstrap.pb');
    // Systems clear old folders out of the temporary folder, and an Envoy may run for months before it dies.
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await writeFile(file, toBinary(BootstrapSchema, this.#bootstrap), { mode: 0o600 });
    await rm(this.#adminFile, { force: true });
    const components = Object.entries(componentLogLevels ?? {}).map((entry) => entry.join(':'));
    this.#admin = undefined;
    this.#readySinceMs = undefined;
    this.#lastError = '';
    const envoy = await startEnvoyProcess({
      path,
      directory: this.#directory,
      args: [
        '--config-path',
        file,
        '--admin-address-path',
        this.#adminFile,
        '--log-level',
        logLevel,
        ...(components.length === 0 ? [] : ['--component-log-level', components.join(',')]),
        ...(concurrency === undefined ? [] : ['--concurrency', String(concurrency)]),
        ...args,
      ],
      onLog: (line) => {
        if (line.level === 'error' || line.level === 'critical') this.#lastError = line.message;
        onLog?.(line);
      },
      onOutput: onOutput ?? (() => {}),
    }).catch((cause: Error) => {
      throw new AgentError('start-failed', `Cannot start Envoy "${path}": ${cause.message}`, { cause });
    });
    this.#process = envoy;
    this.pid = envoy.pid;
    this.#emit({ type: 'started', pid: envoy.pid });
    void envoy.exited.then((exit) => this.#onExit(envoy, exit));
    return envoy;
  }

  get #adminFile(): string {
    return join(this.#directory, 'admin-address');
  }

  /** Resolves once Envoy serves; never, when it ends before. */
  async #untilReady(envoy: EnvoyProcess): Promise<void> {
    for (let delayMs = 10; this.#process === envoy; delayMs = Math.min(delayMs * 1.5, 250)) {
      this.#admin ??= await this.#findAdmin();
      if (await this.#admin?.isReady()) {
        if (this.#process !== envoy) break;
        this.#readySinceMs = this.#clock.nowMs();
        await rm(join(this.#directory, 'bootstrap.pb'), { force: true });
        this.#emit({ type: 'ready', pid: envoy.pid });
        return;
      }
      await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
    }
    await new Promise<never>(() => {});
  }

  /** The admin interface's address: what is configured when it is a path, else what Envoy has written down. */
  async #findAdmin(): Promise<AdminClient | undefined> {
    const configured = this.#bootstrap.admin?.address?.address;
    if (configured?.case === 'pipe') return createAdminClient({ path: configured.value.path });
    const text = await readFile(this.#adminFile, 'utf8').catch(() => '');
    const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.trim());
    if (match === null) return undefined;
    // An admin interface on all addresses is reached over loopback.
    const host = (match[1] ?? '').replace(/^0\.0\.0\.0$/, '127.0.0.1').replace(/^::$/, '::1');
    const address: AdminAddress = { host, port: Number(match[2]) };
    return createAdminClient(address);
  }

  #onExit(envoy: EnvoyProcess, exit: ProcessExit): void {
    if (this.#process !== envoy) return;
    this.#process = undefined;
    const wasReady = this.#readySinceMs !== undefined;
    // The first start is startFirst's to judge; what was never ready by then is not started again.
    if (this.#stopping !== undefined || (this.restarts === 0 && !wasReady)) return;
    if (wasReady && this.#clock.nowMs() - (this.#readySinceMs ?? 0) >= STABLE_AFTER_MS) this.#failures = 0;
    const restartInMs = this.#planRestart();
    this.#emit({ type: 'died', pid: envoy.pid, ...exit, lastError: this.#lastError, restartInMs });
  }

  #planRestart(): number {
    const restartInMs = Math.min(FIRST_RESTART_MS * 2 ** this.#failures, LAST_RESTART_MS);
    this.#failures++;
    this.#cancelRestart = this.#clock.after(restartInMs, () => {
      this.restarts++;
      this.#starting = this.#start().then(
        (envoy) => void this.#untilReady(envoy),
        (error: Error) => {
          if (this.#stopping !== undefined) return;
          this.#emit({ type: 'restart-failed', reason: error.message, restartInMs: this.#planRestart() });
        },
      );
    });
    return restartInMs;
  }

  async #stop(): Promise<void> {
    const { drainMs = 5_000, killAfterMs = 5_000 } = this.#options;
    this.#cancelRestart();
    await this.#starting;
    const envoy = this.#process;
    if (envoy !== undefined) {
      this.#emit({ type: 'stopping', pid: envoy.pid });
      if (this.#readySinceMs !== undefined) await Promise.race([this.#drain(drainMs), envoy.exited]);
      envoy.kill('SIGTERM');
      const cancel = this.#clock.after(killAfterMs, () => envoy.kill('SIGKILL'));
      await envoy.exited;
      cancel();
    }
    this.#admin = undefined;
    this.#forget();
    clearInterval(this.#alive);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await rm(this.#directory, { recursive: true, force: true });
    this.#emit({ type: 'stopped' });
    this.#resolveStopped();
  }

  /** Waits until no request is in flight, or for `drainMs`. An Envoy that does not answer is not waited for. */
  async #drain(drainMs: number): Promise<void> {
    const admin = this.#admin;
    if (admin === undefined || drainMs <= 0) return;
    const untilMs = this.#clock.nowMs() + drainMs;
    try {
      await admin.drain();
      while (this.#clock.nowMs() < untilMs && countActive(await admin.stats(ACTIVE_STATS)) > 0) {
        await new Promise<void>((resolve) => this.#clock.after(50, resolve));
      }
    } catch {
      // It is about to be ended anyway.
    }
  }

  #because(): string {
    return this.#lastError === '' ? '' : `: ${this.#lastError}`;
  }

  #emit(event: EnvoyEvent): void {
    this.#options.onEvent?.(event);
  }

  readonly #onAbort = (): void => void this.stop();
}

function ignore(): void {}

/** A Unix socket needs no port and answers only this user; its path has to fit into 107 bytes. */
function defaultAdmin(path: string): Bootstrap['admin'] {
  const node = { id: '' };
  return buildBootstrap(Buffer.byteLength(path) <= 107 ? { node, adminPath: path } : { node }).admin;
}

/** An idle keep-alive connection is not worth waiting for, a TCP proxy's connection is a request of its own. */
function countActive(stats: ReadonlyMap<string, number>): number {
  let active = 0;
  for (const [name, value] of stats) {
    const isRequest = name.startsWith('http.') && name.endsWith('_rq_active') && !name.startsWith('http.admin.');
    if (isRequest || (name.startsWith('tcp.') && name.endsWith('_cx_active'))) active += value;
  }
  return active;
}

function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
}
