import type { AnyMeshObject, SourcedObject } from './mesh-snapshot.ts';
import { compareText } from './resource-ref.ts';
import { sameItems, shared } from './shared-value.ts';

/**
 * The objects of one kind, found by binary search in their order: unlike a map by name, a list with one change is made from the one
 * before by copying pointers, whatever its length.
 */
export interface KindIndex {
  /** Ordered by namespace and name; each name once. */
  readonly list: readonly AnyMeshObject[];
  readonly byNamespace: ReadonlyMap<string, readonly AnyMeshObject[]>;
}

/** An object that is not used because another of the same kind, namespace and name stands before it. */
export interface RepeatedObject {
  readonly used: SourcedObject;
  readonly repeated: SourcedObject;
}

/** What becomes of one name: another object, a new one, or none. */
export interface ObjectChange {
  readonly namespace: string;
  readonly name: string;
  readonly object: AnyMeshObject | undefined;
}

/** The object of a name, or undefined. */
export function findObject(list: readonly AnyMeshObject[], namespace: string, name: string): AnyMeshObject | undefined {
  const found = list[positionOf(list, namespace, name)];
  return found !== undefined && compareName(found, namespace, name) === 0 ? found : undefined;
}

/** Where an object of this name stands, or would. */
function positionOf(list: readonly AnyMeshObject[], namespace: string, name: string): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareName(list[middle] as AnyMeshObject, namespace, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareName({ metadata }: AnyMeshObject, namespace: string, name: string): number {
  return compareText(metadata.namespace ?? '', namespace) || compareText(metadata.name, name);
}

/**
 * Indexes objects given in order of precedence, sharing with `previous` what is deeply equal. Of several objects with one name the
 * first is used; each of the others is put into `repeated`.
 */
export function indexKind(
  sourced: readonly SourcedObject[],
  previous: KindIndex | undefined,
  repeated: RepeatedObject[],
): KindIndex {
  // Sorting is stable: of several objects with one name the first given is the first met.
  const ordered = [...sourced].sort((a, b) =>
    compareName(a.object, b.object.metadata.namespace ?? '', b.object.metadata.name),
  );
  const list: AnyMeshObject[] = [];
  let used: SourcedObject | undefined;
  for (const one of ordered) {
    const { namespace = '', name } = one.object.metadata;
    if (used !== undefined && compareName(used.object, namespace, name) === 0) {
      repeated.push({ used, repeated: one });
      continue;
    }
    used = one;
    list.push(shared(previous === undefined ? undefined : findObject(previous.list, namespace, name), one.object));
  }
  if (previous !== undefined && sameItems(previous.list, list)) return previous;
  const byNamespace = new Map<string, readonly AnyMeshObject[]>();
  for (let start = 0; start < list.length; ) {
    const namespace = list[start]?.metadata.namespace ?? '';
    const end = endOfNamespace(list, namespace);
    const members = list.slice(start, end);
    const before = previous?.byNamespace.get(namespace);
    byNamespace.set(namespace, before !== undefined && sameItems(before, members) ? before : members);
    start = end;
  }
  return { list, byNamespace };
}

/** The index after some changes, each name once. The same index if nothing is different. */
export function patchKind(previous: KindIndex, changes: readonly ObjectChange[]): KindIndex {
  const effective = changes
    .map(({ namespace, name, object }) => {
      const before = findObject(previous.list, namespace, name);
      return { namespace, name, before, object: object === undefined ? undefined : shared(before, object) };
    })
    .filter(({ before, object }) => before !== object);
  if (effective.length === 0) return previous;
  effective.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
  const list: AnyMeshObject[] = [];
  let taken = 0;
  for (const { namespace, name, before, object } of effective) {
    const at = positionOf(previous.list, namespace, name);
    while (taken < at) list.push(previous.list[taken++] as AnyMeshObject);
    if (before !== undefined) taken++;
    if (object !== undefined) list.push(object);
  }
  while (taken < previous.list.length) list.push(previous.list[taken++] as AnyMeshObject);
  const byNamespace = new Map(previous.byNamespace);
  for (const namespace of new Set(effective.map((change) => change.namespace))) {
    const members = list.slice(positionOf(list, namespace, ''), endOfNamespace(list, namespace));
    if (members.length === 0) byNamespace.delete(namespace);
    else byNamespace.set(namespace, members);
  }
  return { list, byNamespace };
}

/** The position after the last object of a namespace. */
function endOfNamespace(list: readonly AnyMeshObject[], namespace: string): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareText(list[middle]?.metadata.namespace ?? '', namespace) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
