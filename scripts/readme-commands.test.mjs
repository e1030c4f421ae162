import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseReadmeSteps, runReadmeSteps } from './readme-commands.mjs';

const fence = '```';

function readme(...blocks) {
  return ['# Title', ...blocks.flatMap(([comment, command]) => [comment, `${fence}sh`, command, fence])].join('\n');
}

describe('parseReadmeSteps', () => {
  test('reads the comment before each block', () => {
    expect(
      parseReadmeSteps(readme(['<!-- ci: start until="a b" -->', 'one'], ['<!-- ci: skip reason="r" -->', 'two'])),
    ).toEqual([
      { kind: 'start', until: 'a b', command: 'one', line: 4, section: 'Title' },
      { kind: 'skip', reason: 'r', command: 'two', line: 8, section: 'Title' },
    ]);
  });

  test('refuses commands that nobody would run', () => {
    expect(() => parseReadmeSteps(readme(['Some words.', 'one']))).toThrow('line 3: found no <!-- ci:');
  });

  test('refuses a comment that it cannot read', () => {
    expect(() => parseReadmeSteps(readme(['<!-- ci: runs -->', 'one']))).toThrow('line 2: cannot read');
  });

  test('leaves other languages alone', () => {
    expect(parseReadmeSteps(`${fence}ts\nconst a = 1;\n${fence}`)).toEqual([]);
  });
});

describe('runReadmeSteps', () => {
  const step = (kind, command, rest = {}) => ({ kind, command, line: 1, section: 's', ...rest });
  test.each([
    ['a command that answers', [step('run', 'echo yes', { expect: 'yes' })], { passed: 1, failed: 0 }],
    ['another answer', [step('run', 'echo no', { expect: 'yes' })], { passed: 0, failed: 1 }],
    ['the text on standard error', [step('run', 'echo yes >&2', { expect: 'yes' })], { passed: 0, failed: 1 }],
    ['a failing command', [step('run', 'false')], { passed: 0, failed: 1 }],
    [
      'a command that gets ready and ends when told',
      [step('start', 'echo ready; exec sleep 60', { until: 'ready' })],
      { passed: 1, failed: 0 },
    ],
    [
      'a command that ends before it is ready',
      [step('start', 'echo no', { until: 'ready' })],
      { passed: 0, failed: 1 },
    ],
    ['a skipped command', [step('skip', 'false', { reason: 'r' })], { passed: 0, failed: 0 }],
  ])('%s', async (_, steps, counts) => {
    expect(await runReadmeSteps(steps, tmpdir(), () => {})).toMatchObject(counts);
  });
});
