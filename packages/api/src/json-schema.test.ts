import { describe, expect, test } from 'vitest';
import { type JsonSchema, jsonSchema, kindJsonSchema } from './json-schema.ts';
import { type KindName, kinds } from './kinds.ts';
import { array, integer, intOrString, map, object, pending, required, string } from './schema.ts';

describe('jsonSchema', () => {
  const declaration = object(
    {
      name: required(string({ minLength: 1, doc: 'A name.' })),
      mode: string({ values: ['ON'], pendingValues: ['AUTO'], emptyIsAbsent: true }),
      protocol: string({ values: ['HTTP'], ignoreCase: true }),
      ports: array(integer({ minimum: 1 }), { maxItems: 3 }),
      labels: map(string(), { maxEntries: 2 }),
      size: intOrString(),
      later: pending(string()),
    },
    { oneOf: [{ fields: ['ports', 'labels'], wanted: 'exactlyOne' }] },
  );

  test('says what the declaration says', () => {
    expect(jsonSchema(declaration)).toEqual({
      type: 'object',
      properties: {
        name: { description: 'A name.', type: 'string', minLength: 1 },
        mode: { description: 'Not applied yet: AUTO.', type: 'string', enum: ['', 'ON', 'AUTO'] },
        protocol: { type: 'string', pattern: '^(?:[Hh][Tt][Tt][Pp])$' },
        ports: { type: 'array', items: { type: 'integer', minimum: 1 }, maxItems: 3 },
        labels: { type: 'object', additionalProperties: { type: 'string' }, maxProperties: 2 },
        size: { type: ['number', 'string'] },
        later: { description: 'Not applied yet.', type: 'string' },
      },
      required: ['name'],
      allOf: [
        { not: { required: ['ports', 'labels'] } },
        { anyOf: [{ required: ['ports'] }, { required: ['labels'] }] },
      ],
      additionalProperties: false,
    });
  });

  test.each(Object.keys(kinds) as KindName[])('of %s is structural for a CustomResourceDefinition', (kind) => {
    // Kubernetes, "Specifying a structural schema": every property and item has a type, no additionalProperties beside properties.
    const check = (schema: JsonSchema, path: string): void => {
      const open =
        schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
      expect(open || typeof schema['type'] === 'string', path).toBe(true);
      expect(schema['properties'] !== undefined && schema['additionalProperties'] !== undefined, path).toBe(false);
      for (const [name, below] of Object.entries((schema['properties'] as JsonSchema | undefined) ?? {}))
        check(below as JsonSchema, `${path}.${name}`);
      for (const key of ['items', 'additionalProperties']) {
        if (typeof schema[key] === 'object') check(schema[key] as JsonSchema, `${path}[]`);
      }
    };
    check(kindJsonSchema(kind, 'structural'), kind);
  });

  test('of a kind names its versions and refuses unknown fields', () => {
    const schema = kindJsonSchema('Gateway');
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema['additionalProperties']).toBe(false);
    expect((schema['properties'] as Record<string, JsonSchema>)['apiVersion']?.['enum']).toEqual([
      'networking.istio.io/v1',
      'networking.istio.io/v1beta1',
      'networking.istio.io/v1alpha3',
    ]);
  });

  test('patterns are ones that every reader of JSON Schema compiles', () => {
    for (const kind of Object.keys(kinds) as KindName[]) {
      JSON.stringify(kindJsonSchema(kind), (key, value: unknown) => {
        if (key === 'pattern' && typeof value === 'string') new RegExp(value, 'u');
        return value;
      });
    }
  });
});
