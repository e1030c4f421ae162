import type { HttpMatchRequest } from '@heddle/api';
import { expect, test } from 'vitest';
import { covers } from './match-coverage.ts';

test.each<[HttpMatchRequest | undefined, HttpMatchRequest | undefined, boolean]>([
  [undefined, { uri: { exact: '/a' } }, true],
  [{}, undefined, true],
  [{ uri: { prefix: '/' } }, undefined, true],
  [{ uri: { prefix: '/' } }, { uri: { regex: '.*' } }, true],
  [{ uri: { prefix: '/a' } }, { uri: { prefix: '/a/b' } }, true],
  [{ uri: { prefix: '/a' } }, { uri: { exact: '/ab' } }, true],
  [{ uri: { prefix: '/a/b' } }, { uri: { prefix: '/a' } }, false],
  [{ uri: { prefix: '/a' } }, undefined, false],
  [{ uri: { exact: '/a' } }, { uri: { prefix: '/a' } }, false],
  [{ uri: { prefix: '/a' } }, { uri: { exact: '/a' }, ignoreUriCase: true }, false],
  [{ uri: { prefix: '/A' }, ignoreUriCase: true }, { uri: { exact: '/ab' } }, true],
  [{ uri: { prefix: '/A' }, ignoreUriCase: true }, { uri: { exact: '/aB' }, ignoreUriCase: true }, true],
  [{ uri: { regex: '/a.*' } }, { uri: { regex: '/a.*' } }, true],
  [{ uri: { regex: '/.*' } }, { uri: { exact: '/a' } }, false],
  [{ headers: { h: {} } }, { headers: { h: { exact: 'x' } } }, true],
  [{ headers: { h: { prefix: 'x' } } }, { headers: { h: { exact: 'xy' }, i: {} } }, true],
  [{ headers: { h: { exact: 'x' } } }, { headers: { h: {} } }, false],
  [{ headers: { h: {} } }, { headers: { i: {} } }, false],
  [{ withoutHeaders: { h: {} } }, { withoutHeaders: { h: {} } }, true],
  [{ withoutHeaders: { h: { exact: 'x' } } }, { withoutHeaders: { h: {} } }, false],
  [{ queryParams: { q: { exact: '1' } } }, { queryParams: { q: { exact: '1' } } }, true],
  [{ method: { exact: 'GET' } }, { method: { exact: 'GET' }, uri: { exact: '/a' } }, true],
  [{ method: { exact: 'GET' } }, { uri: { exact: '/a' } }, false],
  [{ port: 0 }, { port: 80 }, true],
  [{ port: 80 }, { port: 81 }, false],
  [{ sourceLabels: { a: '1' } }, { sourceLabels: { a: '1', b: '2' } }, true],
  [{ sourceLabels: { a: '1' } }, {}, false],
  [{ sourceNamespace: 'n' }, { sourceNamespace: 'm' }, false],
  [{ gateways: ['g', 'mesh'] }, { gateways: ['g'] }, true],
  [{ gateways: ['g'] }, { gateways: ['g', 'mesh'] }, false],
  [{ gateways: ['g'] }, {}, false],
])('covers: %o before %o is %s', (earlier, later, expected) => {
  expect(covers(earlier, later)).toBe(expected);
});
