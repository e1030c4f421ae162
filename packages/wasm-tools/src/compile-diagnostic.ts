/** Something that the compiler has to say of a place in the sources. */
export interface CompileDiagnostic {
  readonly severity: 'error' | 'warning' | 'info';
  /** The compiler's own: `AS100` of AssemblyScript, `TS2304` of those that it shares with TypeScript. */
  readonly code: string;
  readonly message: string;
  /** Undefined if it is of no one place. */
  readonly place:
    | {
        /** As the reader can open it: relative to the working directory; `~lib/…` in the standard library. */
        readonly file: string;
        /** From 1. */
        readonly line: number;
        /** From 1, in UTF-16 units. */
        readonly column: number;
        /** How many units of that line it is about, at least 1. */
        readonly length: number;
        /** The line's text. */
        readonly source: string;
      }
    | undefined;
}

/** asc's categories (`DiagnosticCategory`). */
const SEVERITIES = ['info', 'info', 'warning', 'error'] as const;
/** Codes from here on are TypeScript's. */
const TYPESCRIPT = 1000;

/** As asc hands it out. */
export interface AscDiagnostic {
  readonly message: string;
  readonly code: number;
  readonly category: number;
  readonly range: {
    readonly start: number;
    readonly end: number;
    readonly source: { readonly normalizedPath: string } | null;
  } | null;
}

/**
 * Reads what asc reports.
 *
 * @param sourceOf the text of a file as asc names it, and how the reader knows it
 */
export function compileDiagnostic(
  { message, code, category, range }: AscDiagnostic,
  sourceOf: (name: string) => { readonly file: string; readonly text: string } | undefined,
): CompileDiagnostic {
  const source = range?.source ? sourceOf(range.source.normalizedPath) : undefined;
  return {
    severity: SEVERITIES[category] ?? 'error',
    code: `${code < TYPESCRIPT ? 'AS' : 'TS'}${code}`,
    message,
    place: range === null || source === undefined ? undefined : placeOf(source, range.start, range.end),
  };
}

function placeOf({ file, text }: { readonly file: string; readonly text: string }, start: number, end: number) {
  const before = text.slice(0, start);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = text.indexOf('\n', start);
  const source = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd).replace(/\r$/, '');
  const column = start - lineStart + 1;
  return {
    file,
    line: before.split('\n').length,
    column,
    length: Math.max(1, Math.min(end - start, source.length - column + 1)),
    source,
  };
}

/** A diagnostic for people: where, what, and the line in question. */
export function formatDiagnostic({ severity, code, message, place }: CompileDiagnostic): string {
  if (place === undefined) return `${severity} ${code}: ${message}`;
  const number = String(place.line).padStart(5);
  const indent = place.source.slice(0, place.column - 1).replaceAll(/[^\t]/g, ' ');
  return [
    `${place.file}:${place.line}:${place.column}: ${severity} ${code}: ${message}`,
    `${number} │ ${place.source}`,
    `${' '.repeat(number.length)} │ ${indent}${'^'.repeat(place.length)}`,
  ].join('\n');
}
