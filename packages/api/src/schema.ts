import type { SecretValue } from './secret-value.ts';

/**
 * The declaration language for kinds: one value of type {@link Schema} gives the TypeScript type ({@link Infer}), validation with
 * field paths (`validate.ts`), JSON Schema (`json-schema.ts`) and the list of supported fields (`fields.ts`).
 *
 * Fields are optional unless wrapped in {@link required}, as in Kubernetes; `null` counts as absent.
 */

/**
 * What Heddle does with a field that a user sets.
 * - `applied`: the compiler obeys it (and the parity suite proves it).
 * - `pending`: part of the API, recognised and type-checked, but not obeyed yet: setting it is reported.
 * - `inert`: means nothing to a mesh (volumes, node selectors): accepted silently, as a mesh beside Kubernetes must.
 */
export type Support = 'applied' | 'pending' | 'inert';

/** How a violated rule is reported: relative path from the checked value, what was found and what was wanted. */
export type ReportProblem = (problem: {
  readonly path?: readonly (string | number)[];
  readonly message: string;
  readonly wanted?: string;
}) => void;

/** A named check on a string's content, e.g. a duration or a port name. */
export interface StringFormat {
  readonly name: string;
  /** What was wanted, or undefined if the text is fine. Linear in the length of the text. */
  readonly check: (text: string) => string | undefined;
  /** What of a fine text is part of the API but not obeyed yet, as a sentence; undefined if all is. */
  readonly notApplied?: (text: string) => string | undefined;
  /** JSON Schema keywords that say the same, as far as they can. */
  readonly jsonSchema?: Readonly<Record<string, unknown>>;
}

interface NodeBase {
  readonly doc?: string;
  readonly support?: Support;
}
export interface StringNode extends NodeBase {
  readonly type: 'string';
  /** The enumeration of accepted texts. */
  readonly values?: readonly string[];
  /** Further members of the enumeration that are part of the API but not obeyed yet: using one is reported, as for {@link pending} fields. */
  readonly pendingValues?: readonly string[];
  /** The enumeration is read whatever the case (Istio's protocols); the validated value has the declared spelling. */
  readonly ignoreCase?: boolean;
  readonly format?: StringFormat;
  /** `''` counts as absent, as in protobuf's JSON, where it is the default. */
  readonly emptyIsAbsent?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** Nobody is to see the text: the validated value is a {@link SecretValue} of its bytes, and problems do not quote it. */
  readonly secret?: SecretEncoding;
}
/** How a secret is written: as text, whose bytes are UTF-8, or in base64. */
export type SecretEncoding = 'text' | 'base64';
export interface NumberNode extends NodeBase {
  readonly type: 'integer' | 'number';
  readonly minimum?: number;
  readonly maximum?: number;
  /** The only accepted numbers, if there are few. */
  readonly values?: readonly number[];
}
export interface BooleanNode extends NodeBase {
  readonly type: 'boolean';
}
/** A number or a string: Kubernetes' IntOrString and Quantity. */
export interface IntOrStringNode extends NodeBase {
  readonly type: 'intOrString';
  /** Bounds of the number form. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** What the string form must look like. */
  readonly format?: StringFormat;
}
export interface ArrayNode extends NodeBase {
  readonly type: 'array';
  readonly items: Schema<unknown>;
  readonly minItems?: number;
  readonly maxItems?: number;
}
export interface MapNode extends NodeBase {
  readonly type: 'map';
  readonly values: Schema<unknown>;
  /** What every key must look like. */
  readonly keys?: StringFormat;
  readonly maxEntries?: number;
}
export interface ObjectNode extends NodeBase {
  readonly type: 'object';
  readonly fields: Readonly<Record<string, Schema<unknown>>>;
  readonly requiredFields: ReadonlySet<string>;
  /** Groups of fields of which at most one (`atMostOne`) or exactly one (`exactlyOne`) may be set. */
  readonly oneOf: readonly OneOfGroup[];
  readonly check?: (value: never, report: ReportProblem) => void;
}
/** Any JSON value, kept as it is. */
export interface AnyNode extends NodeBase {
  readonly type: 'any';
}
export type SchemaNode =
  | StringNode
  | NumberNode
  | BooleanNode
  | IntOrStringNode
  | ArrayNode
  | MapNode
  | ObjectNode
  | AnyNode;

export interface OneOfGroup {
  readonly fields: readonly string[];
  readonly wanted: 'atMostOne' | 'exactlyOne';
}

/** A declaration of values of type `T`. `required` is true where the field holding it must be present. */
export interface Schema<out T, out Required extends boolean = boolean> {
  readonly node: SchemaNode;
  readonly required?: Required;
  /** Never set: carries `T` for {@link Infer}. */
  readonly inferred?: T;
}

