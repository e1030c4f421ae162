import { describe, expect, test } from 'vitest';
import { fullGatewayName, fullHost, hostIsWithin, narrowerHost } from './host-name.ts';
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
