import type { Continued, Memo } from '../memo.ts';
import { sameItems } from '../memo.ts';

/** A stage for `memo.evolve`: the items of all lists, one after another; the same list as before if they are the same. */
export function joinLists<Item>(
  _memo: Memo,
  before: Continued<readonly [readonly (readonly Item[])[]], readonly Item[]> | undefined,
  lists: readonly (readonly Item[])[],
): readonly Item[] {
  const joined: Item[] = [];
  for (const list of lists) for (const item of list) joined.push(item);
  return before !== undefined && sameItems(before.result, joined) ? before.result : joined;
}
