// Each rule of the xDS protocol has a test that notices when the server breaks it, and so have the host calls, callbacks and helpers of filters:
// npm run mutants [-- --rule XP-7 | --filters wasm-host]
//
// Every mutant is a copy of a package with one line changed. Of packages/discovery the tests whose names carry the mutant's rule must fail on it, of
// those for filters the ones that the mutant names; all must pass on a copy without change.
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/ensure.mjs';
import { FILTER_PACKAGES, testFilterPackage } from './filter-packages.ts';
import { EXEMPT, MUTANTS, type Mutant, RULES } from './mutants.ts';
import { applyChange, copyParts, counts, prepareFolder, problemOf, report, runTests } from './run-copies.ts';

/** A test that waits for what does not come has noticed too. */
const TEST_TIMEOUT_MS = 5_000;
/** A broken server may keep a test from tidying up. */
const HOOK_TIMEOUT_MS = 1_000;
/** Rules tested at a time: a mutant mostly makes tests wait. */
const RULES_AT_A_TIME = 4;
const BASE = 'unchanged';
const SOURCES = join(root, 'packages/discovery');

const { values } = parseArgs({ options: { rule: { type: 'string' }, filters: { type: 'string' } } });
const rules = values.filters === undefined ? RULES.filter((rule) => (values.rule ?? rule) === rule) : [];
const packages = values.rule === undefined ? FILTER_PACKAGES.filter((name) => (values.filters ?? name) === name) : [];
if (rules.length + packages.length === 0) {
  const wanted = values.rule === undefined ? FILTER_PACKAGES : RULES;
  throw new Error(`Cannot test "${values.rule ?? values.filters}": wanted one of ${wanted.join(', ')}`);
}

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
for (const name of packages) await testFilterPackage(name);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
process.exitCode = counts.failed === 0 ? 0 : 1;

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
    folder,
    rule,
    ['-t', `\\b${rule}\\b`],
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
  prepareFolder(into, { testTimeout: TEST_TIMEOUT_MS, hookTimeout: HOOK_TIMEOUT_MS });
  copySources(BASE);
  return globSync('src/**/*.test.ts', { cwd: SOURCES }).sort();
}

function copySources(copy: string): void {
  copyParts(SOURCES, join(folder, copy), ['package.json', 'README.md', 'src']);
}

/** Writes a copy with one line changed, or says why that is impossible. */
function applyMutant(copy: string, mutant: Mutant): string | undefined {
  const problem = problemOf(join(SOURCES, 'src', mutant.file), mutant);
  if (problem !== undefined) return problem;
  copySources(copy);
  applyChange(join(folder, copy, 'src', mutant.file), mutant);
  return undefined;
}
