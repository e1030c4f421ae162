import type { FieldProblem } from './field-problem.ts';
import type {
  ArrayNode,
  IntOrStringNode,
  MapNode,
  NumberNode,
  ObjectNode,
  Schema,
  SchemaNode,
  SecretEncoding,
  StringFormat,
  StringNode,
} from './schema.ts';
import { SecretValue } from './secret-value.ts';
import { suggest } from './suggestion.ts';

/** How deep values may nest: beyond it a value is refused rather than walked (Kubernetes objects stay below 30). */
const MAX_DEPTH = 64;
/** How many problems of each severity one object may report: the rest would say the same. */
const MAX_PROBLEMS = 100;

export interface ValidationResult<T> {
  /** The value without nulls, present when there is no problem of severity `error`. */
  readonly value: T | undefined;
  readonly problems: readonly FieldProblem[];
}

export interface ValidationOptions {
  /** Where the value stands in its object; problems' paths begin with it. Default: the root. */
  readonly path?: readonly (string | number)[];
  /** `drop` leaves unknown fields out silently: for what machines write (`status`), where a newer version may know more. Default `refuse`. */
  readonly unknownFields?: 'refuse' | 'drop';
}

/**
 * Checks a JSON value against a schema, collecting every problem rather than stopping at the first. Nulls count as absent fields
 * and are dropped from the result. Never throws on what a user wrote; the value must be a tree (no cycles).
 */
export function validate<T>(schema: Schema<T>, value: unknown, options: ValidationOptions = {}): ValidationResult<T> {
  const walk = new Walk(options);
  const checked = walk.node(schema.node, value, 0);
  return { value: walk.errors > 0 ? undefined : (checked as T), problems: walk.problems };
}

class Walk {
  readonly problems: FieldProblem[] = [];
  errors = 0;
  #warnings = 0;
  /** Above zero inside a part that is not obeyed or means nothing: one report for the whole part is enough. */
  #quiet = 0;
  readonly #path: (string | number)[];
  readonly #dropUnknown: boolean;

  constructor(options: ValidationOptions) {
    this.#path = [...(options.path ?? [])];
    this.#dropUnknown = options.unknownFields === 'drop';
  }

