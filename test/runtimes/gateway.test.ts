// The gateway's suite on each runtime, as a program of its own there.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string) => join(root, 'node_modules/.bin', name);
const source = '--conditions=@heddle/source';
const runtimes: readonly [string, readonly string[]][] = [
  ['node', [bin('node'), source]],
  ['bun', [bin('bun'), source]],
  ['deno', [bin('deno'), 'run', '--allow-all', '--node-modules-dir=manual', '--quiet', source]],
];

interface Outcome {
  readonly check: string;
  readonly ok?: boolean;
  readonly skipped?: string;
  readonly error?: string;
}

test.each(runtimes)('the gateway works on %s', { timeout: 90_000 }, async (name, [program = '', ...args]) => {
  const child = spawn(program, [...args, join(root, 'test/runtimes', name, 'gateway.ts')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 80_000,
    env: { ...process.env, NO_COLOR: '1', NODE_OPTIONS: undefined },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const status = await new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  const outcomes = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Outcome);
  for (const { check, skipped } of outcomes)
    if (skipped !== undefined) console.log(`${name}: ${check} skipped: ${skipped}`);
  expect(outcomes.filter(({ ok }) => ok === false)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(9);
  expect(status).toBe(0);
});
