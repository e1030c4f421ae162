import { describe, expect, test } from 'vitest';
import type { HttpMatch } from '../mesh-objects.ts';
import { conditionsOf, mergeBySpecificity } from './merged-routes.ts';
import type { EncodedRoute } from './route-list.ts';

const names = new WeakMap<EncodedRoute, string>();

function route(name: string, match?: HttpMatch): EncodedRoute {
  const virtualService = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'a' },
    spec: {},
  } as const;
  const made: EncodedRoute = {
    bytes: new Uint8Array(),
    catchAll: match === undefined,
    origins: [],
    written: { virtualService, rule: {}, match, path: [], matchPath: [] },
  };
  names.set(made, name);
  return made;
}

const merged = (...lists: readonly (readonly EncodedRoute[])[]) =>
  mergeBySpecificity(lists).map((one) => names.get(one));

const exact = (text: string): HttpMatch => ({ uri: { exact: text } });
const prefix = (text: string): HttpMatch => ({ uri: { prefix: text } });
const regex = (text: string): HttpMatch => ({ uri: { regex: text } });

describe('mergeBySpecificity', () => {
  test.each<[string, HttpMatch | undefined, HttpMatch | undefined]>([
    ['an exact path before a longer prefix', exact('/a'), prefix('/a/b/c')],
    ['an exact path before a regex', exact('/a'), regex('/a.*')],
    ['a regex before a prefix', regex('/a'), prefix('/a/b/c')],
    ['the longer prefix before the shorter', prefix('/a/b'), prefix('/a')],
    ['the longer regex before the shorter', regex('/a/.*'), regex('/a.*')],
    ['a prefix before no path', prefix('/a'), { headers: { a: {}, b: {} } }],
    ['a regex that means everything is no path', prefix('/a'), regex('.*')],
    ['a method before none', { method: { exact: 'GET' } }, { headers: { a: {} } }],
    ['more headers before fewer', { headers: { a: {}, b: {} } }, { headers: { a: {} } }],
    [
      'withoutHeaders, authority and scheme count',
      { withoutHeaders: { a: {} }, scheme: { exact: 'a' } },
      { authority: { exact: 'a' } },
    ],
    ['headers before query parameters', { headers: { a: {} } }, { queryParams: { a: {}, b: {} } }],
    ['more query parameters before fewer', { queryParams: { a: {}, b: {} } }, { queryParams: { a: {} } }],
    ['anything before everything', { queryParams: { a: {} } }, undefined],
  ])('%s', (_, more, less) => {
    expect(merged([route('less', less)], [route('more', more)])).toEqual(['more', 'less']);
    expect(merged([route('more', more)], [route('less', less)])).toEqual(['more', 'less']);
  });

  test('equally specific ones stay in the order of their objects', () => {
    expect(merged([route('a', prefix('/aa'))], [route('b', prefix('/bb'))], [route('c', prefix('/cc'))])).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(merged([route('a')], [route('b')])).toEqual(['a', 'b']);
  });

  test('each object keeps the order that it was written in', () => {
    const first = [route('a1', prefix('/a')), route('a2', exact('/a/b')), route('a3')];
    const second = [route('b1', prefix('/long/prefix')), route('b2', prefix('/b'))];
    expect(merged(first, second)).toEqual(['b1', 'a1', 'a2', 'b2', 'a3']);
  });

  test('one list is left as it is', () => {
    const only = [route('a'), route('b', exact('/b'))];
    expect(mergeBySpecificity([only])).toBe(only);
    expect(mergeBySpecificity([])).toEqual([]);
  });
});

test('conditionsOf tells what requests are asked, whatever the order in which it is written', () => {
  const one = route('a', { uri: { exact: '/' }, headers: { a: {}, b: { exact: '1' } }, name: 'x', statPrefix: 'y' });
  const same = route('b', { headers: { b: { exact: '1' }, a: {} }, uri: { exact: '/' } });
  const other = route('c', { headers: { b: { exact: '2' }, a: {} }, uri: { exact: '/' } });
  expect(conditionsOf(one)).toBe(conditionsOf(same));
  expect(conditionsOf(one)).not.toBe(conditionsOf(other));
});
