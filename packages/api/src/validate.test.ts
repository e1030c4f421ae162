import { describe, expect, test } from 'vitest';
import { duration } from './formats/duration.ts';
import { labelKey } from './formats/label.ts';
import {
  any,
  array,
  boolean,
  inert,
  integer,
  intOrString,
  map,
  number,
  object,
  pending,
  required,
  type Schema,
  string,
} from './schema.ts';
import { validate } from './validate.ts';

const thing = object(
  {
    name: required(string({ minLength: 1, maxLength: 5 })),
    mode: string({ values: ['ON', 'OFF'], pendingValues: ['AUTO'], ignoreCase: true }),
    alias: string({ emptyIsAbsent: true }),
    size: integer({ minimum: 1, maximum: 10 }),
    code: integer({ values: [301, 302] }),
    share: number({ minimum: 0 }),
    on: boolean(),
    port: intOrString({ minimum: 0, maximum: 9 }),
    wait: string({ format: duration }),
    tags: array(string(), { minItems: 1, maxItems: 2 }),
    labels: map(string(), { keys: labelKey, maxEntries: 2 }),
    later: pending(object({ deep: pending(string()), mode: string({ values: ['A'], pendingValues: ['B'] }) })),
    quiet: inert(object({ inner: pending(string()) })),
    free: any(),
    left: string(),
    right: string(),
  },
  {
    oneOf: [{ fields: ['left', 'right'], wanted: 'atMostOne' }],
    check: (value, report) => {
      if (value.size === 7) report({ path: ['size'], message: 'found 7', wanted: 'another number' });
    },
  },
);

