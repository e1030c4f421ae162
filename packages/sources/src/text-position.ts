import type { SourcePosition } from '@heddle/model';

/** Where an offset of a text stands, both 1-based as editors show it; `firstLine` is the 0-based line on which the text begins in its file. */
export function positionAt(text: string, offset: number, firstLine = 0): SourcePosition {
  const end = Math.max(0, Math.min(offset, text.length));
  let line = firstLine;
  let lineStart = 0;
  for (let newline = text.indexOf('\n'); newline !== -1 && newline < end; newline = text.indexOf('\n', newline + 1)) {
    line++;
    lineStart = newline + 1;
  }
  return { line: line + 1, column: end - lineStart + 1 };
}
