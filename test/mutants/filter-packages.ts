// Mutants of the packages for filters. A copy of a package may carry several, each of which another test must notice: AssemblyScript is compiled
// for each copy.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/ensure.mjs';
import { FILTER_MUTANTS, type FilterMutant } from './filter-mutants.ts';
import { applyChange, copyParts, prepareFolder, problemOf, report, runTests, type VitestReport } from './run-copies.ts';

/** The packages that have mutants. */
export const FILTER_PACKAGES: readonly string[] = [...new Set(FILTER_MUTANTS.map((mutant) => mutant.package))];

/** A compiler may have to run before the first test does. */
const LIMITS = { testTimeout: 10_000, hookTimeout: 60_000 };
const PARTS = ['package.json', 'src', 'assembly', 'test', 'test-modules', 'README.md'];
const BASE = 'unchanged';

/** Tests all mutants of a package in one run of vitest. */
export async function testFilterPackage(name: string): Promise<void> {
  const sources = join(root, 'packages', name);
  const folder = mkdtempSync(join(tmpdir(), 'heddle-mutants-'));
  try {
    prepareFolder(folder, LIMITS);
    const mutants = FILTER_MUTANTS.filter((mutant) => mutant.package === name);
    const copies = new Map<string, FilterMutant[]>();
    for (const [index, mutant] of mutants.entries()) {
      const problem = problemOf(join(sources, mutant.file), mutant);
      if (problem !== undefined) {
        report(`${name} ${mutant.effect}`, problem);
        continue;
      }
      const copy = `${mutant.batch ?? index}-${mutant.tests.replaceAll(/[^a-z0-9]/g, '-')}`;
      copies.set(copy, [...(copies.get(copy) ?? []), mutant]);
    }
    copyPackage(name, join(folder, BASE));
    for (const [copy, changes] of copies) {
      copyPackage(name, join(folder, copy));
      for (const change of changes) applyChange(join(folder, copy, change.file), change);
    }
    const files = [
      ...new Set(mutants.map(({ tests }) => join(BASE, tests))),
      ...[...copies].flatMap(([copy, [first]]) => (first === undefined ? [] : [join(copy, first.tests)])),
    ];
    const { testResults } = await runTests(folder, name, [], files);
    judge(`${name} unchanged`, resultsOf(testResults, join(folder, BASE, '/')));
    for (const [copy, changes] of copies) {
      const found = resultsOf(testResults, join(folder, copy, '/'));
      for (const change of changes) judgeMutant(name, change, found);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A copy that finds itself where others would find the package. */
function copyPackage(name: string, to: string): void {
  copyParts(join(root, 'packages', name), to, PARTS);
  mkdirSync(join(to, 'node_modules/@heddle'), { recursive: true });
  symlinkSync(to, join(to, 'node_modules/@heddle', name));
}

interface Found {
  readonly tests: number;
  readonly failed: readonly string[];
  readonly unloadable: string | undefined;
}

function resultsOf(results: VitestReport['testResults'], folder: string): Found {
  const own = results.filter(({ name }) => name.startsWith(folder));
  const tests = own.flatMap(({ assertionResults }) => assertionResults);
  return {
    tests: tests.length,
    failed: tests.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
    // A hook that fails, for one since the copy cannot be compiled, fails no test: it leaves them out.
    unloadable: own.find(
      ({ message, assertionResults }) => message !== '' && assertionResults.every(({ status }) => status !== 'failed'),
    )?.message,
  };
}

function judge(name: string, { tests, failed, unloadable }: Found): void {
  const problem = unloadable ?? (failed.length > 0 ? `fails without a change: ${failed.join('; ')}` : undefined);
  report(`${name}, ${tests} tests`, tests === 0 ? 'no test ran' : problem);
}

function judgeMutant(name: string, { effect, by = '' }: FilterMutant, { tests, failed, unloadable }: Found): void {
  const noticed = failed.filter((test) => test.includes(by));
  const others = failed.length === 0 ? '' : `; others failed: ${failed.join('; ')}`;
  if (unloadable !== undefined) report(`${name} ${effect}`, `the tests cannot be loaded: ${unloadable}`);
  else if (tests === 0) report(`${name} ${effect}`, 'its tests did not run');
  else report(`${name} ${effect}`, noticed.length > 0 ? undefined : `no test "${by}" notices${others}`, noticed);
}