function errorsOf(value: unknown, schema: Schema<unknown> = thing): readonly string[] {
  return validate(schema, value).problems.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`);
}

describe('validate', () => {
  test.each<[what: string, value: unknown, wanted: string]>([
    ['no mapping', [], 'wrong-type : found a list, wanted a mapping'],
    ['nothing', null, 'wrong-type : found nothing, wanted a mapping'],
    ['a missing field', {}, 'missing-field name: "name" is missing, wanted a string'],
    ['a null field that is required', { name: null }, 'missing-field name: "name" is missing, wanted a string'],
    ['a misspelt field', { name: 'a', mod: 'ON' }, 'unknown-field mod: unknown field "mod"; did you mean "mode"?'],
    ['a wrong type', { name: 5 }, 'wrong-type name: found the number 5, wanted a string (write it in quotes: "5")'],
    ['an empty text', { name: '' }, 'invalid-value name: found an empty string, wanted text'],
    ['a long text', { name: 'abcdef' }, 'invalid-value name: found 6 characters, wanted at most 5'],
    [
      'no member',
      { name: 'a', mode: 'ONN' },
      'invalid-value mode: found "ONN", wanted one of ON, OFF, AUTO; did you mean "ON"?',
    ],
    [
      'a pending member',
      { name: 'a', mode: 'auto' },
      'not-applied mode: "AUTO" is part of the API but not applied yet; applied here: ON, OFF',
    ],
    ['a fraction', { name: 'a', size: 1.5 }, 'invalid-value size: found 1.5, wanted a whole number from 1 to 10'],
    [
      'a number out of range',
      { name: 'a', size: 11 },
      'invalid-value size: found 11, wanted a whole number from 1 to 10',
    ],
    [
      'a number that is none of the few',
      { name: 'a', code: 303 },
      'invalid-value code: found 303, wanted one of 301, 302',
    ],
    [
      'a number as text',
      { name: 'a', share: '1' },
      'wrong-type share: found the string "1", wanted a number of at least 0',
    ],
    [
      'infinity',
      { name: 'a', share: Number.POSITIVE_INFINITY },
      'wrong-type share: found the number Infinity, wanted a number of at least 0',
    ],
    ['no boolean', { name: 'a', on: 'yes' }, 'wrong-type on: found the string "yes", wanted true or false'],
    ['a port out of range', { name: 'a', port: 10 }, 'invalid-value port: found 10, wanted a whole number from 0 to 9'],
    [
      'a bad format',
      { name: 'a', wait: '5' },
      'invalid-value wait: found "5", wanted a duration such as 1.5s, 20ms or 1h30m',
    ],
    ['a short list', { name: 'a', tags: [] }, 'invalid-value tags: found an empty list, wanted at least 1'],
    ['a long list', { name: 'a', tags: ['a', 'b', 'c'] }, 'invalid-value tags: found 3 items, wanted at most 2'],
    ['a null item', { name: 'a', tags: [null] }, 'wrong-type tags.0: found nothing, wanted a string'],
    [
      'many entries',
      { name: 'a', labels: { a: '', b: '', c: '' } },
      'invalid-value labels: found 3 entries, wanted at most 2',
    ],
    [
      'fields that exclude each other',
      { name: 'a', left: '', right: '' },
      'conflicting-fields right: found "left", "right" together, wanted only one of them',
    ],
    ['a broken rule', { name: 'a', size: 7 }, 'invalid-value size: found 7, wanted another number'],
    [
      'a pending field, once for all inside',
      { name: 'a', later: { deep: '', mode: 'B' } },
      'not-applied later: "later" is part of the API but not applied yet',
    ],
    [
      'an error inside a pending field',
      { name: 'a', later: { deep: 5 } },
      'not-applied later: "later" is part of the API but not applied yet',
    ],
    [
      'an instance of a class',
      { name: 'a', labels: new Map() },
      'wrong-type labels: found a mapping, wanted a mapping',
    ],
  ])('reports %s', (_what, value, wanted) => {
    expect(errorsOf(value)[0]).toBe(wanted);
  });

  test('reports keys by what they should look like', () => {
    expect(errorsOf({ name: 'a', labels: { '-': 'x' } })[0]).toMatch(
      /^invalid-value labels\.-: found the key "-", wanted a key of/,
    );
  });

  test('says nothing about what stands inside inert parts, but finds errors there', () => {
    expect(errorsOf({ name: 'a', quiet: { inner: 'x' } })).toEqual([]);
    expect(errorsOf({ name: 'a', quiet: { inner: 1 } })).toHaveLength(1);
  });

  test('gives the value without nulls and empty defaults, and with canonical spelling', () => {
    const { value, problems } = validate(thing, {
      name: 'a',
      mode: 'off',
      alias: '',
      size: null,
      labels: { a: null, b: 'x' },
    });
    expect(problems).toEqual([]);
    expect(value).toEqual({ name: 'a', mode: 'OFF', labels: { b: 'x' } });
  });

  test('collects all problems and gives no value', () => {
    const { value, problems } = validate(thing, { mode: 1, size: 'x', unknown: true });
    expect(value).toBeUndefined();
    expect(problems.map((problem) => problem.code)).toEqual([
      'wrong-type',
      'wrong-type',
      'unknown-field',
      'missing-field',
    ]);
  });

  test('refuses a value whose errors come after many warnings', () => {
    const many = object({ list: array(object({ later: pending(string()) })), name: string() });
    const { value, problems } = validate(many, { list: Array.from({ length: 500 }, () => ({ later: '' })), name: 5 });
    expect(value).toBeUndefined();
    expect(problems.at(-1)?.code).toBe('wrong-type');
    expect(problems.length).toBeLessThanOrEqual(101);
  });

  test('refuses deep nesting without running out of stack', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = { deep };
    expect(errorsOf({ name: 'a', free: deep })[0]).toBe('invalid-value free: found more than 64 levels of nesting');
  });

  test('treats __proto__ as the plain key it is', () => {
    const value: unknown = JSON.parse('{"__proto__": {"x": "1"}}');
    const checked = validate(map(map(string())), value).value;
    expect(Object.keys(checked ?? {})).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(errorsOf(value)[0]).toMatch(/unknown field "__proto__"/);
  });

  test('shows no control characters of what it refuses', () => {
    expect(errorsOf({ name: 'a', wait: '\u001b[2J' })[0]).toContain('found "\\u001b[2J"');
  });

  test('begins paths where it is told to, and drops unknown fields where it is told to', () => {
    expect(validate(thing, {}, { path: ['spec'] }).problems[0]?.path).toEqual(['spec', 'name']);
    expect(validate(thing, { name: 'a', newer: 1 }, { unknownFields: 'drop' })).toEqual({
      value: { name: 'a' },
      problems: [],
    });
  });
});
