import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { HOSTILE_RUNS, hostileBytes } from '../test/hostile-bytes.ts';
import { loadPlainModule, PLAIN_FLAGS, type PlainModule } from '../test/plain-module.ts';

let module: PlainModule;

beforeAll(async () => {
  const entry = fileURLToPath(new URL('../test-modules/path-patterns.ts', import.meta.url));
  const { wasm } = await compileModule(entry, { flags: PLAIN_FLAGS });
  module = loadPlainModule(wasm);
});

describe('isPlainPath', () => {
  test.each(['/', '/a', '/a/', '/a.b/..c/d../...', '/a%20b%41', '/~u/ä', '/a:b@c,d=e+f'])('%s is', (path) => {
    expect(module.number('plain', path)).toBe(1);
  });

  test.each([
    '',
    'a',
    '*',
    '//',
    '/a//b',
    '/.',
    '/..',
    '/./a',
    '/a/../b',
    '/a/..',
    '/a\\b',
    '/a;b',
    '/..;/a',
    '/%2e%2e/a',
    '/%2E/a',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a%5Cb',
    '/%252e',
    '/a%',
    '/a%2',
    '/a b',
    '/a\tb',
    '/a\x7f',
  ])('%j is not', (path) => {
    expect(module.number('plain', path)).toBe(0);
  });
});

describe('PathPatterns', () => {
  test.each([
    ['/healthz', '/healthz', true],
    ['/healthz', '/healthz/', false],
    ['/healthz', '/Healthz', false],
    ['/a/*', '/a/b', true],
    ['/a/*', '/a/b/c', false],
    ['/a/*', '/a', false],
    ['/a/**', '/a/b/c', true],
    ['/a/**', '/a', true],
    ['/a/**', '/ab', false],
    ['/**', '/', true],
    ['/a\n/b', '/b', true],
    ['/a\n/b', '/c', false],
  ])('%j takes %s: %s', (patterns, path, isTaken) => {
    expect(module.number('matches', patterns, path)).toBe(Number(isTaken));
  });

  test.each([
    ['/a?b', '/a'],
    ['/a?b#c?d', '/a'],
    ['/a#b?c', '/a'],
    ['/a', '/a'],
    ['?', ''],
  ])('the path of %s is %j', (whole, path) => {
    expect(module.text('withoutQuery', whole)).toBe(path);
  });
});

describe('Settings', () => {
  test('reads fields of every kind', () => {
    const settings = {
      text: 'a',
      flag: false,
      integer: 10,
      choice: 'b',
      texts: ['c', 'ä'],
      objects: [{ name: 'd' }],
      object: { e: 1, f: 2 },
    };
    expect(module.text('settings', JSON.stringify(settings)).split('\n')).toEqual([
      'text a',
      'flag false',
      'integer 10',
      'choice b',
      'texts c,ä',
      'object d',
      'keys e,f',
    ]);
  });

  test.each(['{}', '{"text":null,"flag":null,"integer":null,"choice":null,"texts":null,"objects":null,"object":null}'])(
    'has defaults for %s',
    (text) => {
      expect(module.text('settings', text).split('\n')).toEqual([
        'text none',
        'flag true',
        'integer 7',
        'choice a',
        'texts ',
      ]);
    },
  );

  test.each([
    ['{"text":""}', 'text: wanted a text'],
    ['{"text":1}', 'text: wanted a text'],
    ['{"flag":"true"}', 'flag: wanted true or false'],
    ['{"integer":11}', 'integer: wanted a whole number from -1 to 10'],
    ['{"integer":-2}', 'integer: wanted a whole number from -1 to 10'],
    ['{"integer":1.5}', 'integer: wanted a whole number from -1 to 10'],
    ['{"integer":"1"}', 'integer: wanted a whole number from -1 to 10'],
    ['{"choice":"c"}', 'choice: wanted a or b'],
    ['{"texts":"a"}', 'texts: wanted a list'],
    ['{"texts":["a",1]}', 'texts[1]: wanted a text'],
    ['{"objects":[[]]}', 'objects[0]: wanted an object'],
    ['{"objects":[{}]}', 'objects[0].name: is missing'],
    ['{"objects":[{"name":"a","nmae":1}]}', 'objects[0].nmae: there is no such setting'],
    ['{"object":[]}', 'object: wanted an object'],
    ['{"other":1}', 'other: there is no such setting'],
    ['[]', 'wanted a JSON object'],
    ['{', 'it is not JSON: unexpected end at line 1, column 2'],
    ['', 'it is not JSON: unexpected end at line 1, column 1'],
  ])('says what is wrong with %s', (text, problem) => {
    const lines = module.text('settings', text).split('\n');
    expect(lines.filter((line) => line.startsWith('! '))).toEqual([`! ${problem}`]);
  });

  test('says all that is wrong at once', () => {
    const lines = module.text('settings', '{"text":1,"flag":1,"x":1}').split('\n');
    expect(lines.filter((line) => line.startsWith('! '))).toHaveLength(3);
  });
});

test.each([
  { name: 'plain', texts: 1 },
  { name: 'withoutQuery', texts: 1 },
  { name: 'matches', texts: 2 },
  { name: 'settings', texts: 1 },
])('nothing that is given to $name is a trap', ({ name, texts }) => {
  fc.assert(
    fc.property(fc.tuple(...Array.from({ length: texts }, () => hostileBytes)), (given) => {
      module.number(name, ...given);
    }),
    HOSTILE_RUNS,
  );
});
