import type { KindDeclaration } from './kind.ts';
import { ObjectMeta } from './kinds/object-meta.ts';
import { type KindName, kinds } from './kinds.ts';
import type { ObjectNode, Schema, SchemaNode, StringNode } from './schema.ts';

/** A JSON Schema as plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * `2020-12` is for editors and validators: unknown fields are refused. `structural` is what a CustomResourceDefinition takes as
 * `openAPIV3Schema` (Kubernetes, "Specifying a structural schema"): unknown fields are pruned by the API server, so it says nothing of them.
 */
export type JsonSchemaDialect = '2020-12' | 'structural';

/** The schema of whole objects of a kind. Rules across fields that JSON Schema cannot say are left to {@link validate}. */
export function kindJsonSchema(kind: KindName, dialect: JsonSchemaDialect = '2020-12'): JsonSchema {
  const declaration: KindDeclaration = kinds[kind];
  const closed = dialect === '2020-12';
  const spec = jsonSchema(declaration.spec, dialect);
  const versions = declaration.versions.map((version) =>
    declaration.group === '' ? version : `${declaration.group}/${version}`,
  );
  return {
    ...(closed ? { $schema: 'https://json-schema.org/draft/2020-12/schema', title: kind } : {}),
    type: 'object',
    required: closed
      ? ['apiVersion', 'kind', 'metadata', ...(declaration.specOptional === true ? [] : ['spec'])]
      : declaration.specOptional === true
        ? []
        : ['spec'],
    properties: {
      apiVersion: closed ? { type: 'string', enum: versions } : { type: 'string' },
      kind: closed ? { type: 'string', enum: [kind] } : { type: 'string' },
      // A CustomResourceDefinition may not describe metadata.
      metadata: closed ? jsonSchema(ObjectMeta, dialect) : { type: 'object' },
      ...(declaration.specAtRoot === true ? (spec['properties'] as JsonSchema) : { spec }),
      ...(declaration.status === undefined ? {} : { status: jsonSchema(declaration.status, 'structural') }),
    },
    ...(closed ? { additionalProperties: false } : {}),
  };
}

/** The JSON Schema of a declaration. */
export function jsonSchema(schema: Schema<unknown>, dialect: JsonSchemaDialect = '2020-12'): JsonSchema {
  return fromNode(schema.node, dialect);
}

function fromNode(node: SchemaNode, dialect: JsonSchemaDialect): JsonSchema {
  const description = describeNode(node);
  return { ...(description === undefined ? {} : { description }), ...bare(node, dialect) };
}

function describeNode(node: SchemaNode): string | undefined {
  const pending = node.support === 'pending' ? 'Not applied yet.' : undefined;
  const values =
    node.type === 'string' && node.pendingValues !== undefined
      ? `Not applied yet: ${node.pendingValues.join(', ')}.`
      : undefined;
  const parts = [node.doc, pending, values].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' ');
}

function bare(node: SchemaNode, dialect: JsonSchemaDialect): JsonSchema {
  switch (node.type) {
    case 'string':
      return fromString(node);
    case 'integer':
    case 'number':
      return {
        type: node.type,
        ...pick(node, ['minimum', 'maximum']),
        ...(node.values === undefined ? {} : { enum: node.values }),
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'intOrString':
      return dialect === 'structural' ? { 'x-kubernetes-int-or-string': true } : { type: ['number', 'string'] };
    case 'array':
      return { type: 'array', items: fromNode(node.items.node, dialect), ...pick(node, ['minItems', 'maxItems']) };
    case 'map':
      return {
        type: 'object',
        additionalProperties: fromNode(node.values.node, dialect),
        ...(node.maxEntries === undefined ? {} : { maxProperties: node.maxEntries }),
      };
    case 'object':
      return fromObject(node, dialect);
    case 'any':
      return dialect === 'structural' ? { 'x-kubernetes-preserve-unknown-fields': true } : {};
  }
}

function fromString(node: StringNode): JsonSchema {
  const members = [...(node.values ?? []), ...(node.pendingValues ?? [])];
  if (members.length > 0) {
    if (node.ignoreCase === true) return { type: 'string', pattern: anyCase(members, node.emptyIsAbsent === true) };
    return { type: 'string', enum: node.emptyIsAbsent === true && !members.includes('') ? ['', ...members] : members };
  }
  const { pattern, ...format } = node.format?.jsonSchema ?? {};
  const emptyToo = typeof pattern === 'string' && node.emptyIsAbsent === true ? `^$|${pattern}` : pattern;
  return {
    type: 'string',
    ...format,
    ...(emptyToo === undefined ? {} : { pattern: emptyToo }),
    ...pick(node, ['minLength', 'maxLength']),
  };
}

/** A pattern for any of the words whatever their case: patterns have no flags. */
function anyCase(words: readonly string[], emptyToo: boolean): string {
  const spell = (word: string): string =>
    [...word].map((sign) => (/[a-z]/i.test(sign) ? `[${sign.toUpperCase()}${sign.toLowerCase()}]` : sign)).join('');
  return `^(?:${words.map(spell).join('|')}${emptyToo ? '|' : ''})$`;
}

function fromObject(node: ObjectNode, dialect: JsonSchemaDialect): JsonSchema {
  const properties = Object.fromEntries(
    Object.entries(node.fields).map(([name, field]) => [name, fromNode(field.node, dialect)]),
  );
  const rules = node.oneOf.flatMap((group) => [
    ...pairs(group.fields).map((pair) => ({ not: { required: pair } })),
    ...(group.wanted === 'exactlyOne' ? [{ anyOf: group.fields.map((name) => ({ required: [name] })) }] : []),
  ]);
  return {
    type: 'object',
    properties,
    ...(node.requiredFields.size === 0 ? {} : { required: [...node.requiredFields] }),
    ...(rules.length === 0 ? {} : { allOf: rules }),
    ...(dialect === '2020-12' ? { additionalProperties: false } : {}),
  };
}

function pairs(names: readonly string[]): readonly (readonly [string, string])[] {
  return names.flatMap((a, index) => names.slice(index + 1).map((b): readonly [string, string] => [a, b]));
}

function pick(node: object, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(Object.entries(node).filter(([key, value]) => keys.includes(key) && value !== undefined));
}
