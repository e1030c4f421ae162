import { describe, expect, test } from 'vitest';
import { createMemo, noMemo } from './memo.ts';
import type { Service, VirtualService } from './mesh-objects.ts';
import { audienceOf, isVisible, visibleObjects } from './visibility.ts';

function route(name: string, namespace: string, exportTo?: readonly string[]): VirtualService {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace },
    spec: exportTo === undefined ? {} : { exportTo },
  };
}

function service(namespace: string, exportTo?: string): Service {
  const annotations = exportTo === undefined ? {} : { annotations: { 'networking.istio.io/exportTo': exportTo } };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: 'cart', namespace, ...annotations }, spec: {} };
}

describe('audienceOf', () => {
  test.each([
    [undefined, '*', 'everybody'],
    [undefined, '.', ['shop']],
    [[], '.', ['shop']],
    [['*'], '.', 'everybody'],
    [['.'], '*', ['shop']],
    [['other'], '*', ['other']],
    [['other', '.'], '*', ['other', 'shop']],
    [['other', '*'], '*', 'everybody'],
    [['~'], '*', []],
    [['other', '~'], '*', []],
    [['*', '~'], '*', 'everybody'],
  ] as const)('reads %j with the default %j as %j', (exportTo, byDefault, wanted) => {
    const audience = audienceOf(route('r', 'shop', exportTo), byDefault);
    expect(audience === 'everybody' ? audience : [...audience]).toEqual(wanted);
  });

  test.each([
    [undefined, 'everybody'],
    ['', 'everybody'],
    ['.', ['shop']],
    ['~', []],
    [' . , other,', ['shop', 'other']],
    ['a,*', 'everybody'],
  ] as const)('reads the annotation %j of a Service as %j', (annotation, wanted) => {
    const audience = audienceOf(service('shop', annotation), '*');
    expect(audience === 'everybody' ? audience : [...audience]).toEqual(wanted);
  });
});

test('isVisible tells one namespace from another', () => {
  expect(isVisible(route('r', 'shop', ['.']), '*', 'shop')).toBe(true);
  expect(isVisible(route('r', 'shop', ['.']), '*', 'other')).toBe(false);
  expect(isVisible(route('r', 'shop'), '.', 'other')).toBe(false);
});

describe('visibleObjects', () => {
  const open = [route('a', 'shop'), route('b', 'shop', ['*'])];
  const own = route('c', 'shop', ['.']);
  const given = route('d', 'shop', ['bank']);
  const hidden = route('e', 'shop', ['~']);
  const all = [own, ...open, hidden, given];

  test('keeps order and gives each namespace its own', () => {
    expect(visibleObjects(noMemo, all, '*', 'shop')).toEqual([own, ...open]);
    expect(visibleObjects(noMemo, all, '*', 'bank')).toEqual([...open, given]);
    expect(visibleObjects(noMemo, all, '*', 'elsewhere')).toEqual(open);
    expect(visibleObjects(noMemo, [...open, hidden], '*', 'elsewhere')).toEqual(open);
  });

  test('gives the list itself to everybody who sees all of it', () => {
    const memo = createMemo();
    expect(visibleObjects(memo, open, '*', 'shop')).toBe(open);
    expect(visibleObjects(memo, open, '*', 'bank')).toBe(open);
  });

  test('gives namespaces that see the same one list', () => {
    const memo = createMemo();
    expect(visibleObjects(memo, all, '*', 'elsewhere')).toBe(visibleObjects(memo, all, '*', 'nowhere'));
  });
});
