/** Negative, zero or positive, for a total order: no two items of a list may be equal in it. */
export type Compare<Item> = (a: Item, b: Item) => number;

/**
 * A sorted list without some items and with others. For few changes of a long list it costs a copy of pointers and a search for each.
 * `removed` may hold items that are not there.
 */
export function patchSorted<Item>(
  sorted: readonly Item[],
  removed: readonly Item[],
  added: readonly Item[],
  compare: Compare<Item>,
): readonly Item[] {
  if (removed.length + added.length === 0) return sorted;
  if (removed.length + added.length > 16 + sorted.length / 16) {
    const gone = new Set(removed);
    return [...sorted.filter((item) => !gone.has(item)), ...added].sort(compare);
  }
  const items = [...sorted];
  for (const item of removed) {
    const at = positionIn(items, item, compare);
    if (items[at] === item) items.splice(at, 1);
  }
  for (const item of added) items.splice(positionIn(items, item, compare), 0, item);
  return items;
}

/** Where an item stands in a sorted list, or would. */
export function positionIn<Item>(sorted: readonly Item[], item: Item, compare: Compare<Item>): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(sorted[middle] as Item, item) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
