import { describe, expect, test } from 'vitest';
import { NameList, NameLists } from './name-list.ts';
import { SubscribedNames } from './subscribed-names.ts';

describe('NameLists', () => {
  test('equal names are one list', () => {
    const lists = new NameLists(2);
    const list = lists.find(['a', 'b', 'c']);
    expect(list?.names).toEqual(['a', 'b', 'c']);
    expect(lists.find(['a', 'b', 'c'])).toBe(list);
    expect(lists.find(['a', 'x', 'c'])).not.toBe(list);
    expect(lists.find(['a', 'b', 'c'])).toBe(list);
  });

  test.each([
    ['few names', ['a']],
    ['a name twice', ['a', 'b', 'a']],
    ['the wildcard', ['a', '*']],
    ['too many names', ['a', 'b', 'c', 'd', 'e']],
  ])('%s are no list', (_what, names) => {
    expect(new NameLists(2, 4).find(names)).toBeUndefined();
  });

  test('forgets what was not used for long', () => {
    const lists = new NameLists(2, 4);
    const first = lists.find(['a', 'b']);
    const second = lists.find(['c', 'd']);
    expect(lists.find(['a', 'b'])).toBe(first);
    lists.find(['e', 'f']);
    expect(lists.find(['a', 'b'])).toBe(first);
    expect(lists.find(['c', 'd'])).not.toBe(second);
  });
});

describe('SubscribedNames', () => {
  const [ab, cd, bc] = [new NameList(['a', 'b']), new NameList(['c', 'd']), new NameList(['b', 'c'])];

  test('holds lists and single names, each name once', () => {
    const names = new SubscribedNames();
    names.add('x');
    names.add('x');
    expect([names.addList(ab), names.addList(cd), names.addList(bc), names.addList(ab)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    names.add('a');
    expect([...names]).toEqual(['x', 'a', 'b', 'c', 'd']);
    expect(names.size).toBe(5);
    expect(['a', 'd', 'x', 'y'].map((name) => names.has(name))).toEqual([true, true, true, false]);
    expect(new SubscribedNames().addList(new NameList(['x']))).toBe(true);
    expect(names.addList(new NameList(['x', 'y'])), 'with a single name in it').toBe(false);
  });

  test('takes a list apart when one of its names goes', () => {
    const names = new SubscribedNames();
    names.addList(ab);
    names.addList(cd);
    expect(names.delete('a')).toEqual({ found: true, dissolved: ab });
    expect(names.delete('a')).toEqual({ found: false });
    expect([...names].sort()).toEqual(['b', 'c', 'd']);
    expect([names.size, names.lists, [...names.single]]).toEqual([3, [cd], ['b']]);
    expect(names.delete('b')).toEqual({ found: true });
  });
});
