import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test('the example in README.md runs', async () => {
  const readme = await readFile(`${packageDirectory}README.md`, 'utf8');
  const example = /```ts\n([^]*?)```/.exec(readme)?.[1] ?? '';
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const path = `${packageDirectory}.cache/readme-example-${process.pid}.ts`;
  try {
    await mkdir(`${packageDirectory}.cache`, { recursive: true });
    await writeFile(path, example);
    await import(/* @vite-ignore */ path);
    expect(log.mock.calls.map((words) => words.join(' '))).toEqual([
      expect.stringMatching(/^listening on 127\.0\.0\.1:\d+$/),
      '0 data planes are told',
    ]);
  } finally {
    log.mockRestore();
    await rm(path, { force: true });
  }
});
