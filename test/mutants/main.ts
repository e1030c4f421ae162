// Each rule of the xDS protocol has a test that notices when the server breaks it: npm run mutants [-- --rule XP-7]
//
// Every mutant is a copy of packages/discovery with one line changed. The tests whose names carry its rule must fail on it, and
// pass on a copy without change.
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { pinnedNode, root } from '../../scripts/ensure.mjs';
import { EXEMPT, MUTANTS, type Mutant, RULES } from './mutants.ts';

/** A test that waits for what does not come has noticed too. */
const TEST_TIMEOUT_MS = 3_000;
/** A broken server may keep a test from tidying up. */
const HOOK_TIMEOUT_MS = 1_000;
/** Rules tested at a time: a mutant mostly makes tests wait. */
const RULES_AT_A_TIME = 4;
const BASE = 'unchanged';
const SOURCES = join(root, 'packages/discovery');

interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const { values } = parseArgs({ options: { rule: { type: 'string' } } });
const rules = values.rule === undefined ? RULES : RULES.filter((rule) => rule === values.rule);
if (rules.length === 0) throw new Error(`Cannot test rule "${values.rule}": wanted one of ${RULES.join(', ')}`);

let passed = 0;
let failed = 0;
const folder = mkdtempSync(join(tmpdir(), 'heddle-mutants-'));
try {
  const files = prepare(folder);
  const waiting = [...rules];
  const testNext = async () => {
    for (let rule = waiting.shift(); rule !== undefined; rule = waiting.shift()) await testRule(rule, files);
  };
  await Promise.all(Array.from({ length: RULES_AT_A_TIME }, testNext));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;

async function testRule(rule: string, testFiles: readonly string[]): Promise<void> {
  const mutants = MUTANTS.filter((mutant) => mutant.rule === rule);
  const exemption = EXEMPT[rule];
  if (mutants.length === 0) {
    if (exemption === undefined) report(rule, 'no mutant breaks it');
    else process.stdout.write(`exempt  ${rule}: ${exemption}\n`);
    return;
  }
  const carriesRule = new RegExp(`\\b${rule}\\b`);
  const files = testFiles.filter((file) => carriesRule.test(readFileSync(join(SOURCES, file), 'utf8')));
  if (files.length === 0) {
    report(rule, 'no test carries it in its name');
    return;
  }
  const copies = new Map<string, Mutant | undefined>([[BASE, undefined]]);
  for (const [index, mutant] of mutants.entries()) {
    const problem = applyMutant(`${rule}-${index}`, mutant);
    if (problem === undefined) copies.set(`${rule}-${index}`, mutant);
    else report(`${rule} ${mutant.effect}`, problem);
  }
  const { testResults } = await runTests(
    rule,
    [...copies.keys()].flatMap((copy) => files.map((file) => join(copy, file))),
  );
  for (const [copy, mutant] of copies) {
    const results = testResults.filter(({ name }) => name.startsWith(join(folder, copy, '/')));
    const unloadable = results.find((file) => file.assertionResults.length === 0 && file.message !== '');
    const tests = results.flatMap((file) => file.assertionResults).filter(({ fullName }) => carriesRule.test(fullName));
    const noticed = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
    const name = mutant === undefined ? `${rule} unchanged, ${tests.length} tests` : `${rule} ${mutant.effect}`;
    if (unloadable !== undefined) report(name, `the tests cannot be loaded: ${unloadable.message}`);
    else if (mutant !== undefined) report(name, noticed.length > 0 ? undefined : 'no test notices', noticed);
    else if (!tests.some(({ status }) => status === 'passed')) report(name, 'no test of this rule ran');
    else report(name, noticed.length === 0 ? undefined : `fails without a change: ${noticed.join('; ')}`);
    if (mutant !== undefined) rmSync(join(folder, copy), { recursive: true });
  }
}

/** Makes the folder in which the copies are tested; gives the test files that a copy has. */
function prepare(into: string): readonly string[] {
  symlinkSync(join(root, 'node_modules'), join(into, 'node_modules'));
  const config = [
    `import { mergeConfig } from '${join(root, 'node_modules/vitest/dist/config.js')}';`,
    `import base from '${join(root, 'vitest.config.ts')}';`,
    `base.test.include = ['*/src/**/*.test.ts'];`,
    // The copies share what they import: one worker after the other would load it anew for each.
    `export default mergeConfig(base, { test: { testTimeout: ${TEST_TIMEOUT_MS}, hookTimeout: ${HOOK_TIMEOUT_MS}, teardownTimeout: 500, isolate: false } });`,
  ];
  writeFileSync(join(into, 'vitest.config.mjs'), `${config.join('\n')}\n`);
  copySources(BASE);
  return globSync('src/**/*.test.ts', { cwd: SOURCES }).sort();
}

function copySources(copy: string): void {
  mkdirSync(join(folder, copy));
  for (const part of ['package.json', 'README.md', 'src'])
    cpSync(join(SOURCES, part), join(folder, copy, part), { recursive: true });
}

/** Writes a copy with one line changed, or says why that is impossible. */
function applyMutant(copy: string, { file, find, replace }: Mutant): string | undefined {
  const path = join(SOURCES, 'src', file);
  if (!existsSync(path)) return `there is no file "${file}"`;
  const text = readFileSync(path, 'utf8');
  const found = text.split(find).length - 1;
  if (found !== 1) return `found ${found} times in ${file}, wanted once: ${find}`;
  copySources(copy);
  writeFileSync(
    join(folder, copy, 'src', file),
    text.replace(find, () => replace),
  );
  return undefined;
}

function runTests(rule: string, files: readonly string[]): Promise<VitestReport> {
  const reportFile = join(folder, `${rule}.json`);
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const options = ['--root', folder, '-t', `\\b${rule}\\b`, '--reporter=json', `--outputFile=${reportFile}`];
  const child = spawn(pinnedNode(), [vitest, 'run', ...options, ...files], {
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
      else reject(new Error(`Cannot test ${rule}: vitest wrote no report\n${output}`));
    });
  });
}

function report(name: string, problem: string | undefined, noticed: readonly string[] = []): void {
  if (problem === undefined) passed += 1;
  else failed += 1;
  const [first, ...others] = noticed;
  const by =
    first === undefined
      ? ''
      : `\n         noticed by: ${first}${others.length === 0 ? '' : ` (and ${others.length} more)`}`;
  process.stdout.write(problem === undefined ? `passed  ${name}${by}\n` : `FAILED  ${name}\n         ${problem}\n`);
}
