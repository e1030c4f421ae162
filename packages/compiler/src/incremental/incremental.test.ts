import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupItems, patchGroups } from './groups.ts';
import { changedItems, listChanges } from './list-changes.ts';
import { PatchedMap } from './patched-map.ts';
import { patchSorted } from './sorted-list.ts';

const numbers = fc.uniqueArray(fc.nat(300), { maxLength: 120 });
const byNumber = (a: number, b: number): number => a - b;

describe('listChanges', () => {
  test('putting the changes into the old list gives the new one', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { maxLength: 12 }), fc.array(fc.nat(5), { maxLength: 12 }), (before, after) => {
        const built: number[] = [];
        let taken = 0;
        for (const { startBefore, endBefore, startAfter, endAfter } of listChanges(before, after)) {
          built.push(...before.slice(taken, startBefore), ...after.slice(startAfter, endAfter));
          taken = endBefore;
        }
        expect([...built, ...before.slice(taken)]).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['nothing', [1, 2, 3], [1, 2, 3], [], []],
    ['one replaced', [1, 2, 3], [1, 9, 3], [2], [9]],
    ['two replaced, far apart', [1, 2, 3, 4], [8, 2, 3, 9], [1, 4], [8, 9]],
    ['one inserted', [1, 3], [1, 2, 3], [], [2]],
    ['one removed', [1, 2, 3], [1, 3], [2], []],
    ['all', [1, 2], [], [1, 2], []],
  ])('changedItems names what went and came: %s', (_title, before, after, removed, added) => {
    expect(changedItems(before, after)).toEqual({ removed, added });
  });
});

test('patchSorted gives what sorting anew gives, for few changes and many', () => {
  fc.assert(
    fc.property(numbers, numbers, (before, after) => {
      const sorted = before.toSorted(byNumber);
      const removed = before.filter((item) => !after.includes(item));
      const added = after.filter((item) => !before.includes(item));
      expect(patchSorted(sorted, removed, added, byNumber)).toEqual(after.toSorted(byNumber));
      expect(sorted).toEqual(before.toSorted(byNumber));
    }),
    { numRuns: 300 },
  );
});

test('PatchedMap is the map that the same changes give a plain one, and its forebears stay as they were', () => {
  const change = fc.tuple(fc.nat(200).map(String), fc.option(fc.nat(), { nil: undefined }));
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 60 }), { maxLength: 12 }), (rounds) => {
      const plain = new Map<string, number>();
      let patched = PatchedMap.of<number>(new Map());
      for (const round of rounds) {
        const forebear = patched;
        const was = [...forebear];
        const changes = new Map(round);
        patched = patched.with(changes);
        for (const [key, value] of changes) {
          if (value === undefined) plain.delete(key);
          else plain.set(key, value);
        }
        expect(new Map(patched)).toEqual(plain);
        expect(patched.size).toBe(plain.size);
        expect([...patched.keys()]).toEqual([...plain.keys()].sort());
        expect([...forebear]).toEqual(was);
        for (let key = 0; key <= 200; key++) expect(patched.get(String(key))).toBe(plain.get(String(key)));
      }
    }),
    { numRuns: 100 },
  );
});

test('patchGroups gives what grouping anew gives, and leaves groups alone that no change names', () => {
  interface Item {
    readonly id: number;
    readonly keys: readonly string[];
  }
  const compare = (a: Item, b: Item): number => a.id - b.id;
  const keysOf = ({ keys }: Item): readonly string[] => keys;
  const items = fc.uniqueArray(
    fc.record({ id: fc.nat(40), keys: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }) }),
    { maxLength: 30, selector: ({ id }) => id },
  );
  fc.assert(
    fc.property(items, fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 10 }), (before, flips) => {
      const groups = groupItems(before, keysOf, compare);
      const flipped = new Map(flips);
      const removed = before.filter(({ id }) => flipped.has(id));
      const added = removed.flatMap(({ id, keys }) => (flipped.get(id) ? [{ id, keys: keys.slice(1) }] : []));
      const after = patchGroups(groups, removed, added, keysOf, compare);
      const all = [...before.filter((item) => !removed.includes(item)), ...added];
      expect([...after]).toEqual([...groupItems(all, keysOf, compare)]);
      const named = new Set([...removed, ...added].flatMap(keysOf));
      for (const [key, group] of groups) if (!named.has(key)) expect(after.get(key)).toBe(group);
    }),
    { numRuns: 300 },
  );
});
