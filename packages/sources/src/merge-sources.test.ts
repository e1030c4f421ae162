import { formatPosition, type MeshSnapshot } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import type { ConfigSource, SourceState } from './config-source.ts';
import { createMemorySource } from './memory-source.ts';
import { mergeSources } from './merge-sources.ts';

const namespace = (name: string, label = 'x'): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { l: ${label} } }\n`;

function names(snapshot: MeshSnapshot): readonly string[] {
  return snapshot.list('Namespace').map((object) => object.metadata.name);
}

describe('createMemorySource', () => {
  test('keeps the last good version of a broken object, and of a broken file', () => {
    const source = createMemorySource({ files: { 'a.yaml': `${namespace('a')}---\n${namespace('b')}` } });
    const named = (): readonly string[] =>
      source.current.objects.map(({ object }) => `${object.metadata.name}=${object.metadata.labels?.['l']}`);
    source.setText('a.yaml', `${namespace('a', '"-"')}---\n${namespace('b', 'new')}`);
    expect(named()).toEqual(['a=x', 'b=new']);
    expect(source.current.diagnostics.map(({ code, effect }) => [code, effect])).toEqual([
      ['HED104', 'its last good version stays in use'],
    ]);
    source.setText('a.yaml', `${namespace('a', 'late')}---\n: {`);
    expect(named()).toEqual(['a=x', 'b=new']);
    expect(source.current.diagnostics.map(({ code, effect }) => [code, effect])).toEqual([
      ['HED002', 'the last good state of the file stays in use'],
    ]);
    source.setText('a.yaml', namespace('a', 'good'));
    expect(named()).toEqual(['a=good']);
    source.setText('a.yaml', undefined);
    expect(named()).toEqual([]);
  });

  test('an object that never was good is not used', () => {
    const source = createMemorySource({ files: { 'a.yaml': namespace('A') } });
    expect(source.current.objects).toEqual([]);
    expect(source.current.diagnostics.map(({ effect }) => effect)).toEqual(['the object is not used']);
  });

  test.each([
    ['a misspelt kind', namespace('a').replace('Namespace', 'Namespce')],
    ['a lost name', namespace('a').replace('name: a', 'nam: a')],
    ['no object at all', 'just text\n'],
  ])('%s drops no object that it may have been', (_what, broken) => {
    const source = createMemorySource({
      files: { 'a.yaml': `${namespace('a')}---\n${namespace('b')}`, 'c.yaml': namespace('c') },
    });
    source.setText('a.yaml', `${broken}---\n${namespace('b')}`);
    expect(source.current.objects.map(({ object }) => object.metadata.name).sort()).toEqual(['a', 'b', 'c']);
    source.setText('a.yaml', namespace('b'));
    expect(source.current.objects.map(({ object }) => object.metadata.name).sort()).toEqual(['b', 'c']);
  });
});

describe('mergeSources', () => {
  test('gives nothing before every source was read once', async () => {
    let finish = (): void => {};
    const late: ConfigSource & { current: SourceState } = {
      current: { objects: [], diagnostics: [] },
      ready: new Promise((resolve) => {
        finish = resolve;
      }),
      subscribe: () => () => {},
      close: async () => {},
    };
    const quick = createMemorySource({ files: { 'a.yaml': namespace('a') } });
    const merged = mergeSources([quick, late]);
    quick.setText('b.yaml', namespace('b'));
    expect(names(merged.current)).toEqual([]);
    finish();
    await merged.ready;
    expect(names(merged.current)).toEqual(['a', 'b']);
  });

  test('shares what did not change, and calls for each change', async () => {
    const source = createMemorySource({ files: { 'a.yaml': namespace('a'), 'b.yaml': namespace('b') } });
    const merged = mergeSources([source]);
    await merged.ready;
    const before = merged.current;
    const seen: MeshSnapshot[] = [];
    const unsubscribe = merged.subscribe((snapshot) => seen.push(snapshot));
    source.setText('b.yaml', namespace('b', 'y'));
    expect(seen).toEqual([merged.current]);
    expect(merged.current.get('Namespace', '', 'a')).toBe(before.get('Namespace', '', 'a'));
    expect(merged.current.get('Namespace', '', 'b')).not.toBe(before.get('Namespace', '', 'b'));
    source.setText('b.yaml', `# moved\n${namespace('b', 'y')}`);
    expect(merged.current.sameObjects(seen[0] as MeshSnapshot)).toBe(true);
    expect(merged.current.locate({ kind: 'Namespace', namespace: '', name: 'b' })?.start.line).toBe(2);
    unsubscribe();
    source.setText('a.yaml', undefined);
    expect(seen).toHaveLength(2);
    await merged.close();
    source.setText('b.yaml', undefined);
    expect(names(merged.current)).toEqual(['b']);
  });

  test('uses the first of two definitions and reports the second', async () => {
    const first = createMemorySource({ files: { 'b.yaml': namespace('a', 'first') } });
    const second = createMemorySource({ files: { 'a.yaml': `${namespace('z')}---\n${namespace('a', 'second')}` } });
    const merged = mergeSources([first, second]);
    await merged.ready;
    expect(merged.current.get('Namespace', '', 'a')?.metadata.labels).toEqual({ l: 'first' });
    const [found] = merged.current.diagnostics;
    expect(found?.code).toBe('HED008');
    expect(found?.range === undefined ? '' : formatPosition(found.range)).toBe('a.yaml:7:19');
    expect(found?.message).toBe('found the object for the second time, first at b.yaml:3:19, wanted it once');
    expect(merged.current.diagnostics).toHaveLength(1);
  });
});
