import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { AgentError } from './agent-error.ts';
import { DEFAULT_ENVOY_VERSION } from './envoy-version.ts';
import { findEnvoy } from './find-envoy.ts';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

const isThere = await findEnvoy().then(
  () => true,
  (error: unknown) => {
    if (process.env['CI'] || !(error instanceof AgentError)) throw error;
    console.warn(`The example in README.md is not run: ${error.message}`);
    return false;
  },
);

test.skipIf(!isThere)('the example in README.md runs', async () => {
  const readme = await readFile(`${packageDirectory}README.md`, 'utf8');
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const path = `${packageDirectory}.cache/readme-example-${process.pid}.ts`;
  try {
    await mkdir(`${packageDirectory}.cache`, { recursive: true });
    await writeFile(path, example);
    await import(/* @vite-ignore */ path);
    const lines = log.mock.calls.map((words) => words.join(' '));
    expect(lines.shift()).toContain(`Envoy ${DEFAULT_ENVOY_VERSION}`);
    expect(lines).toEqual(['started', 'ready', 'live: true', 'stopping', 'stopped']);
  } finally {
    log.mockRestore();
    await rm(path, { force: true });
  }
});
