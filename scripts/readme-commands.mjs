// Runs the commands that a README shows, in a fresh copy of the repository, and checks what they answer:
//
//     node scripts/readme-commands.mjs [README.md] [--here] [--json FILE]
//
// Every ```sh block is preceded by a comment that says what becomes of it:
//
//     <!-- ci: run expect="text" -->                  ends with status 0, and its standard output has the text
//     <!-- ci: start until="text" -->                 keeps running; ready when its output has the text
//     <!-- ci: start until="text" url="U" expect="text" -->    and then U answers with the text
//     <!-- ci: skip reason="…" -->                    is not run, for this reason
//
// A started command is stopped at the next start and at the end of its section, and must then end by itself.
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { root, systemEnvironment } from './ensure.mjs';

// An install on a slow network is the longest that a reader would wait for.
const readyTimeoutMs = 300_000;
const stopTimeoutMs = 15_000;

/**
 * Reads the steps of a README.
 *
 * @returns a list of {kind: 'run' | 'start' | 'skip', command, line, section, and the comment's attributes}
 */
export function parseReadmeSteps(text) {
  const steps = [];
  let section = '';
  let wish;
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    const comment = /^<!-- ci: (run|start|skip)((?: \w+="[^"]*")*) -->$/.exec(line);
    if (line.startsWith('#')) section = line.replace(/^#+ /, '');
    else if (comment !== null) wish = { kind: comment[1], ...readAttributes(comment[2]) };
    else if (line.startsWith('<!-- ci:')) throw new Error(`line ${index + 1}: cannot read "${line}"`);
    else if (line.startsWith('```')) {
      const end = lines.indexOf('```', index + 1);
      if (end === -1) throw new Error(`line ${index + 1}: the code block does not end`);
      if (line === '```sh') {
        if (wish === undefined) {
          throw new Error(`line ${index + 1}: found no <!-- ci: … --> before the commands, wanted run, start or skip`);
        }
        steps.push({ ...wish, command: lines.slice(index + 1, end).join('\n'), line: index + 2, section });
      }
      wish = undefined;
      index = end;
    }
  }
  return steps;
}

function readAttributes(text) {
  return Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** Runs the steps in a folder; gives {passed, failed, failures}. `say` gets a line per step. */
export async function runReadmeSteps(steps, folder, say) {
  const failures = [];
  let running;
  let section;
  const finish = async () => {
    const problem = await running?.stop();
    running = undefined;
    if (problem !== undefined) failures.push(problem);
  };
  for (const step of steps) {
    if (step.section !== section || step.kind === 'start') await finish();
    section = step.section;
    const started = Date.now();
    let problem;
    if (step.kind === 'skip') {
      say(`  skipped  ${step.command}  (${step.reason ?? 'no reason given'})`);
      continue;
    }
    if (step.kind === 'run') problem = await runToEnd(step, folder);
    else {
      running = startCommand(step, folder);
      problem = await running.ready();
    }
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    say(`  ${problem === undefined ? 'passed ' : 'FAILED '}  ${step.command}  (${seconds} s)`);
    if (problem !== undefined) {
      failures.push(problem);
      say(problem);
    }
  }
  await finish();
  const run = steps.filter((step) => step.kind !== 'skip').length;
  return { passed: Math.max(0, run - failures.length), failed: failures.length, failures };
}

function spawnShell(command, folder) {
  // A process group of its own, so that all that the shell starts can be stopped.
  return spawn('bash', ['-c', command], {
    cwd: folder,
    env: systemEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function runToEnd(step, folder) {
  const child = spawnShell(step.command, folder);
  let stdout = '';
  let all = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
    all += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    all += text;
  });
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), readyTimeoutMs);
  const status = await new Promise((fulfil) => {
    child.on('error', (error) => fulfil(error.message));
    child.on('close', (code, signal) => fulfil(code ?? signal));
  });
  clearTimeout(timer);
  if (status !== 0) return describe(step, `ended with ${status}`, 'status 0', all);
  if (step.expect !== undefined && !stdout.includes(step.expect)) {
    return describe(step, 'an answer without it', `"${step.expect}" on standard output`, all);
  }
  return undefined;
}

function startCommand(step, folder) {
  const child = spawnShell(step.command, folder);
  let output = '';
  let ended;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const closed = new Promise((fulfil) => {
    child.on('error', (error) => fulfil(error.message));
    child.on('close', (code, signal) => fulfil(code ?? signal));
  }).then((status) => {
    ended = status;
  });
  return {
    async ready() {
      const deadline = Date.now() + readyTimeoutMs;
      while (!output.includes(step.until ?? '')) {
        if (ended !== undefined) return describe(step, `ended with ${ended}`, `"${step.until}"`, output);
        if (Date.now() > deadline) return describe(step, 'nothing like it', `"${step.until}" within 300 s`, output);
        await sleep(50);
      }
      if (step.url === undefined) return undefined;
      try {
        const body = await (await fetch(step.url)).text();
        if (body.includes(step.expect ?? '')) return undefined;
        return describe(step, `${step.url} answered "${body.slice(0, 200)}"`, `"${step.expect}"`, output);
      } catch (error) {
        return describe(step, `${step.url}: ${error.cause?.message ?? error.message}`, 'an answer', output);
      }
    },
    async stop() {
      if (ended === undefined) killGroup(child, 'SIGTERM');
      const inTime = await Promise.race([closed.then(() => true), sleep(stopTimeoutMs, false, { ref: false })]);
      if (inTime) return undefined;
      killGroup(child, 'SIGKILL');
      return describe(step, `still running ${stopTimeoutMs / 1000} s after SIGTERM`, 'an end', output);
    },
  };
}

function killGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}

function describe(step, found, wanted, output) {
  const tail = output.trimEnd().split('\n').slice(-30).join('\n    ');
  return `Command "${step.command}" (line ${step.line}): found ${found}, wanted ${wanted}. Its output:\n    ${tail}`;
}

/** A clone of the repository with the changes of the working tree, and nothing that git ignores. */
export function copyRepository() {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-clone-'));
  git(['clone', '--quiet', '--no-hardlinks', root, folder], root);
  for (const path of git(['ls-files', '-z', '--modified', '--others', '--exclude-standard'], root).split('\0')) {
    if (path === '') continue;
    if (existsSync(join(root, path))) cpSync(join(root, path), join(folder, path));
    else rmSync(join(folder, path), { force: true });
  }
  return folder;
}

function git(args, cwd) {
  const { status, stdout, stderr, error } = spawnSync('git', args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`git ${args[0]} failed: ${error?.message ?? stderr}`);
  return stdout;
}

async function main(args) {
  const jsonAt = args.indexOf('--json');
  const jsonFile = jsonAt === -1 ? undefined : args.splice(jsonAt, 2)[1];
  const here = args.includes('--here');
  const readme = args.find((arg) => !arg.startsWith('--')) ?? 'README.md';
  const steps = parseReadmeSteps(readFileSync(join(root, readme), 'utf8'));
  const folder = here ? root : copyRepository();
  try {
    const say = (line) => process.stdout.write(`${line}\n`);
    say(`${readme}: ${steps.length} commands in ${folder}`);
    const result = await runReadmeSteps(steps, join(folder, dirname(readme)), say);
    if (jsonFile !== undefined) writeFileSync(jsonFile, JSON.stringify(result));
    say(`${result.passed} passed, ${result.failed} failed`);
    return result.failed === 0 ? 0 : 1;
  } finally {
    if (!here) rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2));
}
