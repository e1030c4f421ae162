// What both kinds of mutants need: copies of a package with something changed, and vitest over them.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pinnedNode, root } from '../../scripts/ensure.mjs';

/** A line of a file, changed. */
export interface Change {
  /** Text that stands in the file exactly once, within one line. */
  readonly find: string;
  readonly replace: string;
}

/** What vitest's reporter `json` writes, as far as it is read here. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Limits of a run, in milliseconds: a test that waits for what does not come has noticed too. */
export interface RunLimits {
  readonly testTimeout: number;
  readonly hookTimeout: number;
}

/** Makes a folder one in which copies can be tested. */
export function prepareFolder(folder: string, limits: RunLimits): void {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const config = [
    `import { mergeConfig } from '${join(root, 'node_modules/vitest/dist/config.js')}';`,
    `import base from '${join(root, 'vitest.config.ts')}';`,
    `base.test.include = ['*/src/**/*.test.ts'];`,
    // The copies share what they import: one worker after the other would load it anew for each.
    `export default mergeConfig(base, { test: { testTimeout: ${limits.testTimeout}, hookTimeout: ${limits.hookTimeout}, teardownTimeout: 500, isolate: false } });`,
  ];
  writeFileSync(join(folder, 'vitest.config.mjs'), `${config.join('\n')}\n`);
}

/** Copies some parts of a package. */
export function copyParts(from: string, to: string, parts: readonly string[]): void {
  mkdirSync(to);
  for (const part of parts)
    if (existsSync(join(from, part))) cpSync(join(from, part), join(to, part), { recursive: true });
}

/** What keeps a change from being made to a file; undefined if nothing does. */
export function problemOf(path: string, { find }: Change): string | undefined {
  if (!existsSync(path)) return `there is no file "${path}"`;
  const found = readFileSync(path, 'utf8').split(find).length - 1;
  return found === 1 ? undefined : `found ${found} times in ${path}, wanted once: ${find}`;
}

/** Makes a change. */
export function applyChange(path: string, { find, replace }: Change): void {
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(find, () => replace),
  );
}

/** Runs test files below a folder that was prepared; `name` is that of the report. */
export function runTests(
  folder: string,
  name: string,
  options: readonly string[],
  files: readonly string[],
): Promise<VitestReport> {
  const reportFile = join(folder, `${name}.json`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const all = ['--root', folder, ...options, '--reporter=json', `--outputFile=${reportFile}`];
  const child = spawn(pinnedNode(), [vitest, 'run', ...all, ...files], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      if (existsSync(reportFile)) resolve(JSON.parse(readFileSync(reportFile, 'utf8')));
      else reject(new Error(`Cannot test ${name}: vitest wrote no report\n${output}`));
    });
  });
}

/** What was found so far. */
export const counts = { passed: 0, failed: 0 };

/** Says what became of a mutant: it passes if there is no problem. */
export function report(name: string, problem: string | undefined, noticed: readonly string[] = []): void {
  if (problem === undefined) counts.passed += 1;
  else counts.failed += 1;
  const [first, ...others] = noticed;
  const by =
    first === undefined
      ? ''
      : `\n         noticed by: ${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`;
  process.stdout.write(problem === undefined ? `passed  ${name}${by}\n` : `FAILED  ${name}\n         ${problem}\n`);
}
