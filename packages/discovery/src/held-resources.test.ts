import { type XdsResource, xdsResource } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { HeldResources } from './held-resources.ts';

function resource(name: string, text = name): XdsResource {
  return xdsResource('type.googleapis.com/x.Y', name, new TextEncoder().encode(text));
}

function held(wanted: Set<string>, ...base: XdsResource[]) {
  const resources = new HeldResources((name) => wanted.has(name));
  resources.share(new Map(base.map((one) => [one.name, one])));
  return resources;
}

describe('HeldResources', () => {
  test('holds those of the base that are wanted', () => {
    const resources = held(new Set(['a', 'c']), resource('a'), resource('b'));
    expect([...resources.names()]).toEqual(['a']);
    expect(resources.get('a')).toEqual({ version: resource('a').version, resource: resource('a') });
    expect(resources.version('b')).toBeUndefined();
    expect(resources.differences).toBe(0);
  });

  test('keeps differences beside the base, and drops of what the base has', () => {
    const resources = held(new Set(['a', 'b', 'c']), resource('a'), resource('b'));
    resources.set('a', { version: '2' });
    resources.drop('b');
    resources.set('c', { version: '3' });
    expect([...resources.names()].sort()).toEqual(['a', 'c']);
    expect(resources.version('a')).toBe('2');
    expect(resources.differences).toBe(3);
    resources.drop('c');
    expect(resources.differences).toBe(2);
    resources.share(new Map([['b', resource('b')]]));
    expect([...resources.names()]).toEqual(['b']);
    expect(resources.differences).toBe(0);
  });

  test('unshare keeps what was held when more becomes wanted', () => {
    const wanted = new Set(['a']);
    const resources = held(wanted, resource('a'), resource('b'));
    resources.unshare();
    wanted.add('b');
    expect([...resources.names()]).toEqual(['a']);
  });

  test('prune forgets differences about what is no longer wanted', () => {
    const wanted = new Set(['a', 'b']);
    const resources = held(wanted);
    resources.set('a', { version: '1' });
    resources.set('b', { version: '1' });
    wanted.delete('a');
    resources.prune();
    expect([...resources.names()]).toEqual(['b']);
  });
});
