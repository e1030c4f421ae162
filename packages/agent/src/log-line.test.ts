import { describe, expect, test } from 'vitest';
import { parseLogLine } from './log-line.ts';
import { splitLines } from './split-lines.ts';

describe('parseLogLine', () => {
  test.each([
    ['info main starting main dispatch loop', 'info', 'main', 'starting main dispatch loop'],
    [
      'warning config gRPC config: \\"x\\" rejected:\\n a\\tb\\\\c',
      'warning',
      'config',
      'gRPC config: "x" rejected:\n a\tb\\c',
    ],
    ['error wasm caf\\303\\251 \\xc3\\xa9', 'error', 'wasm', 'café é'],
    ['critical main ', 'critical', 'main', ''],
    // Neither level nor component: not written by the logger.
    ['terminate called without an active exception', 'error', '', 'terminate called without an active exception'],
    ['warning: nothing', 'error', '', 'warning: nothing'],
  ])('%s', (line, level, logger, message) => {
    expect(parseLogLine(line)).toEqual({ level, logger, message });
  });
});

describe('splitLines', () => {
  test.each([
    [['a\nb\n'], ['a', 'b']],
    [
      ['a', 'b\nc', '\n'],
      ['ab', 'c'],
    ],
    [['a\r\n\n\nb'], ['a', 'b']],
    [[], []],
  ])('of %j gives %j', (chunks, expected) => {
    const lines: string[] = [];
    const feed = splitLines((line) => lines.push(line));
    for (const chunk of chunks) feed(chunk);
    feed();
    expect(lines).toEqual(expected);
  });

  test('cuts a line that has no end', () => {
    const lengths: number[] = [];
    const feed = splitLines((line) => lengths.push(line.length));
    for (let i = 0; i < 20; i++) feed('x'.repeat(10_000));
    expect(lengths).toEqual([65_536, 65_536, 65_536]);
    feed();
    expect(lengths.at(-1)).toBe(200_000 - 3 * 65_536);
  });
});
