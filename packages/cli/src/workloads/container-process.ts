import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ContainerPlan, isNginx, type PodPlan } from './pod-plan.ts';

/** A started container: its child process and what must be removed after it. */
export interface ContainerHandle {
  /** Resolves once the process is gone, with a sentence about how it ended. */
  readonly ended: Promise<string>;
  stop(): void;
}

/** What {@link startContainer} starts, and how. */
export interface ContainerStart {
  readonly pod: PodPlan;
  readonly container: ContainerPlan;
  /** From container ports to the ports that the process shall listen on. */
  readonly ports: ReadonlyMap<number, number>;
  readonly address: string;
  /** By which it calls through its sidecar; empty without one. */
  readonly sidecarEnv: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
}

/**
 * Starts the local process of one container. It gets its ports as PORT (the first), PORT_<containerPort> and PORT_<NAME>, with HOST
 * beside. The child leads a process group of its own, so that a shell's children end with it.
 */
export function startContainer(start: ContainerStart): ContainerHandle {
  const { pod, container, ports, address, onLine } = start;
  const env = environment(start);
  const scratch: string[] = [];
  const child = spawnContainer(pod, container, ports, address, env, scratch);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  }
  const ended = new Promise<string>((resolve) => {
    const finish = (how: string) => {
      for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
      resolve(how);
    };
    child.once('error', (error) => finish(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) =>
      finish(signal === null ? `ended with exit code ${code}` : `ended by ${signal}`),
    );
  });
  return { ended, stop: () => killGroup(child) };
}

function spawnContainer(
  pod: PodPlan,
  container: ContainerPlan,
  ports: ReadonlyMap<number, number>,
  address: string,
  env: NodeJS.ProcessEnv,
  scratch: string[],
): ChildProcess {
  const { runs } = container;
  switch (runs.type) {
    case 'command':
      return spawn(runs.command, {
        cwd: pod.folder,
        env,
        shell: true,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    case 'nginx': {
      const folder = mkdtempSync(path.join(tmpdir(), 'heddle-nginx-'));
      scratch.push(folder);
      const configuration = path.join(folder, 'nginx.conf');
      writeFileSync(configuration, nginxConfiguration(folder, [...ports.values()], address));
      return spawn(runs.path, ['-p', folder, '-e', 'stderr', '-c', configuration], {
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    }
    case 'stand-in': {
      const own = fileURLToPath(import.meta.url);
      const script = path.join(path.dirname(own), `stand-in${path.extname(own)}`);
      const flags = isNginx(container.image) ? ['--nginx'] : [];
      // The channel only tells the child that its parent is gone.
      return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...flags], {
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
    }
  }
}

function environment({ pod, container, ports, address, sidecarEnv }: ContainerStart): NodeJS.ProcessEnv {
  const portVariables: Record<string, string> = {};
  for (const { name, containerPort } of container.ports) {
    const bound = String(ports.get(containerPort) ?? containerPort);
    portVariables['PORT'] ??= bound;
    portVariables[`PORT_${containerPort}`] = bound;
    if (name !== undefined) portVariables[`PORT_${name.toUpperCase().replaceAll('-', '_')}`] = bound;
  }
  return {
    ...process.env,
    // The Node that runs Heddle comes first, so that a command `node x.mjs` needs no Node of its own.
    PATH: [path.dirname(process.execPath), process.env['PATH']].filter(Boolean).join(path.delimiter),
    HEDDLE_IMAGE: container.image,
    HEDDLE_POD: pod.name,
    HEDDLE_NAMESPACE: pod.namespace,
    HEDDLE_LABELS: JSON.stringify(pod.labels),
    HOST: address,
    ...sidecarEnv,
    ...container.env,
    ...portVariables,
  };
}

/** Where distributions keep nginx's welcome page. */
const WELCOME_PAGES = [
  '/usr/share/nginx/html/index.html',
  '/var/www/html/index.nginx-debian.html',
  '/opt/homebrew/var/www/index.html',
  '/usr/local/var/www/index.html',
];

function nginxConfiguration(folder: string, ports: readonly number[], address: string): string {
  const page = WELCOME_PAGES.find((candidate) => existsSync(candidate));
  const content =
    page === undefined
      ? `return 200 "<!DOCTYPE html><title>Welcome to nginx!</title><h1>Welcome to nginx!</h1>\\n";`
      : `root ${path.dirname(page)}; index ${path.basename(page)};`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `daemon off; worker_processes 1; pid ${folder}/nginx.pid;
events { worker_connections 256; }
http { ${temporary} access_log off; types { text/html html; }
  default_type text/html;
  server { ${ports.map((port) => `listen ${address}:${port};`).join(' ')} location / { ${content} } }
}
`;
}

/** Ends the process and what it started: politely, then for certain. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  signalGroup(child.pid, 'SIGTERM');
  const { pid } = child;
  const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), 2000);
  timer.unref();
  child.once('exit', () => clearTimeout(timer));
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // The group is gone already: what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
