import type { KindName, ObjectOf } from '@heddle/api';
import type { Diagnostic } from './diagnostic.ts';
import type { FieldPath } from './field-path.ts';
import { compareRefs, compareText, type ResourceRef, refKey } from './resource-ref.ts';
import type { SourceRange } from './source-range.ts';

/** Any object of a kind that Heddle declares. */
export type AnyMeshObject = { readonly [K in KindName]: ObjectOf<K> }[KindName];

/** Finds the place of a field in the text an object was read from; the nearest enclosing place if the field is not written there. */
export interface ObjectOrigin {
  locate(path: FieldPath): SourceRange | undefined;
}

/** An object with the place it was read from, if it was read from text. */
export interface SourcedObject {
  readonly object: AnyMeshObject;
  readonly origin?: ObjectOrigin;
}

/** What names an object: cluster-scoped kinds have no namespace. */
export function refOf(object: AnyMeshObject): ResourceRef {
  return {
    kind: object.kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
  };
}

/**
 * All configuration at one moment: immutable and structurally shared. Between two snapshots made from one another, an object whose
 * content did not change is the same JavaScript object, and so is the list of a kind of which none changed: consumers may use
 * identity as "unchanged", which is what the compiler's cache does. Origins (files, lines) and diagnostics stand beside the
 * objects, so text that moves without meaning something else changes no object.
 */
export class MeshSnapshot {
  static readonly empty: MeshSnapshot = new MeshSnapshot(new Map(), new Map(), []);

  readonly #kinds: ReadonlyMap<string, KindIndex>;
  readonly #origins: ReadonlyMap<string, ObjectOrigin>;
  /** What reading the sources found wrong. */
  readonly diagnostics: readonly Diagnostic[];

  private constructor(
    kinds: ReadonlyMap<string, KindIndex>,
    origins: ReadonlyMap<string, ObjectOrigin>,
    diagnostics: readonly Diagnostic[],
  ) {
    this.#kinds = kinds;
    this.#origins = origins;
    this.diagnostics = diagnostics;
  }

