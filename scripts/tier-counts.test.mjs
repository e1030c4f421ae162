import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './ensure.mjs';
import { countTier, readSummary } from './tier-counts.mjs';

describe('readSummary', () => {
  test.each([
    ['1 passed, 0 failed', { passed: 1, failed: 0 }],
    ['3 passed, 9 failed\nmore\n12 passed, 1 failed\n', { passed: 12, failed: 1 }],
    ['{"cases": 4, "passed": 3, "failed": 1}', { passed: 3, failed: 1 }],
    ['nothing', undefined],
  ])('reads %j', (output, counts) => {
    expect(readSummary(output)).toEqual(counts);
  });
});

describe('countTier', () => {
  let folder;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'heddle-counts-'));
    const file = (status, ...tests) => ({
      status,
      name: join(root, 'packages/a/b.test.ts'),
      assertionResults: tests.map((result) => ({ status: result, fullName: `is ${result}` })),
    });
    const report = (name, passed, failed, testResults) =>
      writeFileSync(
        join(folder, name),
        JSON.stringify({ numPassedTests: passed, numFailedTests: failed, testResults }),
      );
    report('good', 1, 0, [file('passed', 'passed', 'skipped')]);
    report('bad', 1, 1, [file('failed', 'passed', 'failed')]);
    report('unloadable', 1, 0, [file('passed', 'passed'), file('failed')]);
    report('empty', 0, 0, []);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const well = { status: 0, output: '2 passed, 0 failed' };
  const badly = { status: 1, output: '2 passed, 0 failed' };
  const vitest = (report) => ({ count: 'vitest', reports: [report] });
  test.each([
    ['commands that end well', { count: 'steps' }, [well, badly], { passed: 1, failed: 1 }],
    ['sums', { count: 'summary' }, [well, well], { passed: 4, failed: 0 }],
    ['a command that fails in spite of its counts', { count: 'summary' }, [badly], { passed: 2, failed: 1 }],
    ['a command without counts', { count: 'summary' }, [{ status: 0, output: '' }], { passed: 0, failed: 1 }],
    [
      'tests, and names the skipped',
      vitest('good'),
      [well],
      { passed: 1, failed: 0, failures: [], skipped: ['packages/a/b.test.ts > is skipped'] },
    ],
    [
      'failed tests, and names them',
      vitest('bad'),
      [badly],
      { passed: 1, failed: 1, failures: ['packages/a/b.test.ts > is failed'] },
    ],
    [
      'a file that cannot be loaded, and names it',
      vitest('unloadable'),
      [badly],
      { passed: 1, failed: 1, failures: ['packages/a/b.test.ts'] },
    ],
    ['a report without tests', vitest('empty'), [well], { passed: 0, failed: 1 }],
    ['a report that was never written', vitest('none'), [well], { passed: 0, failed: 1 }],
  ])('counts %s', (_, tier, steps, counts) => {
    expect(countTier(tier, steps, folder)).toMatchObject(counts);
  });
});
