import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagnostic } from './diagnostic.ts';
import { type AnyMeshObject, MeshSnapshot, refOf, type SourcedObject } from './mesh-snapshot.ts';

function namespace(name: string, label: string): AnyMeshObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { l: label } }, spec: {} };
}

function service(namespaceName: string, name: string, port: number): AnyMeshObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: namespaceName },
    spec: {
      selector: { app: name },
      ports: [
        { port, name: 'http' },
        { port: 9090, name: 'metrics' },
      ],
    },
  };
}

const sourced = (...objects: readonly AnyMeshObject[]): readonly SourcedObject[] =>
  objects.map((object) => ({ object }));
const copy = (object: AnyMeshObject): AnyMeshObject => structuredClone(object);

describe('MeshSnapshot', () => {
  const [cart, shop, web] = [service('shop', 'cart', 80), service('shop', 'shop', 80), service('web', 'cart', 80)];
  const all = [namespace('shop', 'x'), cart, shop, web];

  test('lists by kind, namespace and name, in order', () => {
    const snapshot = MeshSnapshot.of(sourced(web, shop, namespace('shop', 'x'), cart));
    expect(snapshot.list('Service')).toEqual([cart, shop, web]);
    expect(snapshot.inNamespace('Service', 'shop')).toEqual([cart, shop]);
    expect(snapshot.inNamespace('Service', 'none')).toEqual([]);
    expect(snapshot.get('Service', 'web', 'cart')).toEqual(web);
    expect(snapshot.get('Service', '', 'cart')).toBeUndefined();
    expect(snapshot.get('Namespace', '', 'shop')?.metadata.name).toBe('shop');
    expect(snapshot.list('Gateway')).toEqual([]);
    expect([...snapshot.counts()]).toEqual([
      ['Namespace', 1],
      ['Service', 3],
    ]);
    expect([...snapshot.objects()].map(({ object }) => refOf(object).kind)).toEqual([
      'Namespace',
      'Service',
      'Service',
      'Service',
    ]);
  });

  test('keeps the first of two objects with one name', () => {
    const snapshot = MeshSnapshot.of(sourced(namespace('a', 'first'), namespace('a', 'second')));
    expect(snapshot.list('Namespace')).toEqual([namespace('a', 'first')]);
  });

  test('shares everything with an equal snapshot, whatever the order of keys', () => {
    const before = MeshSnapshot.of(sourced(...all));
    const turned = JSON.parse(
      JSON.stringify(cart, [
        'spec',
        'ports',
        'name',
        'port',
        'selector',
        'app',
        'kind',
        'metadata',
        'namespace',
        'apiVersion',
      ]),
    ) as AnyMeshObject;
    const after = MeshSnapshot.of(
      sourced(...all.map(copy).filter((object) => refOf(object).name !== 'cart'), turned, copy(web)),
      { previous: before },
    );
    expect(after.list('Service')).toBe(before.list('Service'));
    expect(after.sameObjects(before)).toBe(true);
  });

  test('shares what did not change: other objects, other kinds, other fields', () => {
    const before = MeshSnapshot.of(sourced(...all));
    const changed = service('shop', 'cart', 81);
    const after = MeshSnapshot.of(sourced(namespace('shop', 'x'), changed, copy(shop), copy(web)), {
      previous: before,
    });
    expect(after.sameObjects(before)).toBe(false);
    expect(after.list('Namespace')).toBe(before.list('Namespace'));
    expect(after.list('Service')).not.toBe(before.list('Service'));
    expect(after.inNamespace('Service', 'web')).toBe(before.inNamespace('Service', 'web'));
    expect(after.inNamespace('Service', 'shop')).not.toBe(before.inNamespace('Service', 'shop'));
    const [was, is] = [before, after].map((snapshot) => snapshot.get('Service', 'shop', 'cart'));
    expect(is?.metadata).toBe(was?.metadata);
    expect(is?.spec.selector).toBe(was?.spec.selector);
    expect(is?.spec.ports?.[1]).toBe(was?.spec.ports?.[1]);
    expect(is?.spec.ports?.[0]).toEqual({ port: 81, name: 'http' });
  });

  test('an added, removed or emptied field makes another object', () => {
    for (const labels of [undefined, {}, { l: 'x', m: 'y' }, { m: 'x' }]) {
      const before = MeshSnapshot.of(sourced(namespace('a', 'x')));
      const object = {
        ...namespace('a', 'x'),
        metadata: { name: 'a', ...(labels === undefined ? {} : { labels }) },
      } as AnyMeshObject;
      const after = MeshSnapshot.of(sourced(object), { previous: before });
      expect(after.list('Namespace')[0]).toEqual(object);
      expect(after.list('Namespace')[0]).not.toBe(before.list('Namespace')[0]);
    }
  });

  test('tells where fields stand without making other objects of moved ones', () => {
    const range = (line: number) => ({ file: 'a.yaml', start: { line, column: 1 }, end: { line, column: 2 } });
    const place = (line: number): SourcedObject => ({
      object: namespace('a', 'x'),
      origin: { locate: () => range(line) },
    });
    const before = MeshSnapshot.of([place(1)]);
    const after = MeshSnapshot.of([place(7)], { previous: before });
    const ref = { kind: 'Namespace', namespace: '', name: 'a' };
    expect(after.list('Namespace')).toBe(before.list('Namespace'));
    expect(after.locate(ref)).toEqual(range(7));
    const found = diagnostic('HED104', { resource: ref, path: ['spec'], message: 'm' });
    expect(after.located(found).range).toEqual(range(7));
    expect(after.located({ ...found, range: range(3) }).range).toEqual(range(3));
    expect(after.located(diagnostic('HED001', { message: 'm' })).range).toBeUndefined();
    expect(after.locate({ ...ref, name: 'b' })).toBeUndefined();
  });

  const anyObject = fc.oneof(
    fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('x', 'y')).map(([name, label]) => namespace(name, label)),
    fc
      .tuple(fc.constantFrom('a', 'b'), fc.constantFrom('s', 't'), fc.constantFrom(80, 81))
      .map(([home, name, port]) => service(home, name, port)),
  );
  const distinct = fc.uniqueArray(anyObject, { maxLength: 8, selector: (object) => JSON.stringify(refOf(object)) });

  test('does not depend on the order of its input', () => {
    fc.assert(
      fc.property(
        distinct.chain((objects) =>
          fc.tuple(fc.constant(objects), fc.shuffledSubarray(objects, { minLength: objects.length })),
        ),
        ([objects, shuffled]) => {
          const [a, b] = [objects, shuffled].map((order) => MeshSnapshot.of(sourced(...order)));
          expect([...(a as MeshSnapshot).objects()]).toEqual([...(b as MeshSnapshot).objects()]);
          expect([...(a as MeshSnapshot).counts()]).toEqual([...(b as MeshSnapshot).counts()]);
        },
      ),
    );
  });

  test('after any changes equals a snapshot made from nothing, and is identical where it is equal', () => {
    fc.assert(
      fc.property(fc.array(distinct, { minLength: 2, maxLength: 5 }), (states) => {
        let snapshot = MeshSnapshot.empty;
        for (const objects of states) {
          const previous = snapshot;
          snapshot = MeshSnapshot.of(sourced(...objects.map(copy)), { previous });
          expect([...snapshot.objects()]).toEqual([...MeshSnapshot.of(sourced(...objects)).objects()]);
          for (const kind of ['Namespace', 'Service'] as const) {
            const equal = JSON.stringify(previous.list(kind)) === JSON.stringify(snapshot.list(kind));
            // An empty list may be another empty list; any other equal list is the same one.
            if (snapshot.list(kind).length > 0) expect(previous.list(kind) === snapshot.list(kind)).toBe(equal);
          }
        }
      }),
    );
  });

  /** Inputs that share objects from one to the next, as sources give them, with names that are given twice now and then. */
  const pool = fc.uniqueArray(anyObject, { minLength: 6, maxLength: 10, selector: (object) => JSON.stringify(object) });
  const histories = pool.chain((objects) =>
    fc.array(fc.shuffledSubarray(objects.map((object): SourcedObject => ({ object }))), { minLength: 2, maxLength: 8 }),
  );

  test('changes of an input that shares its objects end where a fresh start ends, repeated names included', () => {
    fc.assert(
      fc.property(histories, fc.boolean(), (inputs, ordered) => {
        let snapshot = MeshSnapshot.empty;
        for (const input of inputs) {
          // In a steady order a change is found place by place; a shuffled input is one large change.
          const given = ordered ? input.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : input;
          const before = snapshot;
          snapshot = MeshSnapshot.of(given, { previous: before });
          const fresh = MeshSnapshot.of(given);
          expect([...snapshot.objects()]).toEqual([...fresh.objects()]);
          expect(snapshot.repeated).toEqual(fresh.repeated);
          expect([...snapshot.counts()]).toEqual([...fresh.counts()]);
          for (const home of ['a', 'b', 'c'])
            expect(snapshot.inNamespace('Service', home)).toEqual(fresh.inNamespace('Service', home));
          for (const { object } of given) {
            const { namespace: home, name } = refOf(object);
            expect(snapshot.get(object.kind, home, name)).toEqual(fresh.get(object.kind, home, name));
          }
          const same = JSON.stringify([...before.objects()]) === JSON.stringify([...snapshot.objects()]);
          expect(snapshot.sameObjects(before)).toBe(same);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('one changed object of many leaves the others alone, and looks at none of them', () => {
    const many = sourced(...Array.from({ length: 500 }, (_, index) => service('shop', `s-${index}`, 80)));
    const looked: string[] = [];
    const watched = many.map(
      ({ object }): SourcedObject => ({
        get object() {
          looked.push(object.metadata.name ?? '');
          return object;
        },
      }),
    );
    const before = MeshSnapshot.of(watched);
    looked.length = 0;
    const after = MeshSnapshot.of(watched.with(7, { object: service('shop', 's-7', 81) }), { previous: before });
    expect(new Set(looked)).toEqual(new Set(['s-7']));
    expect(after.get('Service', 'shop', 's-7')?.spec.ports?.[0]?.port).toBe(81);
    expect(after.get('Service', 'shop', 's-8')).toBe(before.get('Service', 'shop', 's-8'));
  });

  test('tells which objects were left out for their name, with their places', () => {
    const place = (line: number) => ({
      locate: () => ({ file: 'a.yaml', start: { line, column: 1 }, end: { line, column: 2 } }),
    });
    const [first, second] = [namespace('a', 'first'), namespace('a', 'second')];
    const input = [
      { object: first, origin: place(1) },
      { object: second, origin: place(2) },
    ];
    const snapshot = MeshSnapshot.of(input);
    expect(snapshot.repeated).toEqual([{ used: input[0], repeated: input[1] }]);
    expect(snapshot.locate(refOf(first))?.start.line).toBe(1);
    const resolved = MeshSnapshot.of(input.slice(1), { previous: snapshot });
    expect(resolved.repeated).toEqual([]);
    expect(resolved.get('Namespace', '', 'a')).toEqual(second);
    expect(MeshSnapshot.of(input, { previous: resolved }).get('Namespace', '', 'a')).toEqual(first);
  });

  test('diagnostics may change alone', () => {
    const before = MeshSnapshot.of(sourced(cart));
    const found = [diagnostic('HED001', { message: 'm' })];
    const after = before.withDiagnostics(found);
    expect(after.diagnostics).toBe(found);
    expect(after.sameObjects(before)).toBe(true);
    expect(before.withDiagnostics([])).toBe(before);
  });
});