  error(
    code: FieldProblem['code'],
    message: string,
    suggestion?: string,
    below: readonly (string | number)[] = [],
  ): undefined {
    this.errors++;
    if (this.errors <= MAX_PROBLEMS) {
      const path = [...this.#path, ...below];
      this.problems.push({
        code,
        severity: 'error',
        path,
        message,
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
    return undefined;
  }

  notApplied(message: string, below: readonly string[] = []): void {
    this.#warnings++;
    if (this.#quiet > 0 || this.#warnings > MAX_PROBLEMS) return;
    this.problems.push({ code: 'not-applied', severity: 'warning', path: [...this.#path, ...below], message });
  }

  node(node: SchemaNode, value: unknown, depth: number): unknown {
    if (depth > MAX_DEPTH) return this.error('invalid-value', `found more than ${MAX_DEPTH} levels of nesting`);
    switch (node.type) {
      case 'string':
        return this.string(node, value);
      case 'integer':
      case 'number':
        return this.number(node, value);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.wrongType(value, 'true or false');
      case 'intOrString':
        return this.intOrString(node, value);
      case 'array':
        return this.array(node, value, depth);
      case 'map':
        return this.map(node, value, depth);
      case 'object':
        return this.object(node, value, depth);
      case 'any':
        return nestsDeeper(value, MAX_DEPTH - depth)
          ? this.error('invalid-value', `found more than ${MAX_DEPTH} levels of nesting`)
          : value;
    }
  }

  /** The node of one item or field, with its key on the path. */
  below(key: string | number, node: SchemaNode, value: unknown, depth: number): unknown {
    this.#path.push(key);
    // An enumeration speaks for itself even where its obeyed members mean nothing.
    const speaks = node.type === 'string' && node.pendingValues !== undefined;
    const silent = (node.support === 'pending' || node.support === 'inert') && !speaks;
    if (silent) this.#quiet++;
    const checked = this.node(node, value, depth);
    if (silent) this.#quiet--;
    this.#path.pop();
    return checked;
  }

  wrongType(value: unknown, wanted: string): undefined {
    return this.error('wrong-type', `found ${describe(value)}, wanted ${wanted}`);
  }

  string(node: StringNode, value: unknown): unknown {
    if (node.secret !== undefined) return this.secret(node.secret, value);
    if (typeof value !== 'string') {
      const wanted = enumeration(node) === undefined ? 'a string' : `one of ${enumeration(node)?.join(', ')}`;
      const quoteHint =
        typeof value === 'number' || typeof value === 'boolean' ? ` (write it in quotes: "${value}")` : '';
      return this.wrongType(value, wanted + quoteHint);
    }
    const members = enumeration(node);
    if (members !== undefined) return this.member(node, members, value);
    if (value.length < (node.minLength ?? 0)) {
      const found = value === '' ? 'an empty string' : `${value.length} characters`;
      return this.error(
        'invalid-value',
        `found ${found}, wanted ${node.minLength === 1 ? 'text' : `at least ${node.minLength} characters`}`,
      );
    }
    if (value.length > (node.maxLength ?? Number.POSITIVE_INFINITY)) {
      return this.error('invalid-value', `found ${value.length} characters, wanted at most ${node.maxLength}`);
    }
    return this.matches(node.format, value) ? value : undefined;
  }

  /** Says nothing of the value, not even a part of it. */
  secret(encoding: SecretEncoding, value: unknown): SecretValue | undefined {
    if (value instanceof SecretValue) return value;
    if (typeof value !== 'string') return this.error('wrong-type', 'found no string, wanted a string');
    if (encoding === 'text') return new SecretValue(new TextEncoder().encode(value));
    const bytes = base64Bytes(value);
    if (bytes === undefined) return this.error('invalid-value', 'found text that is not base64, wanted base64');
    return new SecretValue(bytes);
  }

  member(node: StringNode, members: readonly string[], value: string): string | undefined {
    const canonical = members.find((member) =>
      node.ignoreCase === true ? member.toLowerCase() === value.toLowerCase() : member === value,
    );
    if (canonical === undefined) {
      const near = suggest(value, members);
      const hint = near === undefined ? '' : `; did you mean "${near}"?`;
      return this.error('invalid-value', `found "${shorten(value)}", wanted one of ${members.join(', ')}${hint}`, near);
    }
    if (node.pendingValues?.includes(canonical) === true) {
      this.notApplied(
        `"${canonical}" is part of the API but not applied yet; applied here: ${node.values?.join(', ')}`,
      );
    }
    return canonical;
  }

  matches(format: StringFormat | undefined, value: string): boolean {
    const wanted = format?.check(value);
    if (wanted === undefined) {
      const left = format?.notApplied?.(value);
      if (left !== undefined) this.notApplied(left);
      return true;
    }
    this.error('invalid-value', `found "${shorten(value)}", wanted ${wanted}`);
    return false;
  }

  number(node: NumberNode, value: unknown): unknown {
    const wanted = describeNumber(node);
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.wrongType(value, wanted);
    const outside =
      (node.type === 'integer' && !Number.isSafeInteger(value)) ||
      (node.values !== undefined && !node.values.includes(value)) ||
      value < (node.minimum ?? Number.NEGATIVE_INFINITY) ||
      value > (node.maximum ?? Number.POSITIVE_INFINITY);
    return outside ? this.error('invalid-value', `found ${value}, wanted ${wanted}`) : value;
  }

  intOrString(node: IntOrStringNode, value: unknown): unknown {
    if (typeof value === 'string') return this.matches(node.format, value) ? value : undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) return this.wrongType(value, 'a number or a string');
    if (node.minimum === undefined && node.maximum === undefined) return value;
    return this.number(
      { type: 'integer', minimum: node.minimum ?? 0, ...(node.maximum === undefined ? {} : { maximum: node.maximum }) },
      value,
    );
  }

  array(node: ArrayNode, value: unknown, depth: number): unknown {
    if (!Array.isArray(value)) return this.wrongType(value, 'a list');
    if (value.length < (node.minItems ?? 0)) {
      return this.error(
        'invalid-value',
        `found ${value.length === 0 ? 'an empty list' : `${value.length} items`}, wanted at least ${node.minItems}`,
      );
    }
    if (value.length > (node.maxItems ?? Number.POSITIVE_INFINITY)) {
      return this.error('invalid-value', `found ${value.length} items, wanted at most ${node.maxItems}`);
    }
    return value.map((item: unknown, index) => this.below(index, node.items.node, item, depth + 1));
  }

  map(node: MapNode, value: unknown, depth: number): unknown {
    if (!isRecord(value)) {
      const values = node.values.node;
      // A secret in the place of a mapping is still a secret.
      const hidden = values.type === 'string' && values.secret !== undefined;
      return hidden
        ? this.error('wrong-type', 'found no mapping, wanted a mapping')
        : this.wrongType(value, 'a mapping');
    }
    const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
    if (entries.length > (node.maxEntries ?? Number.POSITIVE_INFINITY)) {
      return this.error('invalid-value', `found ${entries.length} entries, wanted at most ${node.maxEntries}`);
    }
    const checked: Record<string, unknown> = {};
    for (const [key, item] of entries) {
      const wantedKey = node.keys?.check(key);
      if (wantedKey !== undefined) {
        this.error('invalid-value', `found the key "${shorten(key)}", wanted ${wantedKey}`, undefined, [key]);
      } else {
        const left = node.keys?.notApplied?.(key);
        if (left !== undefined) this.notApplied(left, [key]);
      }
      define(checked, key, this.below(key, node.values.node, item, depth + 1));
    }
    return checked;
  }

  object(node: ObjectNode, value: unknown, depth: number): unknown {
    if (!isRecord(value)) return this.wrongType(value, 'a mapping');
    const errorsBefore = this.errors;
    const checked: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) {
      const field = Object.hasOwn(node.fields, key) ? node.fields[key]?.node : undefined;
      if (field === undefined) {
        if (!this.#dropUnknown) this.unknownField(node, key);
        continue;
      }
      if (item === null || item === undefined) continue;
      if (item === '' && field.type === 'string' && field.emptyIsAbsent === true) continue;
      if (field.support === 'pending') this.pendingField(key);
      define(checked, key, this.below(key, field, item, depth + 1));
    }
    this.requiredFields(node, checked);
    // Rules across fields see only values whose fields are sound by themselves.
    if (node.check !== undefined && this.errors === errorsBefore) {
      node.check(checked as never, ({ path = [], message, wanted }) => {
        this.error('invalid-value', wanted === undefined ? message : `${message}, wanted ${wanted}`, undefined, path);
      });
    }
    return checked;
  }

  pendingField(key: string): void {
    this.#path.push(key);
    this.notApplied(`"${key}" is part of the API but not applied yet`);
    this.#path.pop();
  }

  requiredFields(node: ObjectNode, checked: Record<string, unknown>): void {
    for (const name of node.requiredFields) {
      if (Object.hasOwn(checked, name)) continue;
      this.error(
        'missing-field',
        `"${name}" is missing, wanted ${describeWanted(node.fields[name]?.node)}`,
        undefined,
        [name],
      );
    }
    for (const group of node.oneOf) {
      const present = group.fields.filter((name) => Object.hasOwn(checked, name));
      if (present.length > 1) {
        const message = `found ${quoteList(present)} together, wanted only one of them`;
        this.error('conflicting-fields', message, undefined, [present[1] ?? '']);
      } else if (present.length === 0 && group.wanted === 'exactlyOne') {
        this.error('missing-field', `found none of ${quoteList(group.fields)}, wanted exactly one of them`);
      }
    }
  }

  unknownField(node: ObjectNode, key: string): void {
    const near = suggest(key, Object.keys(node.fields));
    const hint = near === undefined ? listFields(node) : `did you mean "${near}"?`;
    this.error('unknown-field', `unknown field "${shorten(key)}"; ${hint}`, near, [key]);
  }
}

/** All members of a string's enumeration, obeyed or not. */
function enumeration(node: StringNode): readonly string[] | undefined {
  if (node.values === undefined && node.pendingValues === undefined) return undefined;
  return [...(node.values ?? []), ...(node.pendingValues ?? [])];
}

/** Standard base64 with its padding; line breaks inside, as some tools write them, are no part of it. */
function base64Bytes(text: string): Uint8Array | undefined {
  const joined = text.replace(/[\r\n]/g, '');
  if (joined.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) return undefined;
  return Uint8Array.from(atob(joined), (sign) => sign.charCodeAt(0));
}

/** Whether a tree has more than so many levels. */
function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels <= 0 || Object.values(value).some((item) => nestsDeeper(item, levels - 1));
}

function describeNumber(node: NumberNode): string {
  if (node.values !== undefined) return `one of ${node.values.join(', ')}`;
  const noun = node.type === 'integer' ? 'a whole number' : 'a number';
  if (node.minimum === undefined && node.maximum === undefined) return noun;
  if (node.maximum === undefined) return `${noun} of at least ${node.minimum}`;
  return node.minimum === undefined
    ? `${noun} of at most ${node.maximum}`
    : `${noun} from ${node.minimum} to ${node.maximum}`;
}

function listFields(node: ObjectNode): string {
  const names = Object.keys(node.fields);
  const shown = names.slice(0, 12).join(', ');
  return names.length === 0 ? 'no fields are known here' : `known here: ${shown}${names.length > 12 ? ', …' : ''}`;
}

function describeWanted(node: SchemaNode | undefined): string {
  switch (node?.type) {
    case 'string':
      return enumeration(node) === undefined ? 'a string' : `one of ${enumeration(node)?.join(', ')}`;
    case 'integer':
    case 'number':
      return describeNumber(node);
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
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`;
  return `a ${typeof value}`;
}

/** Text that fits into a message, on one line. */
function shorten(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}…` : text;
  return short.replace(
    /[\p{Control}\p{Surrogate}]/gu,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function quoteList(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

/** A mapping as JSON has it: dates and other instances that a YAML reader may make are none. */
function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Assignment that treats `__proto__` as the plain key it is in a user's file. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}
