import { type AnyMeshObject, MeshSnapshot } from '@heddle/model';
import { expect, test } from 'vitest';
import { snapshotChanges } from './snapshot-changes.ts';

const object = (kind: string, name: string, text = '') =>
  ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', labels: { text } }, spec: {} }) as AnyMeshObject;
const snapshot = (objects: readonly AnyMeshObject[], previous?: MeshSnapshot) =>
  MeshSnapshot.of(
    objects.map((one) => ({ object: one })),
    previous === undefined ? {} : { previous },
  );

const before = [
  object('Pod', 'a'),
  object('Pod', 'c'),
  object('Service', 'a'),
  object('Service', 'b'),
  object('VirtualService', 'v'),
];

const none = { eds: 0, svc: 0, svcdelete: 0, config: 0 };

test.each([
  ['nothing', before, none],
  ['a new pod between others', [...before, object('Pod', 'b')], { ...none, eds: 1 }],
  ['a changed and a removed pod', [object('Pod', 'a', 'x'), ...before.slice(2)], { ...none, eds: 2 }],
  ['a changed service', [...before.slice(0, 3), object('Service', 'b', 'x'), ...before.slice(4)], { ...none, svc: 1 }],
  ['a removed service', [...before.slice(0, 3), ...before.slice(4)], { ...none, svcdelete: 1 }],
  ['a kind that goes, a kind that comes', [...before.slice(0, 4), object('Gateway', 'g')], { ...none, config: 2 }],
])('snapshotChanges: %s', (_, after, expected) => {
  const first = snapshot(before);
  // New objects of the same content are the same objects in the second snapshot.
  expect(snapshotChanges(first, snapshot(structuredClone(after) as AnyMeshObject[], first))).toEqual(expected);
});

test('snapshotChanges: everything is new at first', () => {
  expect(snapshotChanges(MeshSnapshot.empty, snapshot(before))).toEqual({ eds: 2, svc: 2, svcdelete: 0, config: 1 });
});