/** The TypeScript type that a schema declares. */
export type Infer<S> = S extends Schema<infer T> ? T : never;

type Fields = Readonly<Record<string, Schema<unknown>>>;
type RequiredKeys<F extends Fields> = { [K in keyof F]: F[K] extends Schema<unknown, true> ? K : never }[keyof F];
type Flatten<T> = { [K in keyof T]: T[K] };
/** The object type of a record of fields: `required(...)` fields are mandatory, all others optional. */
export type InferFields<F extends Fields> = Flatten<
  { readonly [K in RequiredKeys<F>]: Infer<F[K]> } & {
    readonly [K in Exclude<keyof F, RequiredKeys<F>>]?: Infer<F[K]>;
  }
>;

type Optional<T> = Schema<T, false>;

/** A string; `values` (and `pendingValues`) restrict it to an enumeration. */
export function string<const V extends string = string>(
  options: Omit<StringNode, 'type' | 'values' | 'pendingValues'> & {
    values?: readonly V[];
    pendingValues?: readonly V[];
  } = {},
): Optional<V> {
  return { node: { type: 'string', ...options } };
}
/** Text whose validated value prints as redacted. */
export function secret(options: { readonly encoding: SecretEncoding; readonly doc?: string }): Optional<SecretValue> {
  const { encoding, ...rest } = options;
  return { node: { type: 'string', secret: encoding, ...rest } };
}
/** A whole number within the given bounds. */
export function integer(options: Omit<NumberNode, 'type'> = {}): Optional<number> {
  return { node: { type: 'integer', ...options } };
}
/** Any finite number within the given bounds. */
export function number(options: Omit<NumberNode, 'type'> = {}): Optional<number> {
  return { node: { type: 'number', ...options } };
}
export function boolean(options: Omit<BooleanNode, 'type'> = {}): Optional<boolean> {
  return { node: { type: 'boolean', ...options } };
}
export function intOrString(options: Omit<IntOrStringNode, 'type'> = {}): Optional<number | string> {
  return { node: { type: 'intOrString', ...options } };
}
export function array<T>(items: Schema<T>, options: Omit<ArrayNode, 'type' | 'items'> = {}): Optional<readonly T[]> {
  return { node: { type: 'array', items, ...options } };
}
/** A string-keyed map: labels, annotations, header operations. */
export function map<T>(
  values: Schema<T>,
  options: Omit<MapNode, 'type' | 'values'> = {},
): Optional<Readonly<Record<string, T>>> {
  return { node: { type: 'map', values, ...options } };
}
/** An object with exactly these fields; any other key is an unknown field. */
export function object<const F extends Fields>(
  fields: F,
  options: Omit<ObjectNode, 'type' | 'fields' | 'requiredFields' | 'oneOf' | 'check'> & {
    oneOf?: readonly OneOfGroup[];
    check?: (value: InferFields<F>, report: ReportProblem) => void;
  } = {},
): Optional<InferFields<F>> {
  const requiredFields = new Set(Object.keys(fields).filter((name) => fields[name]?.required === true));
  const { oneOf = [], check, ...rest } = options;
  return {
    node: {
      type: 'object',
      fields,
      requiredFields,
      oneOf,
      ...(check === undefined ? {} : { check: check as (value: never, report: ReportProblem) => void }),
      ...rest,
    },
  };
}
export function any(options: Omit<AnyNode, 'type'> = {}): Optional<unknown> {
  return { node: { type: 'any', ...options } };
}

/** The field must be present (and not null). */
export function required<T>(schema: Schema<T>): Schema<T, true> {
  return { node: schema.node, required: true };
}
/** The field is declared and checked but not obeyed yet; see {@link Support}. */
export function pending<T>(schema: Schema<T>): Optional<T> {
  return { node: { ...schema.node, support: 'pending' } };
}
/** The field means nothing to a mesh; see {@link Support}. */
export function inert<T>(schema: Schema<T>): Optional<T> {
  return { node: { ...schema.node, support: 'inert' } };
}
/** The same fields, none of them obeyed: for the parts of a shared declaration that mean nothing in one place. */
export function inertFields<const F extends Fields>(fields: F): { readonly [K in keyof F]: Optional<Infer<F[K]>> } {
  const entries = Object.entries(fields).map(([name, field]) => [name, inert(field)]);
  return Object.fromEntries(entries) as { readonly [K in keyof F]: Optional<Infer<F[K]>> };
}
/** The same declaration with another description. */
export function described<T, R extends boolean>(schema: Schema<T, R>, doc: string): Schema<T, R> {
  return { ...schema, node: { ...schema.node, doc } };
}
