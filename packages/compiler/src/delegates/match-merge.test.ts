import { describe, expect, test } from 'vitest';
import type { HttpMatch } from '../mesh-objects.ts';
import { mergeMatches } from './match-merge.ts';

describe('mergeMatches', () => {
  test.each<[HttpMatch, HttpMatch, HttpMatch | 'conflict']>([
    [{ uri: { prefix: '/a' } }, { uri: { prefix: '/a/b' } }, { uri: { prefix: '/a/b' } }],
    [{ uri: { prefix: '/a' } }, { uri: { exact: '/a' } }, { uri: { exact: '/a' } }],
    [{ uri: { prefix: '/a/b' } }, { uri: { prefix: '/a' } }, 'conflict'],
    [{ uri: { exact: '/a' } }, { uri: { prefix: '/a' } }, 'conflict'],
    [{ uri: { exact: '/a' } }, { uri: { exact: '/a' } }, { uri: { exact: '/a' } }],
    [{ uri: { exact: '/a' } }, { uri: { exact: '/b' } }, 'conflict'],
    [{ uri: { exact: '/a' } }, {}, { uri: { exact: '/a' } }],
    [{}, { uri: { regex: '/a.*' } }, { uri: { regex: '/a.*' } }],
    [{ uri: { regex: '/a.*' } }, {}, { uri: { regex: '/a.*' } }],
    [{ uri: { regex: '/a.*' } }, { uri: { exact: '/ab' } }, 'conflict'],
    [{ uri: { prefix: '/a' } }, { uri: { regex: '/a.*' } }, 'conflict'],
    [{ method: { exact: 'GET' } }, { method: { exact: 'PUT' } }, 'conflict'],
    [
      { scheme: { exact: 'http' } },
      { authority: { exact: 'a' } },
      { scheme: { exact: 'http' }, authority: { exact: 'a' } },
    ],
    [{ headers: { a: { exact: '1' } } }, { headers: { b: {} } }, { headers: { a: { exact: '1' }, b: {} } }],
    [{ headers: { a: {} } }, { headers: { a: { exact: '1' } } }, { headers: { a: { exact: '1' } } }],
    [{ headers: { a: { exact: '1' } } }, { headers: { a: {} } }, 'conflict'],
    [{ withoutHeaders: { a: {} } }, { headers: { b: {} } }, { withoutHeaders: { a: {} }, headers: { b: {} } }],
    [{ withoutHeaders: { a: { exact: '1' } } }, { withoutHeaders: { a: { exact: '2' } } }, 'conflict'],
    [{ queryParams: { a: { exact: '1' } } }, { queryParams: { a: { exact: '2' } } }, 'conflict'],
    [{ port: 80 }, {}, { port: 80 }],
    [{ port: 80 }, { port: 0 }, { port: 80 }],
    [{ port: 80 }, { port: 81 }, 'conflict'],
    [{ ignoreUriCase: true, uri: { prefix: '/a' } }, { uri: { prefix: '/a' } }, 'conflict'],
    [{ sourceLabels: { app: 'a' } }, { sourceLabels: { v: '1' } }, { sourceLabels: { app: 'a', v: '1' } }],
    [{ sourceLabels: { app: 'a' } }, { sourceLabels: { app: 'b' } }, 'conflict'],
    [{ sourceNamespace: 'a' }, {}, { sourceNamespace: 'a' }],
    [{ sourceNamespace: 'a' }, { sourceNamespace: 'b' }, 'conflict'],
    [{ gateways: ['x/a', 'mesh'] }, { gateways: ['mesh'] }, { gateways: ['mesh'] }],
    [{ gateways: ['x/a'] }, {}, { gateways: ['x/a'] }],
    [{ gateways: ['x/a'] }, { gateways: ['x/b'] }, 'conflict'],
    [{ name: 'r' }, { name: 'l' }, { name: 'r-l' }],
    [{ name: 'r' }, {}, { name: 'r' }],
    [{ statPrefix: 'r' }, {}, { statPrefix: 'r' }],
    [{ statPrefix: 'r' }, { statPrefix: 'l' }, { statPrefix: 'l' }],
  ])('%j around %j is %j', (root, leaf, wanted) => {
    const merged = mergeMatches([root], [leaf]);
    expect(merged?.map(({ match }) => match) ?? 'conflict').toEqual(wanted === 'conflict' ? wanted : [wanted]);
  });

  test('pairs alternatives, and knows where each comes from', () => {
    const roots = [{ uri: { prefix: '/a' } }, { uri: { prefix: '/b' } }, { method: { exact: 'PUT' } }];
    const leaves = [{ uri: { exact: '/b/c' } }, { uri: { exact: '/a/c' } }];
    expect(mergeMatches(roots, leaves)).toEqual([
      { match: { uri: { exact: '/b/c' } }, root: 1, leaf: 0 },
      { match: { uri: { exact: '/b/c' }, method: { exact: 'PUT' } }, root: 2, leaf: 0 },
      { match: { uri: { exact: '/a/c' } }, root: 0, leaf: 1 },
      { match: { uri: { exact: '/a/c' }, method: { exact: 'PUT' } }, root: 2, leaf: 1 },
    ]);
  });

  test('takes the conditions of the one that has some', () => {
    const some = [{ uri: { prefix: '/a' } }];
    expect(mergeMatches(some, [])).toEqual([{ match: some[0], root: 0, leaf: undefined }]);
    expect(mergeMatches([], some)).toEqual([{ match: some[0], root: undefined, leaf: 0 }]);
    expect(mergeMatches([], [])).toEqual([]);
  });
});
