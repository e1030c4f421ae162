import type { KindName, ObjectOf } from '@heddle/api';
import type { Diagnostic } from './diagnostic.ts';
import type { FieldPath } from './field-path.ts';
import {
  findObject,
  indexKind,
  type KindIndex,
  type ObjectChange,
  patchKind,
  type RepeatedObject,
} from './kind-index.ts';
import { inputChanges } from './object-changes.ts';
import { NO_PLUGIN_MODULES, type PluginModules, samePluginModules } from './plugin-module.ts';
import { compareText, type ResourceRef, refKey } from './resource-ref.ts';
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
  static readonly empty: MeshSnapshot = new MeshSnapshot([], new Map(), [], [], NO_PLUGIN_MODULES);

  /** What it was made of, in order of precedence: the next snapshot is made from what differs. */
  readonly #input: readonly SourcedObject[];
  readonly #kinds: ReadonlyMap<string, KindIndex>;
  #origins: ReadonlyMap<string, ObjectOrigin> | undefined;
  /** What reading the sources found wrong. */
  readonly diagnostics: readonly Diagnostic[];
  /** Objects left out because another of the same kind, namespace and name stands before them; ordered by kind and name. */
  readonly repeated: readonly RepeatedObject[];
  /** The modules of WasmPlugins, as far as somebody looked after them. */
  readonly pluginModules: PluginModules;

  private constructor(
    input: readonly SourcedObject[],
    kinds: ReadonlyMap<string, KindIndex>,
    repeated: readonly RepeatedObject[],
    diagnostics: readonly Diagnostic[],
    pluginModules: PluginModules,
  ) {
    this.#input = input;
    this.#kinds = kinds;
    this.repeated = repeated;
    this.diagnostics = diagnostics;
    this.pluginModules = pluginModules;
  }

  /**
   * A snapshot of exactly these objects, sharing with `previous` every object, and every kind, that is deeply equal. Input order
   * does not matter; of two objects with the same kind, namespace and name the first is kept (the second is among {@link repeated}).
   * Objects that are the same as in `previous` cost a comparison of pointers, and a change what it concerns.
   */
  static of(
    objects: Iterable<SourcedObject>,
    options: { readonly previous?: MeshSnapshot; readonly diagnostics?: readonly Diagnostic[] } = {},
  ): MeshSnapshot {
    const { previous = MeshSnapshot.empty, diagnostics = NO_DIAGNOSTICS } = options;
    const input = [...objects];
    const { removed, added, moved } = inputChanges(previous.#input, input);
    if (removed.length + added.length === 0 && !moved && input.length === previous.#input.length)
      return previous.withDiagnostics(diagnostics);
    const patched = patchKinds(previous, previous.#kinds, removed, added);
    const { kinds, repeated } = patched ?? indexKinds(input, previous.#kinds);
    return new MeshSnapshot(input, kinds, repeated, diagnostics, previous.pluginModules);
  }

  /** The same configuration with other diagnostics. */
  withDiagnostics(diagnostics: readonly Diagnostic[]): MeshSnapshot {
    if (diagnostics === this.diagnostics || diagnostics.length + this.diagnostics.length === 0) return this;
    return new MeshSnapshot(this.#input, this.#kinds, this.repeated, diagnostics, this.pluginModules);
  }

  /** The same objects with other modules for their plugins. */
  withPluginModules(pluginModules: PluginModules): MeshSnapshot {
    if (samePluginModules(pluginModules, this.pluginModules)) return this;
    return new MeshSnapshot(this.#input, this.#kinds, this.repeated, this.diagnostics, pluginModules);
  }

  /** All objects of a kind, ordered by namespace and name; the same array as long as none of them changes. */
  list<K extends KindName>(kind: K): readonly ObjectOf<K>[] {
    return (this.#kinds.get(kind)?.list ?? []) as readonly unknown[] as readonly ObjectOf<K>[];
  }

  /** The objects of a kind in one namespace, ordered by name; the same array as long as none of them changes. */
  inNamespace<K extends KindName>(kind: K, namespace: string): readonly ObjectOf<K>[] {
    return (this.#kinds.get(kind)?.byNamespace.get(namespace) ?? []) as readonly unknown[] as readonly ObjectOf<K>[];
  }

  /** The objects of a kind by namespace; the same map as long as none of them changes. */
  byNamespace<K extends KindName>(kind: K): ReadonlyMap<string, readonly ObjectOf<K>[]> {
    const found = this.#kinds.get(kind)?.byNamespace ?? NO_NAMESPACES;
    return found as ReadonlyMap<string, readonly unknown[]> as ReadonlyMap<string, readonly ObjectOf<K>[]>;
  }

  /** One object, or undefined. `namespace` is empty for cluster-scoped kinds. */
  get<K extends KindName>(kind: K, namespace: string, name: string): ObjectOf<K> | undefined {
    const index = this.#kinds.get(kind);
    const found = index === undefined ? undefined : findObject(index.list, namespace, name);
    return found as unknown as ObjectOf<K> | undefined;
  }

  /** Where a field of an object stands in its file; the nearest enclosing place if the field itself is not written. */
  locate(ref: ResourceRef, path: FieldPath = []): SourceRange | undefined {
    return this.#originsByKey().get(refKey(ref))?.locate(path);
  }

  /** The diagnostic with its place in a file, where that is known. */
  located(found: Diagnostic): Diagnostic {
    if (found.range !== undefined || found.resource === undefined) return found;
    const range = this.locate(found.resource, found.path);
    return range === undefined ? found : { ...found, range };
  }

  /** Every object with its origin, ordered by kind, namespace, name. */
  *objects(): Iterable<SourcedObject> {
    const origins = this.#originsByKey();
    for (const { list } of this.#kinds.values()) {
      for (const object of list) {
        const origin = origins.get(refKey(refOf(object)));
        yield origin === undefined ? { object } : { object, origin };
      }
    }
  }

  /** How many objects there are of each kind, in the order of their names. */
  counts(): ReadonlyMap<string, number> {
    return new Map([...this.#kinds].map(([kind, index]) => [kind, index.list.length]));
  }

  /** The same objects, with the same modules, as in the other snapshot, whatever their lines and diagnostics. */
  sameObjects(other: MeshSnapshot): boolean {
    if (!samePluginModules(this.pluginModules, other.pluginModules)) return false;
    if (this.#kinds === other.#kinds) return true;
    if (this.#kinds.size !== other.#kinds.size) return false;
    for (const [kind, index] of this.#kinds) if (other.#kinds.get(kind) !== index) return false;
    return true;
  }

  /** Made when somebody first asks: a change is served without it. */
  #originsByKey(): ReadonlyMap<string, ObjectOrigin> {
    if (this.#origins === undefined) {
      const origins = new Map<string, ObjectOrigin>();
      const repeated = new Set(this.repeated.map((one) => one.repeated));
      for (const sourced of this.#input) {
        if (sourced.origin !== undefined && !repeated.has(sourced))
          origins.set(refKey(refOf(sourced.object)), sourced.origin);
      }
      this.#origins = origins;
    }
    return this.#origins;
  }
}

const NO_NAMESPACES: ReadonlyMap<string, readonly AnyMeshObject[]> = new Map();
const NO_DIAGNOSTICS: readonly Diagnostic[] = [];

/** Indexes all objects anew, sharing what is equal. */
function indexKinds(
  input: readonly SourcedObject[],
  previous: ReadonlyMap<string, KindIndex>,
): { readonly kinds: ReadonlyMap<string, KindIndex>; readonly repeated: readonly RepeatedObject[] } {
  const byKind = Map.groupBy(input, ({ object }): string => object.kind);
  const repeated: RepeatedObject[] = [];
  const kinds = new Map<string, KindIndex>();
  for (const [kind, sourced] of [...byKind].sort(([a], [b]) => compareText(a, b)))
    kinds.set(kind, indexKind(sourced, previous.get(kind), repeated));
  return { kinds, repeated };
}

/**
 * Applies changes to the kinds they concern. Undefined where more than the change itself must be looked at: which of several objects
 * of one name is used depends on their order.
 */
function patchKinds(
  { repeated }: MeshSnapshot,
  previous: ReadonlyMap<string, KindIndex>,
  removed: readonly SourcedObject[],
  added: readonly SourcedObject[],
): { readonly kinds: ReadonlyMap<string, KindIndex>; readonly repeated: readonly RepeatedObject[] } | undefined {
  // With most of the objects changed, patching would be the longer way.
  const many = removed.length + added.length > 64 + countOf(previous) / 8;
  if (many || repeated.length > 0) return undefined;
  const changes = new Map<string, ObjectChange & { readonly kind: string }>();
  for (const { object } of removed) {
    const ref = refOf(object);
    changes.set(refKey(ref), { ...ref, object: undefined });
  }
  for (const { object } of added) {
    const ref = refOf(object);
    const key = refKey(ref);
    const before = changes.get(key);
    const taken = before === undefined ? findIn(previous, ref) !== undefined : before.object !== undefined;
    if (taken) return undefined;
    changes.set(key, { ...ref, object });
  }
  const kinds = new Map(previous);
  for (const [kind, ofKind] of Map.groupBy(changes.values(), (change) => change.kind)) {
    const index = patchKind(previous.get(kind) ?? NO_OBJECTS, ofKind);
    if (index.list.length === 0) kinds.delete(kind);
    else kinds.set(kind, index);
  }
  return { kinds: new Map([...kinds].sort(([a], [b]) => compareText(a, b))), repeated };
}

function countOf(kinds: ReadonlyMap<string, KindIndex>): number {
  let count = 0;
  for (const { list } of kinds.values()) count += list.length;
  return count;
}

const NO_OBJECTS: KindIndex = { list: [], byNamespace: new Map() };

function findIn(
  kinds: ReadonlyMap<string, KindIndex>,
  { kind, namespace, name }: ResourceRef,
): AnyMeshObject | undefined {
  const index = kinds.get(kind);
  return index === undefined ? undefined : findObject(index.list, namespace, name);
}
