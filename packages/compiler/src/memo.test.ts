import { describe, expect, test } from 'vitest';
import { createMemo, ENTRIES_PER_OWNER, type Memo, noMemo } from './memo.ts';

/** A stage that tells how often it ran. */
function counting(): {
  readonly stage: (memo: Memo, owner: object, ...rest: (string | object)[]) => object;
  runs: number;
} {
  const counter = {
    runs: 0,
    stage: (_memo: Memo, owner: object, ...rest: (string | object)[]) => {
      counter.runs += 1;
      return { owner, rest };
    },
  };
  return counter;
}

describe('createMemo', () => {
  test('run: the same inputs give the same result without running the stage again', () => {
    const memo = createMemo();
    const { stage } = counting();
    const owner = {};
    const part = {};
    expect(memo.run(stage, owner, 'a', part)).toBe(memo.run(stage, owner, 'a', part));
  });

  const owner = {};
  const part = {};
  test.each([
    ['another owner', [{}, 'a', part]],
    ['another text', [owner, 'b', part]],
    ['an equal but other object', [owner, 'a', {}]],
    ['an input less', [owner, 'a']],
    ['an input more', [owner, 'a', part, part]],
  ] as const)('run: %s is another call', (_title, other) => {
    const memo = createMemo();
    const { stage } = counting();
    const first = memo.run(stage, owner, 'a', part);
    expect(memo.run(stage, ...(other as unknown as [object, ...object[]]))).not.toBe(first);
    expect(memo.run(stage, owner, 'a', part)).toBe(first);
  });

  test('run: two stages with the same inputs are kept apart', () => {
    const memo = createMemo();
    expect(memo.run(counting().stage, owner)).not.toBe(memo.run(counting().stage, owner));
  });

  test('run: the inputs used longest ago are forgotten first', () => {
    const memo = createMemo();
    const counter = counting();
    const result = memo.run(counter.stage, owner, 'kept');
    for (let index = 0; index < ENTRIES_PER_OWNER; index++) {
      memo.run(counter.stage, owner, String(index));
      memo.run(counter.stage, owner, 'kept');
    }
    expect(memo.run(counter.stage, owner, 'kept')).toBe(result);
    const before = counter.runs;
    memo.run(counter.stage, owner, '0');
    expect(counter.runs).toBe(before + 1);
  });

  test('latest: keeps one result for each slot', () => {
    const memo = createMemo();
    const counter = counting();
    const first = memo.latest('slot', counter.stage, owner, 'a');
    const other = memo.latest('another slot', counter.stage, owner, 'b');
    expect(memo.latest('slot', counter.stage, owner, 'a')).toBe(first);
    expect(memo.latest('another slot', counter.stage, owner, 'b')).toBe(other);
    expect(memo.latest('slot', counter.stage, owner, 'c')).not.toBe(first);
    expect(memo.latest('slot', counter.stage, owner, 'a')).not.toBe(first);
  });

  test('steady: a new list of the same items is the old list', () => {
    const memo = createMemo();
    const list = memo.steady(owner, 'slot', [part, 'x']);
    expect(memo.steady(owner, 'slot', [part, 'x'])).toBe(list);
    expect(memo.steady(owner, 'slot', ['x', part])).not.toBe(list);
    expect(memo.steady(owner, 'another slot', [part, 'x'])).not.toBe(list);
  });

  test('each: only what came into the list is run, and the same results are the same list', () => {
    const memo = createMemo();
    const counter = counting();
    const items = Array.from({ length: 20 }, () => ({}));
    const first = memo.each(counter.stage, items, 'shared');
    expect(memo.each(counter.stage, [...items], 'shared')).toBe(first);
    expect(counter.runs).toBe(20);
    const added = {};
    const next = memo.each(counter.stage, items.with(7, added), 'shared');
    expect(counter.runs).toBe(21);
    expect(next).toEqual(first.with(7, { owner: added, rest: ['shared'] }));
    expect(next[6]).toBe(first[6]);
    expect(memo.each(counter.stage, items.toSpliced(3, 1), 'shared')).toEqual(first.toSpliced(3, 1));
    expect(memo.each(counter.stage, items, 'another')[0]).toEqual({ owner: items[0], rest: ['another'] });
  });

  test('each: unrelated lists by turns do not run again what they have', () => {
    const memo = createMemo();
    const counter = counting();
    const lists = Array.from({ length: 40 }, () => [{}, {}, {}]);
    const first = lists.map((list) => memo.each(counter.stage, list));
    expect(lists.map((list) => memo.each(counter.stage, [...list]))).toEqual(first);
    expect(counter.runs).toBe(120);
  });

  test('evolve: is given the result for the list before; equal inputs do not run it', () => {
    const memo = createMemo();
    const items = Array.from({ length: 5 }, () => ({}));
    const stage = (
      _memo: Memo,
      before: { readonly result: number } | undefined,
      list: readonly object[],
      _by: string,
    ) => (before?.result ?? 0) * 100 + list.length;
    expect(memo.evolve(stage, items, 'a')).toBe(5);
    expect(memo.evolve(stage, items, 'a')).toBe(5);
    expect(memo.evolve(stage, items.slice(0, 4), 'a')).toBe(504);
    expect(memo.evolve(stage, [{}, {}], 'a')).toBe(2);
    expect(noMemo.evolve(stage, items, 'a')).toBe(5);
  });
});

test('noMemo: runs every stage each time', () => {
  const { stage } = counting();
  expect(noMemo.run(stage, {}, 'a')).toEqual({ owner: {}, rest: ['a'] });
  const owner = {};
  expect(noMemo.run(stage, owner)).not.toBe(noMemo.run(stage, owner));
  expect(noMemo.latest('slot', stage, owner)).not.toBe(noMemo.latest('slot', stage, owner));
});
