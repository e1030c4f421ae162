// README.md as a program: node --conditions=@heddle/source examples/bookshop/check.mjs [embedded|envoy]
//
// Runs every command of the page in a copy of this folder. Beside what scripts/readme-commands.mjs knows, a comment may say
//
//     match="…"      a regular expression that the output matches, with ^ and $ at each line
//     envoy="…"      a text that the output has where the proxies are Envoys
//     settle="yes"   an edit takes a moment to apply: the command is run again for a while until its output is right
//
// Commands that are started go on until the end. Ports differ where the usual ones are taken; `npm` and `npx` stand for this checkout.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEDDLE_FROM_SOURCE } from '@heddle/testing/heddle-process';
import { parseReadmeSteps } from '../../scripts/readme-commands.mjs';

const SETTLE_MS = 40_000;
const START_MS = 120_000;
const proxies = process.argv[2] === undefined ? ['embedded', 'envoy'] : [process.argv[2]];
const steps = parseReadmeSteps(await readFile(path.join(import.meta.dirname, 'README.md'), 'utf8'));
assert.ok(steps.length > 30, `found ${steps.length} commands in README.md`);

for (const proxy of proxies) await tour(proxy);

async function tour(proxy) {
  const folder = await mkdtemp(path.join(tmpdir(), 'heddle-bookshop-'));
  const shop = path.join(folder, 'examples/bookshop');
  await cp(import.meta.dirname, shop, { recursive: true });
  const env = await environment(folder, proxy);
  const started = [];
  const startedAtMs = Date.now();
  let ran = 0;
  try {
    for (const step of steps.filter(({ kind }) => kind !== 'skip')) {
      // The first command is typed at the root of the repository.
      const cwd = started.length === 0 ? folder : shop;
      if (step.kind === 'start') {
        const running = startShell(step.command, cwd, env);
        started.push(running);
        await running.printed(step.until);
      } else {
        await run(step, cwd, env, proxy, (text) => withRealPorts(text, started[0]));
      }
      ran++;
    }
    const [heddle, ...others] = started;
    assert.doesNotMatch(heddle.output(), /HED106|defect in heddle/, 'a step uses what is not applied');
    for (const one of others) await one.stop();
    assert.equal(await heddle.stop(), 0, 'heddle dev did not end well');
    console.log(`${proxy}: ${ran} commands of the tour answered as the page says, in ${seconds(startedAtMs)}`);
  } catch (error) {
    console.error(`${proxy}: after ${ran} commands; heddle dev said:\n${started[0]?.output() ?? 'nothing'}`);
    throw error;
  } finally {
    for (const one of started.reverse()) await one.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function environment(folder, proxy) {
  const quoted = (words) => words.map((word) => `'${word}'`).join(' ');
  const heddle = quoted([process.execPath, ...HEDDLE_FROM_SOURCE]);
  const shims = { npm: `shift 2; exec ${heddle} dev "$@" --proxy ${proxy}`, npx: `shift; exec ${heddle} "$@"` };
  for (const [name, script] of Object.entries(shims)) {
    await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(path.join(folder, name), 0o755);
  }
  const { NODE_OPTIONS: _, ...others } = process.env;
  const searched = [folder, path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
  return { ...others, PATH: searched, NO_COLOR: '1' };
}

/** Of a text that names port 8080 or 8443, the same with the ports that `heddle dev` found free. */
function withRealPorts(text, heddle) {
  const said = heddle.output();
  const plain = /http:\/\/localhost:(\d+)/.exec(said)?.[1] ?? '8080';
  const tls = /port 443 is served on (\d+)/.exec(said)?.[1] ?? '8443';
  return text.replaceAll('localhost:8080', `localhost:${plain}`).replaceAll(':8443', `:${tls}`);
}

async function run(step, cwd, env, proxy, real) {
  const deadline = Date.now() + (step.settle === undefined ? 0 : SETTLE_MS);
  for (;;) {
    const problem = judge(step, await runShell(real(step.command), cwd, env), proxy, real);
    if (problem === undefined) return;
    if (Date.now() > deadline) throw new Error(`README.md:${step.line}: ${step.command}\n${problem}`);
    await sleep(200);
  }
}

function judge({ expect, match, envoy }, { status, output }, proxy, real) {
  const found = `found:\n${output}`;
  if (status !== 0) return `wanted status 0, found ${status}, ${found}`;
  if (expect !== undefined && !output.includes(real(expect))) return `wanted "${real(expect)}", ${found}`;
  if (match !== undefined && !new RegExp(match, 'm').test(output)) return `wanted /${match}/m, ${found}`;
  if (envoy !== undefined && proxy === 'envoy' && !output.includes(envoy)) return `wanted "${envoy}", ${found}`;
  return undefined;
}

async function runShell(command, cwd, env) {
  const shell = startShell(command, cwd, env);
  const timer = setTimeout(() => shell.kill('SIGKILL'), 30_000);
  const status = await shell.ended;
  clearTimeout(timer);
  return { status, output: shell.output() };
}

function startShell(command, cwd, env) {
  // A process group of its own, so that all that the shell starts can be stopped.
  const child = spawn('bash', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  let over = false;
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal));
  }).finally(() => {
    over = true;
  });
  const kill = (signal) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // It has ended in the meantime.
    }
  };
  return {
    ended,
    kill,
    output: () => output,
    printed: async (text) => {
      const deadline = Date.now() + START_MS;
      while (!output.includes(text)) {
        if (over || Date.now() > deadline) throw new Error(`${command}: found no "${text}" in\n${output}`);
        await sleep(50);
      }
    },
    stop: async () => {
      if (!over) kill('SIGINT');
      const timer = setTimeout(() => kill('SIGKILL'), 15_000);
      const status = await ended;
      clearTimeout(timer);
      return status;
    },
  };
}

function seconds(sinceMs) {
  return `${Math.round((Date.now() - sinceMs) / 1000)} s`;
}
