import fc from 'fast-check';

/** What parsers trip over: separators at the end, halves of things, bytes that are no UTF-8, numbers that are too large. */
const FRAGMENTS = [
  ...[
    '=',
    ';',
    ',',
    '&',
    '?',
    '#',
    '%',
    '%2',
    '%zz',
    '%00',
    '+',
    '"',
    '\\',
    '*',
    '**',
    '/',
    '//',
    '..',
    '://',
    '@',
    ':',
    '[',
    ']',
    '-',
    '.',
  ],
  ...[
    '00-',
    '01-',
    'ff-',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    '00f067aa0ba902b7',
    '-01',
    'd',
    '{',
    '}',
    '[[',
    '":',
    'null',
    '1e999',
  ],
  ...[
    '99999999999999999999',
    '-0',
    '\u0000',
    ' ',
    '\t',
    '\r\n',
    'é',
    '😀',
    '\ufeff',
    'a=b',
    'http://a',
    'Zg==',
    'Zg',
    '0x',
    'nan',
  ],
].map((text) => new TextEncoder().encode(text));

const BYTES = [
  [0xff],
  [0x80],
  [0xc3],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0x08, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x0a, 0x7f],
  [0x0b],
];

const piece = fc.oneof(
  fc.constantFrom(...FRAGMENTS, ...BYTES.map((bytes) => Uint8Array.from(bytes))),
  fc.uint8Array({ maxLength: 12 }),
);

/** Bytes that nobody who means well sends; now and then many. */
export const hostileBytes: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(piece, { maxLength: 12 }), fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 200))
  .map(([pieces, times]) => Buffer.concat(Array.from({ length: times }, () => pieces).flat()));

/** A run that fails, fails again. */
export const HOSTILE_RUNS = { seed: 6, numRuns: 400 } as const;
