import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonInSlices } from './json-in-slices.ts';

test('is what JSON.stringify gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 9 }), fc.constantFrom(0, 2), async (value, indent) => {
      expect(await jsonInSlices(value, indent)).toBe(JSON.stringify(value, null, indent));
    }),
  );
});

test.each([
  [{ a: undefined, b: [undefined], c: new Date(0), d: {}, e: [] }],
  [undefined],
  [{ deep: [[[[[[[[{ x: 1, text: 'two\nlines' }]]]]]]]] }],
])('writes %j as JSON.stringify does', async (value) => {
  for (const indent of [0, 2]) {
    expect(await jsonInSlices(value, indent)).toBe(JSON.stringify(value, null, indent) ?? 'null');
  }
});

test('makes the items of an iterable as it writes them', async () => {
  const items = function* () {
    yield { a: 1 };
    yield [2];
  };
  expect(await jsonInSlices(items(), 2)).toBe(JSON.stringify([...items()], null, 2));
});

test('lets others have their turn while it writes much', async () => {
  const much = Array.from({ length: 200_000 }, (_, index) => ({ name: `service-${index}`, ports: [index, index + 1] }));
  let turns = 0;
  let isDone = false;
  const count = () => {
    turns += 1;
    if (!isDone) setTimeout(count, 0);
  };
  setTimeout(count, 0);
  await jsonInSlices({ configs: [much] });
  isDone = true;
  expect(turns).toBeGreaterThan(2);
});
