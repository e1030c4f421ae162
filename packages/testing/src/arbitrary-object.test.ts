import { type KindName, kinds, parseObject, type Schema, supportedFields, validate } from '@heddle/api';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryManifest, arbitraryObject } from './arbitrary-object.ts';

const names = Object.keys(kinds) as KindName[];
/** How many objects it takes to see every field: more where policies stand inside policies. */
const RUNS: Readonly<Partial<Record<KindName, number>>> = { DestinationRule: 4_000 };

describe.each(names)('arbitraryObject %s', (kind) => {
  test('gives objects that validate without a word, from the obeyed fields', () => {
    fc.assert(
      fc.property(arbitraryManifest(kind), (manifest) => {
        const { object, problems } = parseObject(manifest);
        expect(problems).toEqual([]);
        expect(object).toBeDefined();
      }),
      { numRuns: 60 },
    );
  });

  test('gives objects that validate, from all fields', () => {
    fc.assert(
      fc.property(arbitraryManifest(kind, { fields: 'all' }), (manifest) => {
        expect(parseObject(manifest).problems.filter((problem) => problem.severity === 'error')).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  test('reaches every obeyed field', () => {
    const objects = fc.sample(arbitraryObject(kind), { numRuns: RUNS[kind] ?? 800, seed: 7 });
    const paths = supportedFields(kind).filter((path) => path.startsWith(`${kind}.spec`));
    const missed = paths.filter((path) => !objects.some((object) => has(object, stepsOf(path).slice(1))));
    expect(missed).toEqual([]);
  });

  test('validation takes what it gave: a second pass changes nothing', () => {
    fc.assert(
      fc.property(arbitraryObject(kind), (object) => {
        const schema: Schema<unknown> = kinds[kind].spec;
        expect(validate(schema, object.spec).value).toEqual(object.spec);
      }),
      { numRuns: 30 },
    );
  });
});

/** `a.b[].c{}` as its steps: a, b, [], c, {}. */
function stepsOf(path: string): readonly string[] {
  return path.replaceAll('[]', '.[]').replaceAll('{}', '.{}').split('.');
}

function has(value: unknown, [step, ...rest]: readonly string[]): boolean {
  if (step === undefined) return value !== undefined;
  if (typeof value !== 'object' || value === null) return false;
  if (step === '[]' || step === '{}') return Object.values(value).some((item) => has(item, rest));
  return Object.hasOwn(value, step) && has((value as Record<string, unknown>)[step], rest);
}

describe('parseObject', () => {
  test('never throws on any JSON value, nor on a declared object with any value in it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => void parseObject(value)),
      { numRuns: 300 },
    );
    const broken = fc
      .constantFrom(...names)
      .chain((kind) => fc.tuple(arbitraryManifest(kind, { fields: 'all' }), fc.jsonValue({ maxDepth: 2 }), fc.nat()));
    fc.assert(
      fc.property(broken, ([manifest, value, place]) => {
        const json = replaceAt(manifest, value, { left: place % 40 });
        const { object, problems } = parseObject(json);
        // Either it is an object, or something says why not.
        expect(object !== undefined || problems.length > 0).toBe(true);
        for (const problem of problems) expect(problem.message).not.toMatch(/undefined|\[object|NaN/);
      }),
      { numRuns: 300 },
    );
  });
});

/** The value with one part replaced: the one reached after so many steps in the order of writing. */
function replaceAt(value: unknown, replacement: unknown, counter: { left: number }): unknown {
  if (counter.left-- === 0) return replacement;
  if (Array.isArray(value)) return value.map((item) => replaceAt(item, replacement, counter));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceAt(item, replacement, counter)]));
}
