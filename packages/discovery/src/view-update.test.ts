import { type ResourcesByName, type XdsResource, xdsResource } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { ChunkPlans } from './chunk.ts';
import { NameList } from './name-list.ts';
import { SubscribedNames } from './subscribed-names.ts';

function resource(name: string, text: string): XdsResource {
  return xdsResource('type.googleapis.com/x.Y', name, new TextEncoder().encode(text));
}

function state(texts: Readonly<Record<string, string>>): ResourcesByName {
  return new Map(Object.entries(texts).map(([name, text]) => [name, resource(name, text)]));
}

function names(lists: readonly NameList[], ...single: string[]): SubscribedNames {
  const subscribed = new SubscribedNames();
  for (const list of lists) subscribed.addList(list);
  for (const name of single) subscribed.add(name);
  return subscribed;
}

describe('ViewUpdate', () => {
  const plans = new ChunkPlans({ maxResponseBytes: 100_000, maxResponseResources: 2 });
  const before = state({ a: '1', b: '1', c: '1', d: '1' });
  const ab = new NameList(['a', 'b']);
  const cd = new NameList(['c', 'd']);
  const NOTHING = names([]);

  test('is made once, and cut as responses', () => {
    const after = state({ a: '2', b: '2', c: '2', d: '1' });
    const update = plans.between(before, after);
    expect(plans.between(before, after)).toBe(update);
    expect(update.chunks.map((chunk) => chunk.names)).toEqual([['a', 'b'], ['c']]);
  });

  test('suits who wants all new versions, by lists, by names or by wildcard', () => {
    const update = plans.between(before, state({ a: '2', b: '1', c: '2', d: '1' }));
    expect(update.suits(true, NOTHING)).toBe(true);
    expect(update.suits(false, names([ab, cd]))).toBe(true);
    expect(update.suits(false, names([ab], 'c'))).toBe(true);
    expect(update.suits(false, names([], 'a', 'c', 'x'))).toBe(true);
    expect(update.suits(false, names([ab]))).toBe(false);
    expect(update.suits(false, names([], 'b', 'd'))).toBe(false);
  });

  test.each([
    ['comes', state({ a: '2', b: '1', c: '1', d: '1', e: '1' }), 'e'],
    ['goes', state({ a: '2', b: '1', c: '1' }), 'd'],
  ])('does not suit who is concerned by what %s', (_what, after, name) => {
    const update = plans.between(before, after);
    expect(update.suits(true, NOTHING)).toBe(false);
    expect(update.suits(false, names([ab], name))).toBe(false);
    expect(update.suits(false, names([ab, new NameList([name, 'y'])]))).toBe(false);
    expect(update.suits(false, names([ab]))).toBe(true);
  });
});
