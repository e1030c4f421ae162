import { describe, expect, test } from 'vitest';
import { findProxy, proxyName } from './proxy-lookup.ts';

const id = (name: string, namespace: string, ip = '10.0.0.1') => `sidecar~${ip}~${name}.${namespace}~${namespace}.svc`;
const ids = [id('cart-1', 'shop'), id('cart-2', 'shop'), id('web', 'shop'), id('web', 'bank'), 'odd'];

describe('findProxy', () => {
  test.each([
    ['a node id', id('web', 'bank'), { found: id('web', 'bank') }],
    ['NAME.NAMESPACE', 'web.shop', { found: id('web', 'shop') }],
    ['NAME', 'cart-2', { found: id('cart-2', 'shop') }],
    ['a prefix that only one has', 'web.b', { found: id('web', 'bank') }],
    ['an id of another shape', 'odd', { found: 'odd' }],
    ['a NAME that two have', 'web', { problem: 'ambiguous', proxies: ['web.bank', 'web.shop'] }],
    ['a prefix that two have', 'cart', { problem: 'ambiguous', proxies: ['cart-1.shop', 'cart-2.shop'] }],
    ['nobody', 'x', { problem: 'unknown', proxies: ['cart-1.shop', 'cart-2.shop', 'odd', 'web.bank', 'web.shop'] }],
    ['nothing', '', { problem: 'unknown', proxies: ['cart-1.shop', 'cart-2.shop', 'odd', 'web.bank', 'web.shop'] }],
  ])('%s', (_, text, expected) => expect(findProxy(ids, text)).toEqual(expected));

  test('two streams of one proxy are one proxy', () => {
    expect(findProxy([...ids, id('cart-1', 'shop')], 'cart-1')).toEqual({ found: id('cart-1', 'shop') });
  });

  test('proxies of the same name are told apart by their ids', () => {
    const twins = [id('web', 'shop', '10.0.0.1'), id('web', 'shop', '10.0.0.2')];
    expect(findProxy(twins, 'web.shop')).toEqual({ problem: 'ambiguous', proxies: twins });
  });
});

test('proxyName: NAME.NAMESPACE, or the id itself', () => {
  expect(proxyName(id('a.b', 'c'))).toBe('a.b.c');
  expect(proxyName('odd')).toBe('odd');
});
