/** A place in a text file: 1-based lines and columns, as editors show them; columns count UTF-16 units. `end` is exclusive. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** A stretch of a file. `file` is the path as the user gave it. */
export interface SourceRange {
  readonly file: string;
  readonly start: SourcePosition;
  readonly end: SourcePosition;
}

/** `FILE:LINE:COLUMN`, which terminals and editors make clickable. */
export function formatPosition(range: SourceRange): string {
  return `${range.file}:${range.start.line}:${range.start.column}`;
}
