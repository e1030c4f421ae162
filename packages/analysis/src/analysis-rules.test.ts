import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Diagnostic, type DiagnosticCode, diagnosticCodes, type MeshSnapshot } from '@heddle/model';
import { readManifests } from '@heddle/testing/manifests';
import { describe, expect, test } from 'vitest';
import { analysisRules } from './analysis-rules.ts';
import { analyze } from './analyze.ts';

const folder = join(import.meta.dirname, '../fixtures');

function load(rule: string, file: 'bad.yaml' | 'good.yaml'): { snapshot: MeshSnapshot; text: string } {
  const text = readFileSync(join(folder, rule, file), 'utf8');
  return { snapshot: readManifests(text, file), text };
}

/** What reading found is another matter: fixtures may use fields that are not applied yet, but nothing that is refused. */
function findings(snapshot: MeshSnapshot, rules = analysisRules): readonly Diagnostic[] {
  expect(snapshot.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return analyze(snapshot, { rules }).filter((found) => !snapshot.diagnostics.some(({ code }) => code === found.code));
}

function places(found: readonly Diagnostic[]): readonly string[] {
  return found.map(({ code, range }) => `line ${range?.start.line}: ${code}`).sort();
}

/** Lines of a fixture that end in `# finding: CODE`. */
function expectedPlaces(text: string): readonly string[] {
  return text
    .split('\n')
    .flatMap((line, index) => {
      const code = /# finding: (\w+)$/.exec(line)?.[1];
      return code === undefined ? [] : [`line ${index + 1}: ${code}`];
    })
    .sort();
}

test('analysisRules: each has a name of its own, and fixtures; no fixture is left over', () => {
  const names = analysisRules.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(readdirSync(folder).sort()).toEqual([...names].sort());
  for (const name of names)
    for (const file of ['bad.yaml', 'good.yaml'])
      expect([name, existsSync(join(folder, name, file))]).toEqual([name, true]);
});

describe.each(analysisRules.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  test('bad.yaml has the findings that its comments name, and no others', () => {
    const { snapshot, text } = load(name, 'bad.yaml');
    const expected = expectedPlaces(text);
    expect(expected.length).toBeGreaterThan(0);
    expect(places(findings(snapshot))).toEqual(expected);
  });

  test('good.yaml has none', () => {
    expect(findings(load(name, 'good.yaml').snapshot)).toEqual([]);
  });

  test('without the rule, its findings are missing', () => {
    const { snapshot, text } = load(name, 'bad.yaml');
    const others = analysisRules.filter((other) => other !== rule);
    expect(places(findings(snapshot, others))).not.toEqual(expectedPlaces(text));
  });

  test('every finding says what it does to traffic and what to do, in a line', () => {
    for (const found of findings(load(name, 'bad.yaml').snapshot, [rule])) {
      expect(found.severity).toBe(diagnosticCodes[rule.code as DiagnosticCode].severity);
      for (const text of [found.message, found.effect, found.fix]) expect(text).toMatch(/^\S[^\n]*[^.\s]$/);
    }
  });

  test('object rules judge an object alone as they judge it among others', () => {
    if (rule.scope !== 'object') return;
    const { snapshot, text } = load(name, 'bad.yaml');
    const alone = analyze(snapshot, { scope: 'object', rules: [rule] }).filter(({ code }) => code === rule.code);
    expect(places(alone)).toEqual(expectedPlaces(text));
  });
});

describe('analyze', () => {
  const { snapshot } = load('missing-gateway', 'bad.yaml');

  test.each([
    [{ code: 'IST0101' }, 0],
    [{ code: 'IST0101', kind: 'VirtualService' }, 0],
    [{ code: 'IST0101', kind: 'VirtualService', namespace: 'shop', name: 'l*t' }, 0],
    [{ code: 'IST0101', kind: 'VirtualService', namespace: '*', name: '*' }, 0],
    [{ code: 'IST0101', kind: 'VirtualService', namespace: 'shop', name: 'los' }, 1],
    [{ code: 'IST0101', kind: 'VirtualService', namespace: 'shop', name: 'lost*lost' }, 1],
    [{ code: 'IST0101', kind: 'Gateway' }, 1],
    [{ code: 'IST0132' }, 1],
  ] as const)('suppressing %o leaves %d', (wish, left) => {
    expect(analyze(snapshot, { suppress: [wish] })).toHaveLength(left);
  });

  test('objects alone are not blamed for others', () => {
    expect(analyze(snapshot, { scope: 'object' })).toEqual([]);
  });
});
