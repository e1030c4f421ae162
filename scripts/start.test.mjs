import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { expect, test } from 'vitest';
import { root } from './ensure.mjs';

function start(...args) {
  const child = spawn(process.execPath, [join(root, 'scripts/start.mjs'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const run = { child, output: '', until: undefined };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      run.output += text;
      if (run.until !== undefined && run.output.includes(run.until)) run.ready();
    });
  }
  const ended = new Promise((fulfil) => child.on('close', (code, signal) => fulfil(code ?? signal)));
  return {
    ended,
    child,
    output: () => run.output,
    ready: (text) =>
      Promise.race([
        new Promise((fulfil) => {
          run.until = text;
          run.ready = fulfil;
        }),
        ended.then((status) => Promise.reject(new Error(`ended with ${status}:\n${run.output}`))),
      ]),
  };
}

test('passes arguments on, and the exit code back', async () => {
  const help = start('--help');
  expect(await help.ended).toBe(0);
  expect(help.output()).toContain('Usage: heddle dev');
  const mistake = start('--no-such-option');
  expect(await mistake.ended).not.toBe(0);
  expect(mistake.output()).toContain('--no-such-option');
});

test('runs another folder when one is named', async () => {
  const run = start('examples/canary');
  await run.ready('try:');
  run.child.kill('SIGTERM');
  await run.ended;
  expect(run.output()).toContain('examples/canary');
  expect(run.output()).not.toContain('nginx');
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('passes %s on and ends as the command ends', async (signal) => {
  const run = start();
  await run.ready('try:');
  run.child.kill(signal);
  const status = await run.ended;
  expect([0, signal], run.output()).toContain(status);
});
