import process from 'node:process';
import { type Diagnostic, formatFieldPath, formatPosition, formatRef, type Severity } from '@heddle/model';
import { codeFrame } from '@heddle/sources';
import { hasColor } from '../terminal/color.ts';
import { formatTable } from '../terminal/text-table.ts';
import type { Manifests } from './manifests.ts';

/** How findings are printed: with the lines they are about, as a table, as lines for editors, or for programs. */
export type FindingsFormat = 'text' | 'table' | 'json';

/** From the worst to the mildest. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Whether a severity is the limit or worse. */
export function isAtLeast(severity: Severity, limit: Severity): boolean {
  return SEVERITIES.indexOf(severity) <= SEVERITIES.indexOf(limit);
}

/** Version of the JSON that {@link printFindings} writes: it grows when a field changes its meaning, not when one is added. */
const JSON_VERSION = 1;

/** Prints findings on stdout; `shown` are those above the threshold. */
export function printFindings(
  manifests: Manifests,
  findings: readonly Diagnostic[],
  options: { readonly output: FindingsFormat; readonly threshold: Severity },
): void {
  const shown = findings.filter(({ severity }) => isAtLeast(severity, options.threshold));
  switch (options.output) {
    case 'json':
      process.stdout.write(`${JSON.stringify(findingsJson(manifests, shown), null, 2)}\n`);
      return;
    case 'table':
      if (shown.length > 0) process.stdout.write(findingsTable(shown));
      break;
    case 'text':
      for (const found of shown) process.stdout.write(`${frame(found, manifests)}\n`);
      break;
  }
  process.stderr.write(`${summary(manifests, findings)}\n`);
}

/** `✔ 4 objects, no problems`, or how many of each severity. */
function summary({ snapshot }: Manifests, findings: readonly Diagnostic[]): string {
  const objects = [...snapshot.counts().values()].reduce((sum, count) => sum + count, 0);
  const counts = countBySeverity(findings);
  const parts = SEVERITIES.filter((severity) => counts[severity] > 0).map((severity) =>
    plural(counts[severity], severity),
  );
  const sign = counts.error > 0 ? '✖' : counts.warning > 0 ? '‼' : '✔';
  return `${sign} ${plural(objects, 'object')}: ${parts.length === 0 ? 'no problems' : parts.join(', ')}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function countBySeverity(findings: readonly Diagnostic[]): Record<Severity, number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

function frame(found: Diagnostic, manifests: Manifests): string {
  const text = found.range === undefined ? undefined : manifests.textOf(found.range.file);
  return codeFrame(found, { text, color: hasColor(process.stdout) });
}

function findingsTable(findings: readonly Diagnostic[]): string {
  return formatTable(
    ['SEVERITY', 'CODE', 'OBJECT', 'FIELD', 'POSITION', 'MESSAGE'],
    findings.map(({ severity, code, resource, path, range, message }) => [
      severity,
      code,
      resource === undefined ? '-' : formatRef(resource),
      path.length === 0 ? '-' : formatFieldPath(path),
      range === undefined ? '-' : formatPosition(range),
      message,
    ]),
  );
}

/** The JSON form; see the README of this package. */
function findingsJson({ snapshot }: Manifests, findings: readonly Diagnostic[]): unknown {
  const counts = countBySeverity(findings);
  return {
    version: JSON_VERSION,
    objects: Object.fromEntries(snapshot.counts()),
    errors: counts.error,
    warnings: counts.warning,
    infos: counts.info,
    findings: findings.map(({ code, severity, resource, path, range, message, effect, fix }) => ({
      code,
      severity,
      ...(resource === undefined ? {} : { object: resource }),
      ...(path.length === 0 ? {} : { field: formatFieldPath(path) }),
      ...(range === undefined
        ? {}
        : {
            file: range.file,
            line: range.start.line,
            column: range.start.column,
            endLine: range.end.line,
            endColumn: range.end.column,
          }),
      message,
      ...(effect === undefined ? {} : { effect }),
      ...(fix === undefined ? {} : { fix }),
      docs: `docs/errors.md#${code.toLowerCase()}`,
    })),
  };
}
