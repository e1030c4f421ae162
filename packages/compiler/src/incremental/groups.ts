import { PatchedMap } from './patched-map.ts';
import { type Compare, patchSorted } from './sorted-list.ts';

/** Items by key, each group in order. A group without changes is the same list as before. */
export type Groups<Item> = PatchedMap<readonly Item[]>;

/** Puts items into the groups that `keysOf` names; `compare` orders each group. */
export function groupItems<Item>(
  items: readonly Item[],
  keysOf: (item: Item) => Iterable<string>,
  compare: Compare<Item>,
): Groups<Item> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    for (const key of keysOf(item)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
  }
  for (const group of groups.values()) if (group.length > 1) group.sort(compare);
  return PatchedMap.of<readonly Item[]>(groups);
}

/** The groups after some items went and others came: only the groups that these name are made anew. */
export function patchGroups<Item>(
  groups: Groups<Item>,
  removed: readonly Item[],
  added: readonly Item[],
  keysOf: (item: Item) => Iterable<string>,
  compare: Compare<Item>,
): Groups<Item> {
  const changes = new Map<string, { readonly removed: Item[]; readonly added: Item[] }>();
  const changeOf = (key: string): { readonly removed: Item[]; readonly added: Item[] } => {
    let change = changes.get(key);
    if (change === undefined) {
      change = { removed: [], added: [] };
      changes.set(key, change);
    }
    return change;
  };
  for (const item of removed) for (const key of keysOf(item)) changeOf(key).removed.push(item);
  for (const item of added) for (const key of keysOf(item)) changeOf(key).added.push(item);
  const patch = new Map<string, readonly Item[] | undefined>();
  for (const [key, change] of changes) {
    const group = patchSorted(groups.get(key) ?? [], change.removed, change.added, compare);
    patch.set(key, group.length === 0 ? undefined : group);
  }
  return groups.with(patch);
}
