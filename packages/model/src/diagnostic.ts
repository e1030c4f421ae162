import { type DiagnosticCode, diagnosticCodes } from './diagnostic-codes.ts';
import { type FieldPath, formatFieldPath } from './field-path.ts';
import { compareText, formatRef, type ResourceRef } from './resource-ref.ts';
import { formatPosition, type SourceRange } from './source-range.ts';

export type Severity = 'error' | 'warning' | 'info';

/**
 * Something wrong with what a user wrote, or worth knowing about it. Bad input is data: readers and the compiler collect
 * diagnostics and go on. The same record feeds the terminal, JSON output and the debug endpoints.
 */
export interface Diagnostic {
  /** Stable code from the table in `diagnostic-codes.ts`. */
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  /** The object it is about; absent when a file could not be read far enough to know. */
  readonly resource?: ResourceRef;
  /** The field it is about, from the object's root; empty for the object as a whole. */
  readonly path: FieldPath;
  /** Where it stands in a file. The compiler leaves it out: whoever shows the diagnostic adds it with `MeshSnapshot.locate`. */
  readonly range?: SourceRange;
  /** What was found and what was wanted, one sentence without position and object. */
  readonly message: string;
  /** What it does to traffic. */
  readonly effect?: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** Builds a diagnostic with its code's severity. */
export function diagnostic(
  code: DiagnosticCode,
  details: Omit<Diagnostic, 'code' | 'severity' | 'path'> & { readonly path?: FieldPath },
): Diagnostic {
  return { path: [], ...details, code, severity: diagnosticCodes[code].severity };
}

/** One line: `POSITION: KIND NS/NAME FIELD: MESSAGE [CODE]`, leaving out what is not known. */
export function formatDiagnostic(found: Diagnostic): string {
  const where = found.range === undefined ? '' : `${formatPosition(found.range)}: `;
  const field = formatFieldPath(found.path);
  const what = [found.resource === undefined ? '' : formatRef(found.resource), field === '' ? '' : `at ${field}`]
    .filter((part) => part !== '')
    .join(' ');
  return `${where}${found.severity}: ${what === '' ? '' : `${what}: `}${found.message} [${found.code}]`;
}

const SEVERITY_ORDER: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** Errors first, then by file position, object, field and code: the order in which diagnostics are shown. */
export function compareDiagnostics(a: Diagnostic, b: Diagnostic): number {
  return (
    SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
    compareText(a.range?.file ?? '', b.range?.file ?? '') ||
    (a.range?.start.line ?? 0) - (b.range?.start.line ?? 0) ||
    compareText(
      a.resource === undefined ? '' : formatRef(a.resource),
      b.resource === undefined ? '' : formatRef(b.resource),
    ) ||
    compareText(formatFieldPath(a.path), formatFieldPath(b.path)) ||
    compareText(a.code, b.code) ||
    compareText(a.message, b.message)
  );
}
