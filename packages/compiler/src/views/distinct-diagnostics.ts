import { compareDiagnostics, compareText, type Diagnostic, formatDiagnostic } from '@heddle/model';

/**
 * Each diagnostic once, as several ports and hosts of a view meet the same mistakes, in the order in which they are shown. Which of those
 * that read alike is taken does not depend on the order in which they were found.
 */
export function distinctDiagnostics(found: readonly Diagnostic[]): readonly Diagnostic[] {
  const distinct = new Map<string, Diagnostic>();
  for (const one of new Set(found)) {
    const text = formatDiagnostic(one);
    const other = distinct.get(text);
    if (other === undefined || compareAdvice(one, other) < 0) distinct.set(text, one);
  }
  return [...distinct.values()].sort(compareDiagnostics);
}

function compareAdvice(a: Diagnostic, b: Diagnostic): number {
  return compareText(a.effect ?? '', b.effect ?? '') || compareText(a.fix ?? '', b.fix ?? '');
}

export function sameDiagnostics(a: readonly Diagnostic[], b: readonly Diagnostic[]): boolean {
  return (
    a.length === b.length &&
    a.every((one, index) => one === b[index] || JSON.stringify(one) === JSON.stringify(b[index]))
  );
}
