import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalPath } from './canonical-path.ts';
import { type NormalizedPath, normalizePath, type PathNormalization } from './normalize-path.ts';

const KEEP = 1;
const REJECT = 2;
const REDIRECT = 3;
const FORWARD = 4;
const all = { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: KEEP };

describe('normalizePath', () => {
  // Checked against Envoy 1.40 by the differential test; here as a table to read.
  test.each([
    ['/a/b?c=/../d', {}, '/a/b?c=/../d'],
    ['/a/./b/../c', {}, '/a/c'],
    ['/../../a', {}, '/a'],
    ['/a/%2e%2E/b', {}, '/b'],
    ['/a\\..\\b', {}, '/b'],
    ['//a///b//', {}, '/a/b/'],
    ['///', {}, '//'],
    ['/%41%7e%20', {}, '/A~%20'],
    ['/a%2fb', {}, '/a%2fb'],
    ['/a/..;x=1/b', {}, '/b'],
    ['/a"b', {}, '/a%22b'],
    ['/%', {}, '/%'],
    ['/%%41b', {}, '/%25Ab'],
    ['/%%34%31', {}, '/%2541'],
    ['/%%41', {}, '/%A'],
    ['/%%41g', {}, '/%Ag'],
    ['/a%2F..%5cb', { pathWithEscapedSlashesAction: FORWARD }, '/b'],
    ['/a/../b//c', { normalizePath: false, mergeSlashes: false }, '/a/../b//c'],
  ])('%s with %j gives %s', (path, options, wanted) => {
    expect(normalizePath(path, { ...all, ...options } as PathNormalization)).toEqual({
      action: 'continue',
      path: wanted,
    });
  });

  test.each([
    ['/a#b', {}, { action: 'reject' }],
    ['/a%00', {}, { action: 'reject' }],
    ['/a%2fb', { pathWithEscapedSlashesAction: REJECT }, { action: 'reject' }],
    ['/a%2Fb?c', { pathWithEscapedSlashesAction: REDIRECT }, { action: 'redirect', path: '/a/b?c' }],
  ] as [string, object, Partial<NormalizedPath>][])('%s with %j: %j', (path, options, wanted) => {
    expect(normalizePath(path, { ...all, ...options } as PathNormalization)).toMatchObject(wanted);
  });

  test('the short way for plain paths gives what the long way gives', () => {
    const path = fc.stringMatching(/^\/[a/.;~%!:\\]{0,12}$/);
    fc.assert(
      fc.property(path, (text) => {
        const found = normalizePath(text, { ...all, mergeSlashes: false } as PathNormalization);
        const stripped = text.replace(/(^|\/)(\.\.?);[^/]*/g, '$1$2');
        expect(found).toEqual({ action: 'continue', path: canonicalPath(stripped) });
      }),
    );
  });

  test('a canonical path is canonical', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\/[a/.\\~ "]{0,16}$/), (text) => {
        const once = canonicalPath(text);
        expect(canonicalPath(once ?? '')).toBe(once);
      }),
    );
  });
});
