import { diagnostic } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { codeFrame } from './code-frame.ts';

const text = 'apiVersion: v1\nkind: Service\n\nspec:\n\thots: [a]\n';
const range = { file: 'a.yaml', start: { line: 5, column: 2 }, end: { line: 5, column: 6 } };
const found = diagnostic('HED101', {
  resource: { kind: 'Service', namespace: 'shop', name: 'cart' },
  path: ['spec', 'hots'],
  range,
  message: 'unknown field "hots"; did you mean "hosts"?',
  effect: 'the object is not used',
  fix: 'write "hosts"',
});

describe('codeFrame', () => {
  test('shows the lines, the place, the effect and the fix', () => {
    expect(codeFrame(found, { text })).toBe(
      [
        '✖ HED101 error  a.yaml:5:2  Service shop/cart',
        '    4 │ spec:',
        '  ▸ 5 │   hots: [a]',
        '      │   ^^^^ unknown field "hots"; did you mean "hosts"?',
        '    effect: the object is not used      fix: write "hosts"',
      ].join('\n'),
    );
  });

  test('does without the text, and without a place', () => {
    expect(codeFrame(found)).toContain('    spec.hots: unknown field');
    const { range: _range, resource: _resource, fix: _fix, effect: _effect, ...bare } = found;
    expect(codeFrame({ ...bare, path: [] }, { text })).toBe(
      '✖ HED101 error\n    unknown field "hots"; did you mean "hosts"?',
    );
  });

  test('shows a message of several lines as lines, none of which can pass for a diagnostic', () => {
    const message = '1 error\n\nguard.ts:3:7: TS2339\r\n✖ HED999 error\u001b[2J';
    expect(codeFrame({ ...found, message }, { text })).toContain(
      [
        '      │   ^^^^ 1 error',
        '      │ guard.ts:3:7: TS2339',
        '      │ ✖ HED999 error\\u001b[2J',
        '    effect: the object is not used',
      ].join('\n'),
    );
    expect(codeFrame({ ...found, message })).toContain(
      '    spec.hots: 1 error\n      guard.ts:3:7: TS2339\n      ✖ HED999',
    );
    expect(codeFrame({ ...found, message: '' }, { text })).toContain('^^^^\n');
  });

  test('shows no line that the text does not have', () => {
    expect(codeFrame({ ...found, range: { ...range, start: { line: 99, column: 1 } } }, { text })).toContain(
      '    spec.hots: ',
    );
  });

  test('colours only when told to', () => {
    expect(codeFrame(found, { text })).not.toContain('\u001b');
    expect(codeFrame(found, { text, color: true })).toContain('\u001b[31m✖\u001b[0m');
  });

  test('lets no file command the terminal', () => {
    const evil = 'a: "\u001b[2J\u202e"\n';
    const shown = codeFrame(
      {
        ...found,
        range: { ...range, file: 'x\u001b.yaml', start: { line: 1, column: 4 }, end: { line: 1, column: 9 } },
      },
      { text: evil },
    );
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
    expect(shown).toContain('\\u001b[2J\\u202e');
  });

  test('cuts long lines', () => {
    const shown = codeFrame(
      { ...found, range: { ...range, start: { line: 1, column: 1 }, end: { line: 1, column: 5000 } } },
      { text: 'x'.repeat(5000) },
    );
    expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThan(220);
  });

  test('shows what is marked far to the right in a long line', () => {
    const long = `spec: {${'a: b, '.repeat(40)}hots: [a]}`;
    const column = long.indexOf('hots') + 1;
    const far = { file: 'a.yaml', start: { line: 1, column }, end: { line: 1, column: column + 4 } };
    const [, marked = '', marks = ''] = codeFrame({ ...found, range: far }, { text: long }).split('\n');
    expect(marked).toMatch(/│ ….*hots: \[a\]\}$/);
    expect(marks.indexOf('^^^^')).toBe(marked.indexOf('hots'));
  });

  test('stands under the right column after wide control signs', () => {
    const shown = codeFrame(
      { ...found, range: { ...range, start: { line: 1, column: 3 }, end: { line: 1, column: 4 } } },
      { text: '\u0001 b' },
    );
    const [line = '', marks = ''] = shown.split('\n').slice(1);
    expect(line.indexOf('b')).toBe(marks.indexOf('^'));
  });
});
