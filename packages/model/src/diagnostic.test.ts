import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDiagnostics, type Diagnostic, diagnostic, formatDiagnostic } from './diagnostic.ts';
import { diagnosticCodes } from './diagnostic-codes.ts';
import { formatFieldPath } from './field-path.ts';

describe('formatFieldPath', () => {
  test.each([
    [[], ''],
    [['spec', 'http', 0, 'route', 1, 'weight'], 'spec.http[0].route[1].weight'],
    [['metadata', 'labels', 'app.io/x'], 'metadata.labels["app.io/x"]'],
    [['spec', ''], 'spec[""]'],
    [['a-b', 'c d', 'e"f'], 'a-b["c d"]["e\\"f"]'],
    [[0], '[0]'],
  ] as const)('%j', (path, wanted) => {
    expect(formatFieldPath(path)).toBe(wanted);
  });
});

describe('diagnostic', () => {
  test('takes the severity of its code, and says what it knows on one line', () => {
    const found = diagnostic('HED106', {
      resource: { kind: 'Gateway', namespace: 'shop', name: 'gw' },
      path: ['spec', 'servers', 0],
      range: { file: 'a.yaml', start: { line: 3, column: 5 }, end: { line: 3, column: 9 } },
      message: 'm',
    });
    expect(found.severity).toBe('warning');
    expect(formatDiagnostic(found)).toBe('a.yaml:3:5: warning: Gateway shop/gw at spec.servers[0]: m [HED106]');
    expect(formatDiagnostic(diagnostic('HED001', { message: 'm' }))).toBe('error: m [HED001]');
    expect(formatDiagnostic(diagnostic('HED001', { path: ['a'], message: 'm' }))).toBe('error: at a: m [HED001]');
  });
});

describe('diagnosticCodes', () => {
  test.each(Object.entries(diagnosticCodes))(
    '%s has a name of the grammar, and a sentence without a full stop',
    (code, info) => {
      expect(code).toMatch(/^(?:HED\d{3}|IST\d{4})$/);
      expect(info.title).toMatch(/^[A-Z].*[^.]$/);
    },
  );
});

describe('compareDiagnostics', () => {
  const anyDiagnostic: fc.Arbitrary<Diagnostic> = fc
    .record({
      code: fc.constantFrom('HED001', 'HED106', 'HED206', 'IST0101'),
      file: fc.constantFrom('a', 'b', ''),
      line: fc.nat(3),
      name: fc.constantFrom('x', 'y', ''),
      path: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }),
      message: fc.constantFrom('m', 'n'),
    })
    .map(({ code, file, line, name, path, message }) =>
      diagnostic(code as 'HED001', {
        path,
        message,
        ...(name === '' ? {} : { resource: { kind: 'K', namespace: 'n', name } }),
        ...(file === '' ? {} : { range: { file, start: { line, column: 1 }, end: { line, column: 2 } } }),
      }),
    );

  test('is an order: antisymmetric, transitive, and equal only for what reads the same', () => {
    fc.assert(
      fc.property(anyDiagnostic, anyDiagnostic, anyDiagnostic, (a, b, c) => {
        expect(Math.sign(compareDiagnostics(a, b))).toBe(-Math.sign(compareDiagnostics(b, a)) + 0);
        if (compareDiagnostics(a, b) <= 0 && compareDiagnostics(b, c) <= 0)
          expect(compareDiagnostics(a, c)).toBeLessThanOrEqual(0);
        if (compareDiagnostics(a, b) === 0) expect(formatDiagnostic(a)).toBe(formatDiagnostic(b));
      }),
    );
  });

  test('shows errors first, then by place', () => {
    const at = (code: 'HED001' | 'HED106' | 'HED206', line: number): Diagnostic =>
      diagnostic(code, { message: 'm', range: { file: 'a', start: { line, column: 1 }, end: { line, column: 1 } } });
    const sorted = [at('HED206', 1), at('HED106', 9), at('HED001', 10), at('HED001', 9)].sort(compareDiagnostics);
    expect(sorted.map(({ code, range }) => `${code}:${range?.start.line}`)).toEqual([
      'HED001:9',
      'HED001:10',
      'HED106:9',
      'HED206:1',
    ]);
  });
});
