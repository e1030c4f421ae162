import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { loadPlainModule, PLAIN_FLAGS, type PlainModule } from '../test/plain-module.ts';

let json: PlainModule;

beforeAll(async () => {
  const { wasm } = await compileModule(fileURLToPath(new URL('../test-modules/json.ts', import.meta.url)), {
    flags: PLAIN_FLAGS,
  });
  json = loadPlainModule(wasm);
});

const encoder = new TextEncoder();
const roundTrip = (text: string | Uint8Array, maxDepth = 64, maxBytes = 1 << 20) =>
  json.text('roundTrip', text, maxDepth, maxBytes);

/** What ECMAScript makes of the same bytes, or undefined. */
function judge(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)) };
  } catch {
    return undefined;
  }
}

function expectSameVerdict(bytes: Uint8Array): void {
  const wanted = judge(bytes);
  const found = roundTrip(bytes);
  if (wanted === undefined) expect(found).toMatch(/^E\d+ .* at line \d+, column \d+$/);
  else expect(JSON.parse(found)).toEqual(wellFormed(JSON.parse(JSON.stringify(wanted.value))));
}

/** UTF-8 has no half surrogate pairs: what is written in it has U+FFFD in their place. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key.toWellFormed(), wellFormed(member)]));
  }
  return value;
}

const documents = fc
  .tuple(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t'))
  .map(([value, indent]) => JSON.stringify(value, null, indent));

test('any document is read and written as ECMAScript would', () => {
  fc.assert(
    fc.property(documents, (text) => expectSameVerdict(encoder.encode(text))),
    { numRuns: 400 },
  );
});

test('any document cut short has the same verdict', () => {
  fc.assert(
    fc.property(documents, fc.double({ min: 0, max: 1, noNaN: true }), (text, part) => {
      const bytes = encoder.encode(text);
      expectSameVerdict(bytes.subarray(0, Math.floor(bytes.length * part)));
    }),
    { numRuns: 400 },
  );
});

test('any document with changed bytes has the same verdict', () => {
  const change = fc.tuple(
    fc.nat(),
    fc.oneof(fc.constantFrom(...encoder.encode('{}[]",:\\u0eE+-.tfn \n')), fc.nat(255)),
  );
  fc.assert(
    fc.property(documents, fc.array(change, { minLength: 1, maxLength: 4 }), (text, changes) => {
      const bytes = encoder.encode(text);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      expectSameVerdict(bytes);
    }),
    { numRuns: 1500 },
  );
});

test('any bytes have the same verdict', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), expectSameVerdict), { numRuns: 500 });
  const soup = fc.array(
    fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"', '\\u12', '0', '-', '1.5', 'e1', 'true', 'nul', ' '),
  );
  fc.assert(
    fc.property(soup, (parts) => expectSameVerdict(encoder.encode(parts.join('')))),
    { numRuns: 1500 },
  );
});

const wrong: [text: string, error: string][] = [
  ['', 'E0 unexpected end at line 1, column 1'],
  ['  \n ', 'E4 unexpected end at line 2, column 2'],
  ['{"a":1,}', 'E7 unexpected "}" at line 1, column 8'],
  ['[1,\n 2,\n}', 'E8 unexpected "}" at line 3, column 1'],
  ['{"a" 1}', 'E5 unexpected "1" at line 1, column 6'],
  ['{1:2}', 'E1 unexpected "1" at line 1, column 2'],
  ['"abc', 'E4 unexpected end at line 1, column 5'],
  ['"a\nb"', 'E2 a control character in a string at line 1, column 3'],
  ['"\\x"', 'E1 an escape that does not exist at line 1, column 2'],
  ['01', 'E1 something behind the value at line 1, column 2'],
  ['1.', 'E2 unexpected end at line 1, column 3'],
  ['[1e]', 'E3 unexpected "]" at line 1, column 4'],
  ['+1', 'E0 unexpected "+" at line 1, column 1'],
  ['nul', 'E0 unexpected "n" at line 1, column 1'],
  ['[]]', 'E2 something behind the value at line 1, column 3'],
  ['[}', 'E1 unexpected "}" at line 1, column 2'],
  ['\u00e9', 'E0 unexpected byte 195 at line 1, column 1'],
];

test.each(wrong)('%j is refused with the reason and the place', (text, error) => {
  expect(roundTrip(text)).toBe(error);
});

test('bytes that are not UTF-8 are refused', () => {
  for (const bytes of [
    [0x80],
    [0xc0, 0x80],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf8],
    [0xc3],
  ]) {
    expect(roundTrip(Uint8Array.from([0x22, ...bytes, 0x22]))).toBe('E1 bytes that are not UTF-8 at line 1, column 2');
  }
});

test('levels and bytes have limits', () => {
  expect(roundTrip('[[[]]]', 3)).toBe('[[[]]]');
  expect(roundTrip('[[[[]]]]', 3)).toBe('E3 too many levels at line 1, column 4');
  expect(roundTrip('[['.repeat(50_000), 1 << 30)).toMatch(/^E100000 unexpected end/);
  expect(roundTrip('[1,2]', 64, 5)).toBe('[1,2]');
  expect(roundTrip('[1,2] ', 64, 5)).toBe('E5 more than 5 bytes');
});

test('numbers are the nearest f64, as in ECMAScript', () => {
  const cases = [
    '0',
    '-0',
    '1',
    '0.1',
    '123456789012345678',
    '9007199254740993',
    '9007199254740992.99',
    '1e22',
    '1e23',
    '8.5e-323',
    '5e-324',
    '2.4703282292062327e-324',
    '2.4703282292062328e-324',
    '2.2250738585072011e-308',
    '1.7976931348623157e308',
    '1.7976931348623158e308',
    '1.7976931348623159e308',
    '1e309',
    '-1e309',
    '1e-400',
    '1e99999999999999999999',
    '1e-99999999999999999999',
    '0e999999',
    '6.631236846766476e-316',
    '0.000000000000000000000000000000000000000000000000000001',
    `${'9'.repeat(400)}`,
    `0.${'0'.repeat(400)}1`,
    `1${'0'.repeat(500)}e-500`,
    `9007199254740992.${'0'.repeat(900)}1`,
    `9007199254740993.${'0'.repeat(900)}1`,
    '179769313486231580793728971405301e276',
  ]; // prettier-ignore
  for (const text of cases) expect([text, json.number('decimal', text)]).toEqual([text, Number(text)]);
  const digits = fc.bigInt({ min: 0n, max: 10n ** 30n });
  fc.assert(
    fc.property(digits, fc.integer({ min: -345, max: 310 }), (number, exponent) => {
      const text = `${number}e${exponent}`;
      expect(json.number('decimal', text)).toBe(Number(text));
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(json.number('decimal', JSON.stringify(number))).toBe(number === 0 ? 0 : number);
      // Halfway to the next one above, exactly, and a little to each side of it.
      const middle = exactMiddle(number);
      for (const text of [middle, `${middle}1`]) expect(json.number('decimal', text)).toBe(Number(text));
    }),
    { numRuns: 300 },
  );
});

/** The number halfway between an f64 of any size and the next larger one, with all its digits. */
function exactMiddle(number: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(number));
  const bits = view.getBigUint64(0);
  const power = Number(bits >> 52n);
  const mantissa = (((bits & 0xfffffffffffffn) | (power === 0 ? 0n : 1n << 52n)) << 1n) | 1n;
  const shift = Math.max(power, 1) - 1076;
  if (shift >= 0) return `${mantissa << BigInt(shift)}.0`;
  const digits = (mantissa * 5n ** BigInt(-shift)).toString().padStart(1 - shift, '0');
  return `${digits.slice(0, shift)}.${digits.slice(shift)}`;
}

