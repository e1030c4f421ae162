import { describe, expect, test } from 'vitest';
import { fullGatewayName, fullHost, hostIsWithin, narrowerHost } from './host-name.ts';
import { isIpAddress } from './ip-address.ts';
import { likelyHost } from './likely-host.ts';

test.each([
  ['shop.example.com', 'shop.example.com', true],
  ['shop.example.com', '*.example.com', true],
  ['example.com', '*.example.com', false],
  ['*.shop.example.com', '*.example.com', true],
  ['*.example.com', '*.shop.example.com', false],
  ['*.example.com', 'shop.example.com', false],
  ['*', '*', true],
  ['shop', '*', true],
  ['*', '*.com', false],
])('hostIsWithin: %s within %s is %s', (inner, outer, expected) => {
  expect(hostIsWithin(inner, outer)).toBe(expected);
});

test.each([
  ['a.example.com', '*.example.com', 'a.example.com'],
  ['*', '*.example.com', '*.example.com'],
  ['a.example.com', 'b.example.com', undefined],
  ['*.a.com', '*.b.com', undefined],
])('narrowerHost: of %s and %s it is %s', (a, b, expected) => {
  expect(narrowerHost(a, b)).toBe(expected);
  expect(narrowerHost(b, a)).toBe(expected);
});

test.each([
  ['cart', 'cart.shop.svc.cluster.local'],
  ['Cart', 'cart.shop.svc.cluster.local'],
  ['cart.shop', 'cart.shop'],
  ['*', '*'],
  ['*.example.com', '*.example.com'],
  ['10.0.0.1', '10.0.0.1'],
  ['fd00::1', 'fd00::1'],
])('fullHost: %s is %s', (host, expected) => {
  expect(fullHost(host, 'shop', 'cluster.local')).toBe(expected);
});

test.each([
  ['mesh', 'mesh'],
  ['front', 'shop/front'],
  ['edge/front', 'edge/front'],
  ['./front', 'shop/front'],
  ['front.edge', 'edge/front'],
  ['front.edge.svc.cluster.local', 'edge/front'],
])('fullGatewayName: %s is %s', (reference, expected) => {
  expect(fullGatewayName(reference, 'shop')).toBe(expected);
});

test.each([
  ['127.0.0.1', true],
  ['255.255.255.255', true],
  ['256.0.0.1', false],
  ['1.2.3', false],
  ['1.2.3.4.', false],
  ['01.2.3.4', false],
  ['::', true],
  ['::1', true],
  ['fd00::1:2', true],
  ['1:2:3:4:5:6:7:8', true],
  ['1:2:3:4:5:6:7', false],
  ['1::2::3', false],
  ['::ffff:10.0.0.1', true],
  ['10.0.0.1::', false],
  ['1:2:3:4:5:6:7:8::', false],
  ['12345::', false],
  ['[::1]', false],
  ['localhost', false],
  ['', false],
])('isIpAddress: "%s" is %s', (text, expected) => {
  expect(isIpAddress(text)).toBe(expected);
});

describe('likelyHost', () => {
  const known = ['cart.shop.svc.cluster.local', 'reviews.shop.svc.cluster.local', 'api.example.com'];
  test.each([
    ['cart.shop', 'cart.shop.svc.cluster.local'],
    ['crat.shop.svc.cluster.local', 'cart.shop.svc.cluster.local'],
    ['reviews.prod.svc.cluster.local', 'reviews.shop.svc.cluster.local'],
    ['nothing-like-it.invalid', undefined],
  ])('for %s it is %s', (host, expected) => {
    expect(likelyHost(host, known)).toBe(expected);
  });
});
