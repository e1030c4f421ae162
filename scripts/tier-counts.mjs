// Counts what a tier of scripts/ci.mjs found.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './ensure.mjs';

/** What a tier found, and the names of what failed where its report has them. A command that fails counts as a failure even when its report has none: it may have died early. */
export function countTier(tier, steps, folder) {
  const failedSteps = steps.filter((step) => step.status !== 0).length;
  if (tier.count === 'steps') return { passed: steps.length - failedSteps, failed: failedSteps };
  const found =
    tier.count === 'vitest'
      ? tier.reports.map((report) => readVitestReport(join(folder, report)))
      : steps.map((step) => readSummary(step.output));
  const passed = found.reduce((total, counts) => total + (counts?.passed ?? 0), 0);
  const failed = found.reduce((total, counts) => total + (counts?.failed ?? 0), 0);
  const named = (key) => found.flatMap((counts) => counts?.[key] ?? []);
  const died = failed === 0 && (failedSteps > 0 || found.includes(undefined) || passed === 0);
  return { passed, failed: died ? 1 : failed, failures: named('failures'), skipped: named('skipped') };
}

function readVitestReport(path) {
  if (!existsSync(path)) return undefined;
  const report = JSON.parse(readFileSync(path, 'utf8'));
  // A file that cannot even be loaded has no tests to fail.
  const unloadable = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
  );
  const inStatus = (...statuses) =>
    report.testResults.flatMap((file) =>
      file.assertionResults
        .filter((test) => statuses.includes(test.status))
        .map((test) => `${relative(root, file.name)} > ${test.fullName}`),
    );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloadable.length,
    failures: [...unloadable.map((file) => relative(root, file.name)), ...inStatus('failed')],
    skipped: inStatus('pending', 'skipped', 'todo'),
  };
}

/** The last counts in a command's output: "12 passed, 1 failed", or JSON with `passed` and `failed`. */
export function readSummary(output) {
  const text = [...output.matchAll(/(\d+) passed, (\d+) failed/g)].at(-1);
  if (text !== undefined) return { passed: Number(text[1]), failed: Number(text[2]) };
  const passed = [...output.matchAll(/"passed":\s*(\d+)/g)].at(-1);
  const failed = [...output.matchAll(/"failed":\s*(\d+)/g)].at(-1);
  if (passed === undefined || failed === undefined) return undefined;
  return { passed: Number(passed[1]), failed: Number(failed[1]) };
}