test('integers are exact up to the ends of i64', () => {
  const cases: [text: string, wanted: string][] = [
    ['9223372036854775807', 'true 9223372036854775807 -8'],
    ['-9223372036854775808', 'true -9223372036854775808 -8'],
    ['9223372036854775808', 'false -7 -8'],
    ['-9223372036854775809', 'false -7 -8'],
    ['99999999999999999999', 'false -7 -8'],
    ['2147483647', 'true 2147483647 2147483647'],
    ['2147483648', 'true 2147483648 -8'],
    ['-2147483648', 'true -2147483648 -2147483648'],
    ['0', 'true 0 0'],
    ['1.0', 'false -7 -8'],
    ['1e3', 'false -7 -8'],
    ['"1"', 'false -7 -8'],
    ['[', 'false -7 -8'],
  ];
  for (const [text, wanted] of cases) expect([text, json.text('integerOf', text)]).toEqual([text, wanted]);
});

test('members are found by name, escaped or not, the last of several; elements by index', () => {
  const text = '{"a":{"b":[10,[],{"c":"x"}]},"\\u0061\\n":1,"é😀":2,"d":3,"d":4,"":5}';
  const cases: [path: string, found: string][] = [
    ['a\nb\n#0', '10'],
    ['a\nb\n#2\nc', '"x"'],
    ['a\nb\n#3', ''],
    ['a\nb\n#-1', ''],
    ['é😀', '2'],
    ['é', ''],
    ['d', '4'],
    ['', '5'],
    ['a\nb\nc', ''],
    ['nothing\nat\n#0', ''],
    ['c', ''],
  ];
  for (const [path, found] of cases) expect([path, json.text('find', text, path)]).toEqual([path, found]);
  expect(json.text('find', '{"\\u0061\\ud83d\\ude00":1}', 'a😀')).toBe('1');
  expect([
    json.number('lengthOf', text),
    json.number('lengthOf', '[1,[2,3],4]'),
    json.number('lengthOf', '"abc"'),
  ]).toEqual([6, 3, 0]);
});

