import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemEnvironment } from '../ensure.mjs';
import { copyRepository } from '../readme-commands.mjs';
import { round } from './statistics.ts';

export interface InstallToAnswer {
  /** From `npm start` on a fresh clone to the first answer, seconds; includes the download, or npm's cache. */
  readonly firstSeconds: number;
  /** The same again, with all installed. */
  readonly secondSeconds: number;
}

/** Runs `npm start` in a fresh clone until the example answers, twice. Uses the system's Node, as a newcomer would. */
export async function measureInstallToAnswer(): Promise<InstallToAnswer> {
  const folder = copyRepository();
  try {
    return { firstSeconds: await startToAnswer(folder), secondSeconds: await startToAnswer(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function startToAnswer(folder: string): Promise<number> {
  const started = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: folder,
    env: systemEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  let ended = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const closed = new Promise<void>((fulfil) => {
    child.on('close', () => {
      ended = true;
      fulfil();
    });
  });
  try {
    for (;;) {
      const url = /http:\/\/localhost:\d+/.exec(output)?.[0];
      if (url !== undefined && (await answers(url))) return round((performance.now() - started) / 1000);
      if (ended) throw new Error(`npm start ended before it answered:\n${output}`);
      if (performance.now() - started > 300_000) throw new Error(`npm start did not answer in 300 s:\n${output}`);
      await sleep(20);
    }
  } finally {
    if (!ended && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await closed;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await (await fetch(url)).text()).includes('<title>Welcome to nginx!</title>');
  } catch {
    return false;
  }
}
