import type { FieldProblem } from './field-problem.ts';
import type { ObjectNode, Schema, SchemaNode } from './schema.ts';
import { suggest } from './suggestion.ts';

/** How deep values may nest: beyond it a value is refused rather than walked (Kubernetes objects stay below 30). */
const MAX_DEPTH = 64;
/** How many problems one object may report: the rest would say the same. */
const MAX_PROBLEMS = 100;

export interface ValidationResult<T> {
  /** The value without nulls, present when there is no problem of severity `error`. */
  readonly value: T | undefined;
  readonly problems: readonly FieldProblem[];
}

/**
 * Checks a JSON value against a schema, collecting every problem rather than stopping at the first. Nulls count as absent fields
 * and are dropped from the result. Never throws on what a user wrote.
 */
export function validate<T>(schema: Schema<T>, value: unknown): ValidationResult<T> {
  const walk = new Walk();
  const checked = walk.node(schema.node, value, [], 0);
  const failed = walk.problems.some((problem) => problem.severity === 'error');
  return { value: failed ? undefined : (checked as T), problems: walk.problems };
}

type Path = readonly (string | number)[];

class Walk {
  readonly problems: FieldProblem[] = [];

  report(problem: FieldProblem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem);
  }

  error(code: FieldProblem['code'], path: Path, message: string, suggestion?: string): undefined {
    this.report({ code, severity: 'error', path, message, ...(suggestion === undefined ? {} : { suggestion }) });
    return undefined;
  }

  node(node: SchemaNode, value: unknown, path: Path, depth: number): unknown {
    if (depth > MAX_DEPTH) return this.error('invalid-value', path, `found more than ${MAX_DEPTH} levels of nesting`);
    switch (node.type) {
      case 'string':
        return this.string(node, value, path);
      case 'integer':
      case 'number':
        return this.number(node, value, path);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.wrongType(path, value, 'true or false');
      case 'intOrString':
        return typeof value === 'string' || typeof value === 'number'
          ? value
          : this.wrongType(path, value, 'a number or a string');
      case 'array':
        return this.array(node, value, path, depth);
      case 'map':
        return this.map(node, value, path, depth);
      case 'object':
        return this.object(node, value, path, depth);
      case 'any':
        return value;
    }
  }

  wrongType(path: Path, value: unknown, wanted: string): undefined {
    return this.error('wrong-type', path, `found ${describe(value)}, wanted ${wanted}`);
  }

  string(node: SchemaNode & { type: 'string' }, value: unknown, path: Path): unknown {
    if (typeof value !== 'string') {
      const wanted = node.values === undefined ? 'a string' : `one of ${node.values.join(', ')}`;
      const quoteHint =
        typeof value === 'number' || typeof value === 'boolean' ? ` (write it in quotes: "${value}")` : '';
      return this.wrongType(path, value, wanted + quoteHint);
    }
    if (node.values !== undefined && !node.values.includes(value)) {
      const near = suggest(value, node.values);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return this.error(
        'invalid-value',
        path,
        `found "${shorten(value)}", wanted one of ${node.values.join(', ')}${hint}`,
        near,
      );
    }
    if (value.length < (node.minLength ?? 0))
      return this.error('invalid-value', path, 'found an empty string, wanted text');
    if (value.length > (node.maxLength ?? Number.POSITIVE_INFINITY)) {
      return this.error('invalid-value', path, `found ${value.length} characters, wanted at most ${node.maxLength}`);
    }
    const wanted = node.format?.check(value);
    if (wanted !== undefined) return this.error('invalid-value', path, `found "${shorten(value)}", wanted ${wanted}`);
    return value;
  }

  number(node: SchemaNode & { type: 'integer' | 'number' }, value: unknown, path: Path): unknown {
    const noun = node.type === 'integer' ? 'a whole number' : 'a number';
    const wanted =
      node.minimum === undefined && node.maximum === undefined
        ? noun
        : `${noun} ${node.maximum === undefined ? `of at least ${node.minimum}` : `from ${node.minimum ?? '-∞'} to ${node.maximum}`}`;
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.wrongType(path, value, wanted);
    const outside =
      (node.type === 'integer' && !Number.isSafeInteger(value)) ||
      value < (node.minimum ?? Number.NEGATIVE_INFINITY) ||
      value > (node.maximum ?? Number.POSITIVE_INFINITY);
    return outside ? this.error('invalid-value', path, `found ${value}, wanted ${wanted}`) : value;
  }

  array(node: SchemaNode & { type: 'array' }, value: unknown, path: Path, depth: number): unknown {
    if (!Array.isArray(value)) return this.wrongType(path, value, 'a list');
    if (value.length < (node.minItems ?? 0)) {
      return this.error('invalid-value', path, `found ${value.length} items, wanted at least ${node.minItems}`);
    }
    if (value.length > (node.maxItems ?? Number.POSITIVE_INFINITY)) {
      return this.error('invalid-value', path, `found ${value.length} items, wanted at most ${node.maxItems}`);
    }
    return value.map((item, index) => this.node(node.items.node, item, [...path, index], depth + 1));
  }

  map(node: SchemaNode & { type: 'map' }, value: unknown, path: Path, depth: number): unknown {
    if (!isRecord(value)) return this.wrongType(path, value, 'a mapping');
    const checked: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      if (item === null || item === undefined) continue;
      define(checked, key, this.node(node.values.node, item, [...path, key], depth + 1));
    }
    return checked;
  }

  object(node: ObjectNode, value: unknown, path: Path, depth: number): unknown {
    if (!isRecord(value)) return this.wrongType(path, value, 'a mapping');
    const before = this.problems.length;
    const checked: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const field = Object.hasOwn(node.fields, key) ? node.fields[key] : undefined;
      if (field === undefined) {
        this.unknownField(node, key, [...path, key]);
        continue;
      }
      if (item === null || item === undefined) continue;
      if (field.node.support === 'pending') {
        this.report({
          code: 'not-applied',
          severity: 'warning',
          path: [...path, key],
          message: `"${key}" is part of the API but not applied yet`,
        });
      }
      define(checked, key, this.node(field.node, item, [...path, key], depth + 1));
    }
    for (const name of node.requiredFields) {
      if (!Object.hasOwn(checked, name)) {
        const message = `"${name}" is missing, wanted ${describeWanted(node.fields[name]?.node)}`;
        this.error('missing-field', [...path, name], message);
      }
    }
    for (const group of node.oneOf) {
      const present = group.fields.filter((name) => Object.hasOwn(checked, name));
      if (present.length > 1) {
        const message = `found ${quoteList(present)} together, wanted only one of them`;
        this.error('conflicting-fields', [...path, present[1] ?? ''], message);
      } else if (present.length === 0 && group.wanted === 'exactlyOne') {
        this.error('missing-field', path, `found none of ${quoteList(group.fields)}, wanted exactly one of them`);
      }
    }
    // Rules across fields see only values whose fields are sound by themselves.
    if (node.check !== undefined && !this.problems.slice(before).some((problem) => problem.severity === 'error')) {
      node.check(checked as never, ({ path: below = [], message, wanted }) => {
        this.error(
          'invalid-value',
          [...path, ...below],
          wanted === undefined ? message : `${message}, wanted ${wanted}`,
        );
      });
    }
    return checked;
  }

  unknownField(node: ObjectNode, key: string, path: Path): void {
    const near = suggest(key, Object.keys(node.fields));
    const hint = near === undefined ? listFields(node) : `did you mean "${near}"?`;
    this.error('unknown-field', path, `unknown field "${shorten(key)}"; ${hint}`, near);
  }
}

function listFields(node: ObjectNode): string {
  const names = Object.keys(node.fields);
  const shown = names.slice(0, 12).join(', ');
  return names.length === 0 ? 'no fields are known here' : `known here: ${shown}${names.length > 12 ? ', …' : ''}`;
}

function describeWanted(node: SchemaNode | undefined): string {
  switch (node?.type) {
    case 'string':
      return node.values === undefined ? 'a string' : `one of ${node.values.join(', ')}`;
    case 'integer':
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'map':
    case 'object':
      return 'a mapping';
    default:
      return 'a value';
  }
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return `the string "${shorten(value)}"`;
  return `the ${typeof value} ${String(value)}`;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function quoteList(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Assignment that treats `__proto__` as the plain key it is in a user's file. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}
