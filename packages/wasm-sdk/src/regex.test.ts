import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { loadPlainModule, PLAIN_FLAGS, type PlainModule } from '../test/plain-module.ts';

let sdk: PlainModule;

beforeAll(async () => {
  const { wasm } = await compileModule(fileURLToPath(new URL('../test-modules/regex.ts', import.meta.url)), {
    flags: PLAIN_FLAGS,
  });
  sdk = loadPlainModule(wasm);
});

/** A pattern, whether it can match nothing, and whether a repetition in it has a body that can. */
interface Part {
  readonly text: string;
  readonly isNullable: boolean;
  readonly isOdd: boolean;
}

const part = (text: string, isNullable = false, isOdd = false): Part => ({ text, isNullable, isOdd });

const characters = fc.constantFrom(
  'a',
  'b',
  'A',
  '1',
  '_',
  ' ',
  'é',
  '😀',
  '\\n',
  '\\.',
  '\\x61',
  '.',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '[^\\d_]',
  '[\\w-]',
  '[-a]',
  '[é-😀]',
  '\\-',
); // prettier-ignore
const quantifiers = fc.constantFrom(
  '*',
  '+',
  '?',
  '{0}',
  '{2}',
  '{0,2}',
  '{1,3}',
  '{2,}',
  '{0,}',
  '*?',
  '+?',
  '??',
  '{0,2}?',
  '{1,}?',
);

const patterns = fc.letrec<{ all: Part }>((tie) => ({
  all: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    characters.map((text) => part(text)),
    fc.constantFrom('^', '$', '\\b', '\\B', '').map((text) => part(text, true)),
    fc
      .tuple(tie('all'), tie('all'))
      .map(([a, b]) => part(a.text + b.text, a.isNullable && b.isNullable, a.isOdd || b.isOdd)),
    fc
      .tuple(tie('all'), tie('all'))
      .map(([a, b]) => part(`(?:${a.text}|${b.text})`, a.isNullable || b.isNullable, a.isOdd || b.isOdd)),
    fc
      .tuple(tie('all'), quantifiers)
      .map(([a, q]) => part(`(${a.text})${q}`, a.isNullable || /^[*?]|\{0/.test(q), a.isOdd || a.isNullable)),
  ),
})).all;

const texts = fc
  .array(fc.constantFrom('a', 'b', 'A', '1', '_', ' ', '\n', 'é', '😀', '-', '.'), { maxLength: 8 })
  .map((list) => list.join(''));

/** ECMAScript's own spelling: in Unicode mode a dash is escaped in classes only. */
const judge = (pattern: string, flags = 'u') =>
  new RegExp(pattern.replaceAll(/\\-(?![^[]*\])/g, '-').replaceAll('[\\w-]', '[\\w\\-]'), flags);

