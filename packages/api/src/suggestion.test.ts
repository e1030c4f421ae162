import { expect, test } from 'vitest';
import { hostsOverlap, hostWithin } from './host-match.ts';
import { suggest } from './suggestion.ts';

test.each([
  ['hots', ['hosts', 'http'], 'hosts'],
  ['HTTP', ['http'], 'http'],
  ['gatewyas', ['gateways', 'exportTo'], 'gateways'],
  ['x', ['hosts'], undefined],
  ['destinaton', ['destination'], 'destination'],
  ['', ['a'], 'a'],
  ['a'.repeat(10_000), ['hosts'], undefined],
])('suggest: %s', (text, candidates, wanted) => {
  expect(suggest(text, candidates)).toBe(wanted);
});

test.each([
  ['a.b', 'a.b', true],
  ['A.b', 'a.B', true],
  ['*.b', 'a.b', true],
  ['a.b', '*.b', true],
  ['*.b', 'b', false],
  ['*', 'a', true],
  ['*.c.b', '*.b', true],
  ['*.c', '*.b', false],
  ['a.b', 'c.b', false],
])('hostsOverlap: %s and %s', (a, b, wanted) => {
  expect(hostsOverlap(a, b)).toBe(wanted);
});

test.each([
  ['a.b', '*.b', true],
  ['*.b', 'a.b', false],
  ['*.a.b', '*.b', true],
  ['*.b', '*.a.b', false],
  ['a.b', '*', true],
  ['a', 'A', true],
])('hostWithin: %s within %s', (inner, outer, wanted) => {
  expect(hostWithin(inner, outer)).toBe(wanted);
});
