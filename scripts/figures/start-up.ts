import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pinnedNode, root } from '../ensure.mjs';
import { type Spread, spreadOf } from './statistics.ts';

export interface StartUp {
  /** Milliseconds from spawning the process until it has ended or, for a server, until it says that it serves. */
  readonly ms: Spread;
  readonly aimMs: number;
}

interface Command {
  readonly args: readonly string[];
  readonly aimMs: number;
  /** Text that a server prints when it is ready; without it the command runs to its end. */
  readonly ready?: RegExp;
  /** An exit code that is as good as 0. */
  readonly mayEndWith?: number;
}

const commands: Readonly<Record<string, Command>> = {
  version: { args: ['version'], aimMs: 200 },
  help: { args: ['--help'], aimMs: 200 },
  'envoy which --no-fetch': { args: ['envoy', 'which', '--no-fetch'], aimMs: 200, mayEndWith: 1 },
  translate: { args: ['translate', '-f', 'examples/nginx', '--for', 'gateway'], aimMs: 400 },
  'control-plane': {
    args: [
      'control-plane',
      '--config',
      'examples/nginx',
      '--grpc-address',
      '127.0.0.1:0',
      '--http-address',
      '127.0.0.1:0',
    ],
    aimMs: 400,
    ready: /127\.0\.0\.1:[1-9]/,
  },
  // Starts a workload and a data plane as well, and waits until they serve.
  dev: { args: ['dev', 'examples/nginx'], aimMs: 3000, ready: /try:/ },
};

/** Builds, which is what users run, and starts every command several times. */
export async function measureStartUp(times: number): Promise<Record<string, StartUp>> {
  const build = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b'], { cwd: root, encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`The build failed:\n${build.stdout.slice(0, 2000)}`);
  const program = [join(root, 'packages/cli/bin/heddle.js')];
  const results: Record<string, StartUp> = {};
  for (const [name, command] of Object.entries(commands)) {
    const measured: number[] = [];
    for (let run = 0; run < times; run += 1) measured.push(await timeOf(program, command));
    results[name] = { ms: spreadOf(measured), aimMs: command.aimMs };
  }
  return results;
}

function timeOf(program: readonly string[], command: Command): Promise<number> {
  return new Promise((fulfil, reject) => {
    const started = performance.now();
    const child = spawn(pinnedNode(), [...program, ...command.args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let readyMs: number | undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (readyMs === undefined && command.ready?.test(output) === true) {
          readyMs = performance.now() - started;
          child.kill('SIGTERM');
        }
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      const endMs = performance.now() - started;
      if (readyMs !== undefined) fulfil(readyMs);
      else if (command.ready === undefined && (code === 0 || code === command.mayEndWith)) fulfil(endMs);
      else reject(new Error(`heddle ${command.args.join(' ')} ended with ${code}:\n${output}`));
    });
  });
}
