/** A stretch in which two lists differ: `before` from `startBefore` to `endBefore` became `after` from `startAfter` to `endAfter`. */
export interface ListChange {
  readonly startBefore: number;
  readonly endBefore: number;
  readonly startAfter: number;
  readonly endAfter: number;
}

/**
 * Where two lists differ, by identity of their items. Items that stayed cost a comparison of pointers. Lists of equal length are compared
 * place by place; of others everything between the common beginning and the common end counts as different.
 */
export function listChanges(before: readonly unknown[], after: readonly unknown[]): readonly ListChange[] {
  if (before === after) return [];
  let [start, endBefore, endAfter] = [0, before.length, after.length];
  const shorter = Math.min(endBefore, endAfter);
  while (start < shorter && before[start] === after[start]) start++;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }
  if (endBefore === start && endAfter === start) return [];
  if (endBefore !== endAfter) return [{ startBefore: start, endBefore, startAfter: start, endAfter }];
  const changes: ListChange[] = [];
  for (let index = start; index < endAfter; index++) {
    if (before[index] === after[index]) continue;
    let end = index + 1;
    while (end < endAfter && before[end] !== after[end]) end++;
    changes.push({ startBefore: index, endBefore: end, startAfter: index, endAfter: end });
    index = end;
  }
  return changes;
}

/** The items that went and those that came. Items that only moved are in both. */
export function changedItems<Item>(
  before: readonly Item[],
  after: readonly Item[],
): { readonly removed: readonly Item[]; readonly added: readonly Item[] } {
  const removed: Item[] = [];
  const added: Item[] = [];
  for (const { startBefore, endBefore, startAfter, endAfter } of listChanges(before, after)) {
    for (let index = startBefore; index < endBefore; index++) removed.push(before[index] as Item);
    for (let index = startAfter; index < endAfter; index++) added.push(after[index] as Item);
  }
  return { removed, added };
}

/** For each item of the new list its position in the old one, or -1 where the lists differ. */
export function alignLists(before: readonly unknown[], after: readonly unknown[]): Int32Array {
  const positions = new Int32Array(after.length).fill(-1);
  let [from, to] = [0, 0];
  for (const { startAfter, endBefore, endAfter } of listChanges(before, after)) {
    while (to < startAfter) positions[to++] = from++;
    [from, to] = [endBefore, endAfter];
  }
  while (to < after.length) positions[to++] = from++;
  return positions;
}
