import { printable } from './printable.ts';

/** Space between columns, as istioctl's tables have it. */
const GAP = 5;

/** A table as text: a header and rows of the same length, columns padded, each line ended. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((cells) => cells.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines
    .map((cells) => cells.map((cell, column) => cell.padEnd((widths[column] ?? 0) + GAP)).join(''))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
