import type { SourcedObject } from './mesh-snapshot.ts';

/** How one list of objects differs from another. */
export interface InputChanges {
  readonly removed: readonly SourcedObject[];
  readonly added: readonly SourcedObject[];
  /** Some object stands in another place of its text, or in another text. */
  readonly moved: boolean;
}

/**
 * Compares two lists by the identity of their objects. What both begin and end with costs a comparison of pointers for each object; between
 * these, lists of equal length are compared place by place, and of others everything counts as removed and added.
 */
export function inputChanges(before: readonly SourcedObject[], after: readonly SourcedObject[]): InputChanges {
  let moved = false;
  const same = (a: SourcedObject, b: SourcedObject): boolean => {
    if (a === b) return true;
    if (a.object !== b.object) return false;
    moved ||= a.origin !== b.origin;
    return true;
  };
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && same(before[start] as SourcedObject, after[start] as SourcedObject)) start++;
  let [endBefore, endAfter] = [before.length, after.length];
  while (
    endBefore > start &&
    endAfter > start &&
    same(before[endBefore - 1] as SourcedObject, after[endAfter - 1] as SourcedObject)
  ) {
    endBefore--;
    endAfter--;
  }
  if (before.length !== after.length)
    return { removed: before.slice(start, endBefore), added: after.slice(start, endAfter), moved };
  const removed: SourcedObject[] = [];
  const added: SourcedObject[] = [];
  for (let index = start; index < endAfter; index++) {
    const [a, b] = [before[index] as SourcedObject, after[index] as SourcedObject];
    if (same(a, b)) continue;
    removed.push(a);
    added.push(b);
  }
  return { removed, added, moved };
}