  /**
   * A snapshot of exactly these objects, sharing with `previous` every object, and every kind, that is deeply equal. Input order
   * does not matter; of two objects with the same kind, namespace and name the first is kept (sources report the second).
   */
  static of(
    objects: Iterable<SourcedObject>,
    options: { readonly previous?: MeshSnapshot; readonly diagnostics?: readonly Diagnostic[] } = {},
  ): MeshSnapshot {
    const previous = options.previous ?? MeshSnapshot.empty;
    const byKind = new Map<string, Map<string, AnyMeshObject>>();
    const origins = new Map<string, ObjectOrigin>();
    for (const { object, origin } of objects) {
      const ref = refOf(object);
      const key = refKey(ref);
      const kind = byKind.get(ref.kind) ?? new Map<string, AnyMeshObject>();
      if (kind.has(key)) continue;
      byKind.set(ref.kind, kind);
      kind.set(key, shared(previous.#kinds.get(ref.kind)?.byKey.get(key), object));
      if (origin !== undefined) origins.set(key, origin);
    }
    const kinds = new Map<string, KindIndex>();
    const ordered = [...byKind].sort(([a], [b]) => compareText(a, b));
    for (const [kind, byKey] of ordered) kinds.set(kind, sharedIndex(previous.#kinds.get(kind), byKey));
    const diagnostics = options.diagnostics ?? [];
    if (sameEntries(previous.#kinds, kinds) && previous.diagnostics === diagnostics && origins.size === 0)
      return previous;
    return new MeshSnapshot(kinds, origins, diagnostics);
  }

  /** All objects of a kind, ordered by namespace and name; the same array as long as none of them changes. */
  list<K extends KindName>(kind: K): readonly ObjectOf<K>[] {
    return (this.#kinds.get(kind)?.list ?? []) as readonly unknown[] as readonly ObjectOf<K>[];
  }

  /** The objects of a kind in one namespace, ordered by name; the same array as long as none of them changes. */
  inNamespace<K extends KindName>(kind: K, namespace: string): readonly ObjectOf<K>[] {
    return (this.#kinds.get(kind)?.byNamespace.get(namespace) ?? []) as readonly unknown[] as readonly ObjectOf<K>[];
  }

  /** One object, or undefined. `namespace` is empty for cluster-scoped kinds. */
  get<K extends KindName>(kind: K, namespace: string, name: string): ObjectOf<K> | undefined {
    const found = this.#kinds.get(kind)?.byKey.get(refKey({ kind, namespace, name }));
    return found as unknown as ObjectOf<K> | undefined;
  }

  /** Where a field of an object stands in its file; the nearest enclosing place if the field itself is not written. */
  locate(ref: ResourceRef, path: FieldPath = []): SourceRange | undefined {
    return this.#origins.get(refKey(ref))?.locate(path);
  }

  /** The diagnostic with its place in a file, where that is known. */
  located(found: Diagnostic): Diagnostic {
    if (found.range !== undefined || found.resource === undefined) return found;
    const range = this.locate(found.resource, found.path);
    return range === undefined ? found : { ...found, range };
  }

  /** Every object with its origin, ordered by kind, namespace, name. */
  *objects(): Iterable<SourcedObject> {
    const all = [...this.#kinds.values()].flatMap((kind) => kind.list);
    for (const object of all.sort((a, b) => compareRefs(refOf(a), refOf(b)))) {
      const origin = this.#origins.get(refKey(refOf(object)));
      yield origin === undefined ? { object } : { object, origin };
    }
  }

  /** How many objects there are of each kind, in the order of their names. */
  counts(): ReadonlyMap<string, number> {
    return new Map([...this.#kinds].map(([kind, index]) => [kind, index.list.length]));
  }

  /** The same objects as in the other snapshot, whatever their lines and diagnostics. */
  sameObjects(other: MeshSnapshot): boolean {
    return sameEntries(this.#kinds, other.#kinds);
  }
}

interface KindIndex {
  readonly byKey: ReadonlyMap<string, AnyMeshObject>;
  readonly list: readonly AnyMeshObject[];
  readonly byNamespace: ReadonlyMap<string, readonly AnyMeshObject[]>;
}

function sharedIndex(previous: KindIndex | undefined, byKey: ReadonlyMap<string, AnyMeshObject>): KindIndex {
  if (previous !== undefined && sameEntries(previous.byKey, byKey)) return previous;
  const list = [...byKey.values()].sort((a, b) => compareRefs(refOf(a), refOf(b)));
  const byNamespace = new Map<string, AnyMeshObject[]>();
  for (const object of list) {
    const namespace = object.metadata.namespace ?? '';
    const members = byNamespace.get(namespace) ?? [];
    members.push(object);
    byNamespace.set(namespace, members);
  }
  for (const [namespace, members] of byNamespace) {
    const before = previous?.byNamespace.get(namespace);
    if (before !== undefined && sameItems(before, members)) byNamespace.set(namespace, before as AnyMeshObject[]);
  }
  return { byKey, list, byNamespace };
}

function sameEntries<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

/**
 * `next`, with every part that is deeply equal to the same part of `previous` replaced by it, so that a change of one field leaves
 * its siblings identical. Key order does not count.
 */
function shared<T>(previous: T | undefined, next: T): T {
  if (previous === undefined || Object.is(previous, next)) return next;
  if (Array.isArray(previous) && Array.isArray(next)) {
    const items = next.map((item, index) => shared(previous[index], item));
    return sameItems(previous, items) ? previous : (items as T);
  }
  if (isPlainObject(previous) && isPlainObject(next)) {
    const keys = Object.keys(next);
    const entries = keys.map((key) => [
      key,
      shared(Object.hasOwn(previous, key) ? previous[key] : undefined, next[key]),
    ]);
    const same =
      keys.length === Object.keys(previous).length &&
      entries.every(([key, value]) => Object.hasOwn(previous, key as string) && previous[key as string] === value);
    return same ? previous : (Object.fromEntries(entries) as T);
  }
  return next;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