test('matches what ECMAScript matches, and finds the same place', () => {
  fc.assert(
    fc.property(
      patterns,
      fc.array(texts, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (pattern, list, ignoresCase) => {
        const flags = ignoresCase ? 'ui' : 'u';
        const text = (ignoresCase ? '(?i)' : '') + pattern.text;
        // With both flags ECMAScript folds beyond ASCII, and \W then has letters.
        fc.pre(!ignoresCase || !/\\[WDb]|é|\[\^/i.test(pattern.text));
        // V8 finds \B within a surrogate pair.
        fc.pre(!pattern.text.includes('\\B') || !list.join('').includes('😀'));
        expect([text, sdk.text('compile', text)]).toEqual([text, '']);
        for (const one of list) {
          const found = judge(pattern.text, flags).exec(one);
          expect([text, one, sdk.number('isMatch', one)]).toEqual([text, one, Number(found !== null)]);
          const whole = judge(`^(?:${pattern.text})$`, flags).test(one);
          expect([text, one, sdk.number('isFullMatch', one)]).toEqual([text, one, Number(whole)]);
          const place = sdk.text('find', one).split('\n=')[0];
          if (!pattern.isOdd) {
            const wanted = found === null ? 'none' : `${Buffer.byteLength(one.slice(0, found.index))}\n=${found[0]}`;
            expect([text, one, sdk.text('find', one).slice(0, wanted.length)]).toEqual([text, one, wanted]);
          } else expect(place === 'none').toBe(found === null);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

const found: [pattern: string, text: string, groups: string[] | null][] = [
  ['(a+)(b+)?', 'xaab', ['aab', 'aa', 'b']],
  ['(a+)(b+)?', 'xaac', ['aa', 'aa', '-']],
  ['a|ab', 'ab', ['a']],
  ['(?:a|ab)(c|bcd)', 'abcd', ['abcd', 'bcd']],
  ['(a*?)(a*)', 'aa', ['aa', '', 'aa']],
  ['(?P<x>a)(?<y>b)', 'ab', ['ab', 'a', 'b']],
  ['(é)(.)', 'xé😀', ['é😀', 'é', '😀']],
  ['(\\d+)-(\\d+)', 'a 12-345', ['12-345', '12', '345']],
  ['^(/[^/?]+)*', '/a/bc?d', ['/a/bc', '/bc']],
  ['x', 'abc', null],
  ['', 'abc', ['']],
  ['(?i)AbC', 'xaBc', ['aBc']],
  ['a{2}', 'aaa', ['aa']],
  ['a{,2}', 'a{,2}', ['a{,2}']],
  ['{', '{', ['{']],
  ['a{x}', 'a{x}', ['a{x}']],
  ['[]a]+', ']a', [']a']],
  ['[^]a]+', ']ab', ['b']],
  ['[a-]+', 'a-', ['a-']],
  ['[(+*?|.]+', 'a(+*?|.', ['(+*?|.']],
  ['\\x{1F600}', '😀', ['😀']],
  ['\\bfoo\\b', 'a foo.', ['foo']],
];

test.each(found)('%j in %j is %j', (pattern, text, groups) => {
  expect(sdk.text('compile', pattern)).toBe('');
  const wanted = groups === null ? 'none' : groups.map((group) => (group === '-' ? '\n-' : `\n=${group}`)).join('');
  expect(sdk.text('find', text).replace(/^\d+/, '')).toBe(wanted);
});

test.each([
  ['(', '"(" without ")" at character 2'],
  ['(a', '"(" without ")" at character 3'],
  ['a)', '")" without "(" at character 2'],
  ['[a', '"[" without "]" at character 3'],
  ['[]', '"[" without "]" at character 3'],
  ['*a', 'nothing to repeat at character 1'],
  ['a|*', 'nothing to repeat at character 3'],
  ['(?:+)', 'nothing to repeat at character 4'],
  ['^*', 'nothing to repeat at character 2'],
  ['a**', 'a repetition of a repetition at character 3'],
  ['a{2}{3}', 'a repetition of a repetition at character 5'],
  ['a{1001}', 'more than 1000 repetitions at character 2'],
  ['a{3,2}', 'a repetition that ends before it starts at character 2'],
  ['(?:a{1000}){1000}', 'the pattern is too large at character 18'],
  ['[b-a]', 'a range that ends before it starts at character 5'],
  ['\\1', 'an escape that does not exist at character 1'],
  ['\\', 'an escape that does not exist at character 1'],
  ['\\xg0', 'an escape that does not exist at character 1'],
  ['\\x{110000}', 'an escape that does not exist at character 1'],
  ['[\\b]', 'an escape that does not exist at character 2'],
  ['(?=a)', 'a group that does not exist here at character 2'],
  ['(?<!a)', 'a group that does not exist here at character 2'],
  ['a(?i)', 'a group that does not exist here at character 3'],
  ['[[:alpha:]]', 'a class by name at character 2'],
  ['('.repeat(101), 'groups too deep at character 102'],
])('the pattern %j is refused: %s', (pattern, error) => {
  expect(sdk.text('compile', pattern)).toBe(error);
  expect([sdk.number('isMatch', 'a'), sdk.number('isFullMatch', ''), sdk.text('find', 'a')]).toEqual([0, 0, 'none']);
});

test('no pattern and no text is a trap', () => {
  const soup = fc.array(fc.constantFrom(...'()[]{}|*+?^$\\.-,:<>P=!abdwx019iéZ'.split(''), '{2,3}', '(?', '\ud800'), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(soup, fc.uint8Array({ maxLength: 20 }), (parts, text) => {
      sdk.text('compile', Buffer.from(parts.join('')));
      sdk.number('isMatch', text);
      sdk.text('find', text);
    }),
    { numRuns: 2000 },
  );
});

test('what makes backtracking take for ever takes one look at each character', () => {
  for (const pattern of ['(a*)*b', '(a|a)*b', '(a+)+$', '(?:a?){50}a{50}', '(.*)(.*)(.*)(.*)x']) {
    expect(sdk.text('compile', pattern)).toBe('');
    sdk.number('isMatch', `${'a'.repeat(5000)}!`);
  }
  expect(sdk.number('isFullMatch', 'a'.repeat(5000))).toBe(0);
});

test('many alternatives are no deep ones', () => {
  expect(sdk.text('compile', Array.from({ length: 90 }, (_, index) => `(x${index}y)`).join('|'))).toBe('');
  expect(sdk.text('find', 'x77y').split('\n')[1]).toBe('=x77y');
});
