import type { FieldPath } from '@heddle/model';
import type { AnySchemaObject, ErrorObject } from 'ajv';

/** What is wrong with a configuration, from its root. */
export interface ConfigurationProblem {
  readonly path: FieldPath;
  readonly message: string;
}

/** All that is wrong with a configuration, at most {@link MAX_PROBLEMS}; without repeating its texts, which may be secrets. */
export type CheckConfiguration = (configuration: unknown) => readonly ConfigurationProblem[];

/** As many problems are told of one configuration. */
const MAX_PROBLEMS = 20;

/**
 * Reads a filter's JSON Schema (https://json-schema.org/draft/2020-12). Patterns take linear time, so what looks around or back is refused.
 *
 * @returns the check, or a sentence saying why the schema is none
 */
export async function readSchema(text: string): Promise<CheckConfiguration | { readonly problem: string }> {
  // Only who has such a filter waits for these.
  const [{ Ajv2020 }, { RE2JS }] = await Promise.all([import('ajv/dist/2020.js'), import('re2js')]);
  const linearTime = Object.assign(
    (pattern: string) => {
      const compiled = RE2JS.compile(pattern);
      // Patterns of one text are compiled once, by this text.
      return { test: (value: string) => compiled.matcher(value).find(), toString: () => pattern };
    },
    // For programs that are written to a file, which this one is not.
    { code: 'undefined' },
  );
  try {
    const schema: unknown = JSON.parse(text);
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
      return { problem: 'found no object, wanted a JSON Schema' };
    }
    const ajv = new Ajv2020({
      allErrors: true,
      strict: false,
      // Formats are notes, as the specification has them unless told otherwise.
      validateFormats: false,
      verbose: true,
      logger: false,
      code: { regExp: linearTime },
    });
    const validate = ajv.compile(schema as AnySchemaObject);
    return (configuration) => (validate(configuration) ? [] : problemsOf(validate.errors ?? []));
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Of choices the choice as a whole is told, not why each of its branches does not fit. */
function problemsOf(errors: readonly ErrorObject[]): readonly ConfigurationProblem[] {
  const choices = errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf');
  const told = errors.filter(
    ({ schemaPath, keyword }) =>
      keyword !== 'if' && !choices.some((choice) => schemaPath.startsWith(`${choice.schemaPath}/`)),
  );
  return told.slice(0, MAX_PROBLEMS).map((error) => {
    const branches = errors.filter(({ schemaPath }) => schemaPath.startsWith(`${error.schemaPath}/`));
    return problemOf(error, branches);
  });
}

function problemOf(error: ErrorObject, branches: readonly ErrorObject[]): ConfigurationProblem {
  const path = pathOf(error.instancePath);
  const found = `found ${shapeOf(error.data)}`;
  const { keyword, params } = error;
  switch (keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params['additionalProperty'] ?? params['unevaluatedProperty']);
      const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
      const wanted = known.length === 0 ? 'no such field' : `one of ${listed(known)}`;
      return { path: [...path, name], message: `found the field "${name}", wanted ${wanted}` };
    }
    case 'required':
    case 'dependentRequired':
      return { path, message: `found no "${String(params['missingProperty'])}", which is wanted` };
    case 'type':
      return { path, message: `${found}, wanted ${[params['type'] as string | string[]].flat().join(' or ')}` };
    case 'enum':
      return { path, message: `${found}, wanted one of ${listed(params['allowedValues'] as readonly unknown[])}` };
    case 'const':
      return { path, message: `${found}, wanted ${JSON.stringify(params['allowedValue'])}` };
    case 'pattern':
      return { path, message: `${found}, wanted one that matches ${String(params['pattern'])}` };
    case 'anyOf':
    case 'oneOf': {
      const fields = branches.flatMap(({ keyword: why, params: missing }) =>
        why === 'required' ? [String(missing['missingProperty'])] : [],
      );
      if (Array.isArray(params['passingSchemas'])) {
        return { path, message: `${found} that fits several of the forms there are, wanted one alone` };
      }
      const wanted =
        fields.length > 0 && fields.length === branches.length
          ? `one with ${listed(fields, ' or ')}`
          : 'one of the forms that the schema has';
      return { path, message: `${found}, wanted ${wanted}` };
    }
    default:
      return {
        path,
        message: `${found}, which ${(error.message ?? `breaks the rule "${keyword}"`).replace('NOT', 'not')}`,
      };
  }
}

/** What a value is, without telling a text. */
function shapeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  switch (typeof value) {
    case 'string':
      return value === '' ? 'an empty text' : `a text of ${[...value].length} characters`;
    case 'object':
      return 'an object';
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return `a value of type ${typeof value}`;
  }
}

function listed(values: readonly unknown[], separator = ', '): string {
  return values.map((value) => JSON.stringify(value)).join(separator);
}

/** A JSON pointer (RFC 6901); steps that are numbers stand for places in lists. */
function pathOf(pointer: string): FieldPath {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) => (/^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : step));
}
