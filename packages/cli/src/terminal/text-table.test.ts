import { expect, test } from 'vitest';
import { formatAge } from './age.ts';
import { formatTable } from './text-table.ts';

test('formatTable: pads columns by what is widest, and ends each line where its text ends', () => {
  expect(
    formatTable(
      ['NAME', 'X', 'Y'],
      [
        ['a-long-name', '1', ''],
        ['b', '22\n', 'z'],
      ],
    ),
  ).toBe(['NAME            X        Y', 'a-long-name     1', 'b               22\\n     z', ''].join('\n'));
  expect(formatTable(['A', 'B'], [])).toBe('A     B\n');
});

test.each([
  [-5_000, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [245_000, '4m5s'],
  [3_600_000, '1h'],
  [7_500_000, '2h5m'],
  [86_400_000 * 3 + 3_600_000 * 4, '3d4h'],
])('formatAge: %i ms is %s', (ms, expected) => expect(formatAge(ms)).toBe(expected));
