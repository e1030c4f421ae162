import type { FieldProblem } from './field-problem.ts';
import { dnsLabel, dnsSubdomain } from './formats/dns-name.ts';
import type { KindDeclaration } from './kind.ts';
import { ObjectMeta } from './kinds/object-meta.ts';
import { type KindName, kinds, type ObjectOf } from './kinds.ts';
import { type KnownKind, undeclaredKinds } from './known-kinds.ts';
import { suggest } from './suggestion.ts';
import { validate } from './validate.ts';

/** Any object of a declared kind. */
export type AnyObject = { readonly [K in KindName]: ObjectOf<K> }[KindName];

/** What names an object, as far as it could be read. */
export interface ObjectIdentity {
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export interface ParseResult {
  /** The object, when its kind is declared and nothing is wrong with it beyond warnings. */
  readonly object?: AnyObject;
  /** Which object it is, when kind and name are readable, whatever else is wrong. */
  readonly identity?: ObjectIdentity;
  /** What is wrong, in the order of the object's fields; paths begin at the object's root (`spec.…`). */
  readonly problems: readonly FieldProblem[];
}

/** Where objects live that do not say so. */
const DEFAULT_NAMESPACE = 'default';

/**
 * Reads one Kubernetes object from a JSON value (of YAML, JSON or an API): recognises its kind and checks it against the declaration.
 * Never throws on what a user wrote.
 *
 * @example
 *     parseObject({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }).object?.metadata.name // 'shop'
 */
export function parseObject(value: unknown): ParseResult {
  if (!isMapping(value)) {
    return refused(
      'not-an-object',
      [],
      `found ${nameOf(value)}, wanted a mapping with apiVersion, kind, metadata and spec`,
    );
  }
  const missing = (['apiVersion', 'kind'] as const).filter(
    (field) => typeof value[field] !== 'string' || value[field] === '',
  );
  if (missing.length > 0) {
    const near = Object.keys(value)
      .map((key) => [key, suggest(key, missing)] as const)
      .find(([, field]) => field !== undefined);
    const hint = near === undefined ? '' : `; did you mean "${near[1]}" by "${near[0]}"?`;
    return refused('not-an-object', [], `found no ${missing.join(' and no ')}, wanted a Kubernetes object${hint}`);
  }
  const apiVersion = value['apiVersion'] as string;
  const kind = value['kind'] as string;
  const declaration = declarationOf(apiVersion, kind);
  if (declaration !== undefined) return parseDeclared(declaration, apiVersion, value);
  return parseUndeclared(apiVersion, kind, value);
}

function declarationOf(apiVersion: string, kind: string): KindDeclaration | undefined {
  const declaration: KindDeclaration | undefined = Object.hasOwn(kinds, kind) ? kinds[kind as KindName] : undefined;
  return declaration !== undefined && apiVersionsOf(declaration).includes(apiVersion) ? declaration : undefined;
}

function apiVersionsOf({ group, versions }: Pick<KnownKind, 'group' | 'versions'>): readonly string[] {
  return versions.map((version) => (group === '' ? version : `${group}/${version}`));
}

function parseDeclared(
  declaration: KindDeclaration,
  apiVersion: string,
  value: Readonly<Record<string, unknown>>,
): ParseResult {
  const problems: FieldProblem[] = [];
  const checkedMeta = validate(ObjectMeta, value['metadata'] ?? {}, { path: ['metadata'] });
  problems.push(...checkedMeta.problems);
  const identity = identityOf(declaration.kind, value['metadata'], declaration.scope);
  checkNames(declaration, value['metadata'], problems);
  const { fields, given, path } = specOf(declaration, value);
  const known = fields === undefined ? TOP_LEVEL : [...TOP_LEVEL.filter((key) => key !== 'spec'), ...fields];
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = suggest(key, known);
    problems.push({
      code: 'unknown-field',
      severity: 'error',
      path: [key],
      message: `unknown field "${key.slice(0, 80)}"; ${near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`}`,
      ...(near === undefined ? {} : { suggestion: near }),
    });
  }
  if (given === undefined) {
    problems.push({
      code: 'missing-field',
      severity: 'error',
      path: ['spec'],
      message: '"spec" is missing, wanted a mapping',
    });
  }
  const spec = given === undefined ? undefined : validate(declaration.spec, given, { path });
  problems.push(...(spec?.problems ?? []));
  const status =
    declaration.status === undefined || value['status'] === undefined || value['status'] === null
      ? undefined
      : validate(declaration.status, value['status'], { path: ['status'], unknownFields: 'drop' });
  problems.push(...(status?.problems ?? []));
  const named = identity === undefined ? {} : { identity };
  if (problems.some((problem) => problem.severity === 'error') || checkedMeta.value === undefined)
    return { ...named, problems };
  const { namespace = DEFAULT_NAMESPACE, ...meta } = checkedMeta.value;
  const object = {
    apiVersion,
    kind: declaration.kind,
    metadata: declaration.scope === 'cluster' ? meta : { ...meta, namespace },
    spec: spec?.value,
    ...(status === undefined ? {} : { status: status.value }),
  } as unknown as AnyObject;
  return { ...named, object, problems };
}

/** What stands for the spec: the field of that name, or those fields at the root that the declaration names. */
function specOf(
  declaration: KindDeclaration,
  value: Readonly<Record<string, unknown>>,
): { readonly fields?: readonly string[]; readonly given: unknown; readonly path: readonly string[] } {
  const { node } = declaration.spec;
  if (declaration.specAtRoot !== true || node.type !== 'object') {
    return { given: value['spec'] ?? (declaration.specOptional === true ? {} : undefined), path: ['spec'] };
  }
  const fields = Object.keys(node.fields);
  const given = Object.fromEntries(Object.entries(value).filter(([key]) => fields.includes(key)));
  return { fields, given, path: [] };
}

const TOP_LEVEL: readonly string[] = ['apiVersion', 'kind', 'metadata', 'spec', 'status'];

function checkNames(declaration: KindDeclaration, metadata: unknown, problems: FieldProblem[]): void {
  const { name, namespace } = isMapping(metadata) ? metadata : {};
  const say = (field: string, message: string): void => {
    problems.push({ code: 'invalid-name', severity: 'error', path: ['metadata', field], message });
  };
  if (name === undefined || name === null || name === '')
    say('name', '"name" is missing, wanted the name of the object');
  else if (typeof name === 'string') {
    const wanted = (declaration.nameFormat ?? dnsSubdomain).check(name);
    if (wanted !== undefined) say('name', `found "${name.slice(0, 80)}", wanted ${wanted}`);
  }
  if (typeof namespace !== 'string' || namespace === '') return;
  if (declaration.scope === 'cluster') {
    say('namespace', `found "${namespace.slice(0, 80)}", wanted none: a ${declaration.kind} lives outside namespaces`);
    return;
  }
  const wanted = dnsLabel.check(namespace);
  if (wanted !== undefined) say('namespace', `found "${namespace.slice(0, 80)}", wanted ${wanted}`);
}

/** A kind that is recognised without being obeyed, or one that nobody knows. */
function parseUndeclared(apiVersion: string, kind: string, value: Readonly<Record<string, unknown>>): ParseResult {
  const recognised = undeclaredKinds.find((known) => known.kind === kind && apiVersionsOf(known).includes(apiVersion));
  const identity = identityOf(kind, value['metadata'], 'namespaced');
  const known = identity === undefined ? {} : { identity };
  if (recognised?.concern === 'not-applied') {
    const message = `kind "${kind}" of "${apiVersion}" is recognised but not applied yet`;
    return { ...known, problems: [{ code: 'kind-not-applied', severity: 'warning', path: ['kind'], message }] };
  }
  if (recognised !== undefined) {
    const message = `kind "${kind}" of "${apiVersion}" means nothing to a mesh and is left out`;
    return { ...known, problems: [{ code: 'kind-without-meaning', severity: 'info', path: ['kind'], message }] };
  }
  return { ...known, problems: [unknownKind(apiVersion, kind)] };
}

function unknownKind(apiVersion: string, kind: string): FieldProblem {
  const all: readonly Pick<KnownKind, 'kind' | 'group' | 'versions'>[] = [...Object.values(kinds), ...undeclaredKinds];
  const versions = all.filter((known) => known.kind === kind).flatMap(apiVersionsOf);
  if (versions.length > 0) {
    const near = suggest(apiVersion, versions) ?? versions[0];
    return {
      code: 'unknown-kind',
      severity: 'error',
      path: ['apiVersion'],
      message: `found kind "${kind}" with apiVersion "${apiVersion.slice(0, 80)}", wanted ${versions.join(', ')}`,
      ...(near === undefined ? {} : { suggestion: near }),
    };
  }
  // Kinds of the group that was named come first: with equal distance the first candidate wins.
  const ofGroup = all.filter((known) => apiVersionsOf(known).includes(apiVersion));
  const near = suggest(
    kind,
    [...ofGroup, ...all].map((known) => known.kind),
  );
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return {
    code: 'unknown-kind',
    severity: 'error',
    path: ['kind'],
    message: `unknown kind "${kind.slice(0, 80)}" of "${apiVersion.slice(0, 80)}"${hint}`,
    ...(near === undefined ? {} : { suggestion: near }),
  };
}

function identityOf(kind: string, metadata: unknown, scope: 'namespaced' | 'cluster'): ObjectIdentity | undefined {
  if (!isMapping(metadata)) return undefined;
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '') return undefined;
  const home = typeof namespace === 'string' && namespace !== '' ? namespace : DEFAULT_NAMESPACE;
  return { kind, namespace: scope === 'cluster' ? '' : home, name };
}

function refused(code: FieldProblem['code'], path: FieldProblem['path'], message: string): ParseResult {
  return { problems: [{ code, severity: 'error', path, message }] };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return `a ${typeof value}`;
}
