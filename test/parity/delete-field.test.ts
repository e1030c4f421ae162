import { describe, expect, test } from 'vitest';
import { deleteField } from './delete-field.ts';
import type { CaseObject } from './parity-case.ts';

const object: CaseObject = {
  kind: 'Thing',
  spec: {
    hosts: ['a', 'b'],
    http: [{ match: { headers: { x: { exact: '1' }, y: { prefix: '2', exact: '3' } } }, name: 'n' }, { name: 'm' }],
  },
};

describe('deleteField', () => {
  test('a list goes with its items', () => {
    expect(deleteField([object], 'Thing.spec.hosts[]')).toEqual([
      { kind: 'Thing', spec: { http: (object['spec'] as CaseObject)['http'] } },
    ]);
  });

  test('objects of other kinds are left alone', () => {
    const other = { ...object, kind: 'Other' };
    expect(deleteField([object, other], 'Thing.spec.http[].name')?.[1]).toBe(other);
  });

  test('a field of map values goes from each value, and values that become empty go too', () => {
    expect(deleteField([object], 'Thing.spec.http[].match.headers{}.exact')).toEqual([
      {
        kind: 'Thing',
        spec: { hosts: ['a', 'b'], http: [{ match: { headers: { y: { prefix: '2' } } }, name: 'n' }, { name: 'm' }] },
      },
    ]);
  });

  test('an item of a list stays when nothing is left of it', () => {
    expect(deleteField([object], 'Thing.spec.http[].name')).toMatchObject([{ spec: { http: [{}, {}] } }]);
  });

  test('a field that nobody wrote is not deleted', () => {
    expect(deleteField([object], 'Thing.spec.http[].other')).toBeUndefined();
  });
});