test('a string compares with a text exactly if ECMAScript says they are the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      expect(json.number('isText', JSON.stringify(a), b)).toBe(Number(a === b));
      const escaped = `"${a.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
      expect(json.number('isText', escaped, JSON.parse(escaped) as string)).toBe(1);
    }),
  );
});

test('strings as UTF-8 have U+FFFD for half a pair', () => {
  expect(json.text('stringBytes', '"a\\u00e9\\ud83d\\ude00é\\/\\b"')).toBe('aé😀é/\b');
  expect(json.text('stringBytes', '"\\ud83dx\\ude00\\ud83d\\u0041"')).toBe('\ufffdx\ufffd\ufffdA');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(json.text('stringBytes', JSON.stringify(text))).toBe(text.toWellFormed());
    }),
  );
});

const values: [value: string, read: unknown[]][] = [
  [
    'null',
    [
      1,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      'fallback',
      true,
      0.5,
      -7,
      0,
      'v',
      false,
      false,
      false,
      false,
      false,
      null,
    ],
  ],
  [
    'false',
    [
      2,
      true,
      false,
      true,
      false,
      false,
      false,
      false,
      'fallback',
      false,
      0.5,
      -7,
      0,
      'v',
      false,
      false,
      false,
      false,
      false,
      null,
    ],
  ],
  [
    '12',
    [
      3,
      true,
      false,
      false,
      true,
      false,
      false,
      false,
      'fallback',
      true,
      12,
      12,
      0,
      'v',
      false,
      false,
      false,
      false,
      false,
      null,
    ],
  ],
  [
    '"x"',
    [
      4,
      true,
      false,
      false,
      false,
      true,
      false,
      false,
      'x',
      true,
      0.5,
      -7,
      0,
      'v',
      false,
      false,
      false,
      false,
      false,
      'x',
    ],
  ],
  [
    '[0]',
    [
      5,
      true,
      false,
      false,
      false,
      false,
      true,
      false,
      'fallback',
      true,
      0.5,
      -7,
      1,
      'v',
      true,
      false,
      false,
      true,
      false,
      null,
    ],
  ],
  [
    '{"x":{"y":1}}',
    [
      6,
      true,
      false,
      false,
      false,
      false,
      false,
      true,
      'fallback',
      true,
      0.5,
      -7,
      1,
      'v',
      true,
      false,
      true,
      false,
      false,
      null,
    ],
  ],
];

test.each(values)('%s answers every question', (value, read) => {
  expect(JSON.parse(json.text('accessors', `{"v":${value}}`))).toEqual(read);
});

test.each(['{}', '[1]', '"v"', '{', ''])('what is missing in %j answers every question', (text) => {
  const missing = [
    0,
    false,
    false,
    false,
    false,
    false,
    false,
    false,
    'fallback',
    true,
    0.5,
    -7,
    0,
    '',
    false,
    false,
    false,
    false,
    false,
    null,
  ];
  expect(JSON.parse(json.text('accessors', text))).toEqual(missing);
});
