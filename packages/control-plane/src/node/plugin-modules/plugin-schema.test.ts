import { formatFieldPath } from '@heddle/model';
import { expect, test } from 'vitest';
import { readSchema } from './plugin-schema.ts';

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['key'],
  properties: {
    key: { type: 'string', minLength: 1, pattern: '^[a-z]+$' },
    limit: { type: 'integer', minimum: 10 },
    mode: { enum: ['on', 'off'] },
    'a/b': { type: 'boolean' },
    list: { type: 'array', items: { oneOf: [{ required: ['x'] }, { required: ['y'] }] } },
  },
};

async function problems(configuration: unknown, schema: object = SCHEMA): Promise<readonly string[]> {
  const check = await readSchema(JSON.stringify(schema));
  if (typeof check !== 'function') throw new Error(check.problem);
  return check(configuration).map(({ path, message }) => `${formatFieldPath(path)}: ${message}`);
}

test.each<[unknown, readonly string[]]>([
  [{ key: 'a', limit: 10, mode: 'on', list: [{ x: 1 }] }, []],
  [{}, [': found no "key", which is wanted']],
  [{ key: 5 }, ['key: found 5, wanted string']],
  [{ key: 'SECRET' }, ['key: found a text of 6 characters, wanted one that matches ^[a-z]+$']],
  [{ key: 'a', limit: 9 }, ['limit: found 9, which must be >= 10']],
  [{ key: 'a', mode: 'of' }, ['mode: found a text of 2 characters, wanted one of "on", "off"']],
  [{ key: 'a', 'a/b': 1 }, ['["a/b"]: found 1, wanted boolean']],
  [{ key: 'a', kee: 1 }, ['kee: found the field "kee", wanted one of "key", "limit", "mode", "a/b", "list"']],
  [{ key: 'a', list: [{ x: 1 }, {}] }, ['list[1]: found an object, wanted one with "x" or "y"']],
  [
    { key: 'a', list: [{ x: 1, y: 1 }] },
    ['list[0]: found an object that fits several of the forms there are, wanted one alone'],
  ],
])('readSchema finds in %j what the schema does not allow', async (configuration, expected) => {
  expect(await problems(configuration)).toEqual(expected);
});

test('readSchema gives patterns that take linear time', async () => {
  const schema = { properties: { key: { pattern: '^(a+)+$' } } };
  expect(await problems({ key: `${'a'.repeat(5_000)}!` }, schema)).toHaveLength(1);
});

test('readSchema tells of a limited number of problems', async () => {
  const configuration = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, 1]));
  expect(await problems(configuration, { additionalProperties: false })).toHaveLength(20);
});

test.each([
  ['no JSON', '{', /JSON/],
  ['no schema', '[]', /wanted a JSON Schema/],
  ['a pattern that looks back', '{"properties": {"a": {"pattern": "(a)\\\\1"}}}', /escape/],
  ['an unknown schema', '{"$ref": "https://example.com/schema.json"}', /resolve reference/],
  ['a keyword of another type', '{"required": 5}', /required/],
])('readSchema refuses %s', async (_, text, reason) => {
  const read = await readSchema(text);
  expect(typeof read === 'function' ? 'a check' : read.problem).toMatch(reason);
});
