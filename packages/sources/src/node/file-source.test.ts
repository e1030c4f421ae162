import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFileSource, type FileSource, type FileSourceOptions } from './file-source.ts';

const namespace = (name: string, label = 'x'): string =>
  `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { l: ${label} } }\n`;

let folder: string;
let sources: FileSource[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'heddle-files-'));
  sources = [];
});
afterEach(async () => {
  await Promise.all(sources.map((source) => source.close()));
  rmSync(folder, { recursive: true, force: true });
});

const at = (...parts: readonly string[]): string => join(folder, ...parts);
const write = (name: string, text: string): void => writeFileSync(at(name), text);

async function open(options: Partial<FileSourceOptions> = {}): Promise<FileSource> {
  const source = createFileSource({ paths: [folder], pollMs: 100, ...options });
  sources.push(source);
  await source.ready;
  return source;
}

function names(source: FileSource): readonly string[] {
  return source.current.objects.map(({ object }) => `${object.metadata.name}=${object.metadata.labels?.['l']}`);
}

function codes(source: FileSource): readonly string[] {
  return source.current.diagnostics.map(({ code, range }) => `${code} ${range?.file.slice(folder.length + 1)}`);
}

/** Waits until the source says what is wanted, however many changes that takes; the test's time limit is the only clock. */
async function until(source: FileSource, holds: () => boolean): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve) => {
    const unsubscribe = source.subscribe(() => {
      if (!holds()) return;
      unsubscribe();
      resolve();
    });
  });
}

const untilNames = (source: FileSource, wanted: readonly string[]): Promise<void> =>
  until(source, () => JSON.stringify(names(source)) === JSON.stringify(wanted));

describe('createFileSource reads', () => {
  test('folders with all below them, in the order of names; nothing hidden, no node_modules, no other files', async () => {
    for (const sub of ['b', '.hidden', 'node_modules', 'b/c']) mkdirSync(at(sub));
    write('z.yml', namespace('z'));
    write('a.yaml', namespace('a'));
    write(
      'b/c/m.JSON',
      JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'm', labels: { l: 'x' } } }),
    );
    for (const left of ['.x.yaml', '.hidden/x.yaml', 'node_modules/x.yaml', 'notes.txt', 'b/x.yaml~', 'x.yaml.swp'])
      write(left, namespace('no'));
    const source = await open({ watch: false });
    expect(names(source)).toEqual(['a=x', 'm=x', 'z=x']);
    expect(codes(source)).toEqual([]);
    expect(source.textOf(at('a.yaml'))).toBe(namespace('a'));
  });

  test('no folder of a filter below those given, as what stands in it is no manifest', async () => {
    for (const sub of ['guard', 'guard/assembly', 'other', 'other/assembly']) mkdirSync(at(sub));
    write('plugin.yaml', namespace('a'));
    write('guard/assembly/index.ts', '');
    write('guard/assembly/tsconfig.json', '{}');
    write('guard/schema.json', '{}');
    write('guard/envoy.yaml', 'admin: {}');
    write('other/assembly/b.yaml', namespace('b'));
    const source = await open({ watch: false });
    expect(names(source)).toEqual(['b=x', 'a=x']);
    expect(codes(source)).toEqual([]);
    const named = await open({ paths: [at('guard')], watch: false });
    expect(codes(named)).toHaveLength(3);
  });

  test('files by name, each once, in the order given', async () => {
    write('b.txt', namespace('b'));
    write('a.yaml', namespace('a'));
    const source = await open({ paths: [at('b.txt'), folder, at('a.yaml')], watch: false });
    expect(names(source)).toEqual(['b=x', 'a=x']);
  });

  test('what it can, and reports the rest', async () => {
    write('a.yaml', namespace('a'));
    write('big.yaml', `# ${'x'.repeat(2000)}`);
    writeFileSync(at('noise.yaml'), new Uint8Array([0xff, 0xfe, 0x80]));
    symlinkSync('loop.yaml', at('loop.yaml'));
    symlinkSync('nowhere', at('dangling.yaml'));
    symlinkSync('.', at('circle'));
    const source = await open({ paths: [folder, at('missing')], watch: false, limits: { maxFileBytes: 1000 } });
    expect(names(source)).toEqual(['a=x']);
    expect([...codes(source)].sort()).toEqual([
      'HED001 dangling.yaml',
      'HED001 loop.yaml',
      'HED001 missing',
      'HED001 noise.yaml',
      'HED003 big.yaml',
    ]);
    for (const { message, effect } of source.current.diagnostics) {
      expect(message).toMatch(/^found .*, wanted /);
      expect(effect).toMatch(/ is used$/);
    }
  });

  test('a file without permission is reported and does not stand in the way', async (context) => {
    if (process.getuid?.() === 0) context.skip('root may read everything');
    write('a.yaml', namespace('a'));
    write('b.yaml', namespace('b'));
    chmodSync(at('b.yaml'), 0);
    const source = await open();
    expect(names(source)).toEqual(['a=x']);
    expect(codes(source)).toEqual(['HED001 b.yaml']);
    chmodSync(at('b.yaml'), 0o644);
    await untilNames(source, ['a=x', 'b=x']);
    expect(codes(source)).toEqual([]);
  });
});

describe('createFileSource follows', () => {
  test('a file that changes, appears and is deleted', async () => {
    write('a.yaml', namespace('a'));
    const source = await open();
    write('a.yaml', namespace('a', 'new'));
    await untilNames(source, ['a=new']);
    write('b.yaml', namespace('b'));
    await untilNames(source, ['a=new', 'b=x']);
    unlinkSync(at('a.yaml'));
    await untilNames(source, ['b=x']);
  });

  test('folders that appear with files in them', async () => {
    const source = await open();
    mkdirSync(at('sub', 'deep'), { recursive: true });
    write('sub/deep/a.yaml', namespace('a'));
    await untilNames(source, ['a=x']);
    write('sub/deep/a.yaml', namespace('a', 'again'));
    await untilNames(source, ['a=again']);
    rmSync(at('sub'), { recursive: true });
    await untilNames(source, []);
  });

  test('editors that write another file and rename it', async () => {
    write('a.yaml', namespace('a'));
    const source = await open();
    for (const label of ['one', 'two']) {
      write('a.yaml.tmp', namespace('a', label));
      renameSync(at('a.yaml.tmp'), at('a.yaml'));
      await untilNames(source, [`a=${label}`]);
    }
    renameSync(at('a.yaml'), at('a.yaml~'));
    write('a.yaml', namespace('a', 'three'));
    await untilNames(source, ['a=three']);
  });

  test('a single file, and one that is named before it exists', async () => {
    write('a.yaml', namespace('a'));
    const source = await open({ paths: [at('a.yaml'), at('later.yaml')] });
    expect(codes(source)).toEqual(['HED001 later.yaml']);
    write('later.yaml', namespace('b'));
    await untilNames(source, ['a=x', 'b=x']);
    expect(codes(source)).toEqual([]);
    write('other.yaml', namespace('no'));
    write('a.yaml', namespace('a', 'new'));
    await untilNames(source, ['a=new', 'b=x']);
  });

  test('nothing after it is closed', async () => {
    write('a.yaml', namespace('a'));
    const source = await open();
    await source.close();
    write('a.yaml', namespace('a', 'new'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(names(source)).toEqual(['a=x']);
  });

  test('the last edit of many, without calling for edits that mean the same', async () => {
    write('a.yaml', namespace('a'));
    const source = await open();
    let calls = 0;
    source.subscribe(() => calls++);
    for (let edit = 0; edit < 200; edit++) write('a.yaml', namespace('a', `v${edit}`));
    await untilNames(source, ['a=v199']);
    const before = calls;
    write('a.yaml', namespace('a', 'v199'));
    write('b.yaml', namespace('b'));
    await untilNames(source, ['a=v199', 'b=x']);
    expect(calls).toBe(before + 1);
  });
});

describe('createFileSource keeps the last good state', () => {
  test('of a broken file alone, and says where it is broken', async () => {
    write('a.yaml', namespace('a'));
    write('b.yaml', namespace('b'));
    const source = await open();
    write('a.yaml', `${namespace('a', 'new')}---\na: b: c\n`);
    write('b.yaml', namespace('b', 'new'));
    await untilNames(source, ['a=x', 'b=new']);
    expect(source.current.diagnostics[0]).toMatchObject({
      code: 'HED002',
      range: { file: at('a.yaml'), start: { line: 5, column: 4 } },
      effect: 'the last good state of the file stays in use',
    });
    write('a.yaml', namespace('a', 'new'));
    await untilNames(source, ['a=new', 'b=new']);
    expect(codes(source)).toEqual([]);
  });

  test('of a file that grows too large', async () => {
    write('a.yaml', namespace('a'));
    const source = await open({ limits: { maxFileBytes: 200 } });
    write('a.yaml', namespace('a', 'new') + '#'.repeat(300));
    await until(source, () => codes(source).length > 0);
    expect(names(source)).toEqual(['a=x']);
    expect(codes(source)).toEqual(['HED003 a.yaml']);
  });

  test('of a folder that vanishes, until it is back', async () => {
    mkdirSync(at('conf'));
    write('conf/a.yaml', namespace('a'));
    const source = await open({ paths: [at('conf')] });
    renameSync(at('conf'), at('gone'));
    await until(source, () => codes(source).length > 0);
    expect(names(source)).toEqual(['a=x']);
    expect(source.current.diagnostics[0]).toMatchObject({ code: 'HED001', effect: 'its last good state stays in use' });
    mkdirSync(at('conf'));
    write('conf/b.yaml', namespace('b'));
    await untilNames(source, ['b=x']);
    expect(codes(source)).toEqual([]);
    write('conf/b.yaml', namespace('b', 'new'));
    await untilNames(source, ['b=new']);
  });

  test('of a file named by itself that vanishes', async () => {
    write('a.yaml', namespace('a'));
    const source = await open({ paths: [at('a.yaml')] });
    unlinkSync(at('a.yaml'));
    await until(source, () => codes(source).length > 0);
    expect(names(source)).toEqual(['a=x']);
    write('a.yaml', namespace('a', 'new'));
    await untilNames(source, ['a=new']);
  });
});

describe('createFileSource takes changes as a whole', () => {
  test('a swap of ..data, as Kubernetes updates mounted volumes', async () => {
    const version = (name: string, label: string): void => {
      mkdirSync(at(name));
      write(`${name}/a.yaml`, namespace('a', label));
      write(`${name}/b.yaml`, namespace('b', label));
    };
    version('..1', 'one');
    symlinkSync('..1', at('..data'));
    for (const file of ['a.yaml', 'b.yaml']) symlinkSync(`..data/${file}`, at(file));
    const source = await open();
    expect(names(source)).toEqual(['a=one', 'b=one']);
    const seen: (readonly string[])[] = [];
    source.subscribe(() => seen.push(names(source)));
    for (const [index, label] of ['two', 'three', 'four', 'five'].entries()) {
      version(`..${index + 2}`, label);
      symlinkSync(`..${index + 2}`, at('..data_tmp'));
      renameSync(at('..data_tmp'), at('..data'));
      rmSync(at(`..${index + 1}`), { recursive: true });
      await untilNames(source, [`a=${label}`, `b=${label}`]);
    }
    // Never one of each.
    for (const [a = '', b = ''] of seen) expect(a.split('=')[1]).toBe(b.split('=')[1]);
  });

  test('a swap of ..data in the middle of reading', async () => {
    const files = Array.from({ length: 8 }, (_, index) => `f${index}.yaml`);
    const swap = (version: number): void => {
      mkdirSync(at(`..${version}`));
      for (const file of files) write(`..${version}/${file}`, namespace(file.slice(0, 2), `v${version}`));
      symlinkSync(`..${version}`, at('..data_tmp'));
      renameSync(at('..data_tmp'), at('..data'));
    };
    swap(0);
    for (const file of files) symlinkSync(`..data/${file}`, at(file));
    const source = await open({ settle: { changedMs: 0 } });
    const mixed: (readonly string[])[] = [];
    source.subscribe(() => {
      if (new Set(names(source).map((name) => name.split('=')[1])).size > 1) mixed.push(names(source));
    });
    for (let version = 1; version <= 60; version++) {
      swap(version);
      await new Promise((resolve) => setTimeout(resolve, version % 4));
    }
    await untilNames(
      source,
      files.map((file) => `${file.slice(0, 2)}=v60`),
    );
    expect(mixed).toEqual([]);
  });

  test('a file that is truncated before it is written', async () => {
    write('a.yaml', namespace('a'));
    const source = await open({ settle: { emptiedMs: 1000 } });
    const seen: (readonly string[])[] = [];
    source.subscribe(() => seen.push(names(source)));
    truncateSync(at('a.yaml'), 0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    write('a.yaml', namespace('a', 'new'));
    await untilNames(source, ['a=new']);
    expect(seen).toEqual([['a=new']]);
    // Emptied for good, it has no objects.
    truncateSync(at('a.yaml'), 0);
    await untilNames(source, []);
  });

  test('a file that is written in pieces', async () => {
    write('a.yaml', `${namespace('a')}---\n${namespace('b')}`);
    const source = await open({ settle: { changedMs: 500, patienceMs: 10_000 } });
    const seen: (readonly string[])[] = [];
    source.subscribe(() => seen.push(names(source)));
    const whole = `${namespace('a', 'new')}---\n${namespace('b', 'new')}`;
    for (let end = 40; end < whole.length + 40; end += 40) {
      write('a.yaml', whole.slice(0, end));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await untilNames(source, ['a=new', 'b=new']);
    expect(seen).toEqual([['a=new', 'b=new']]);
  });

  test('does not wait for ever for a file that never stands still', async () => {
    write('a.yaml', namespace('a'));
    const source = await open({ settle: { patienceMs: 200, changedMs: 60 } });
    const restless = setInterval(() => write('restless.yaml', namespace('r', `t${performance.now().toFixed(0)}`)), 10);
    try {
      write('a.yaml', namespace('a', 'new'));
      await until(source, () => names(source)[0] === 'a=new');
    } finally {
      clearInterval(restless);
    }
    await until(source, () => names(source).length === 2);
  });
});

describe('createFileSource, whatever is done to the files', () => {
  const file = fc.constantFrom('a.yaml', 'b.yaml', 'sub/c.yaml');
  const edit = fc.oneof(
    fc.record({
      does: fc.constant('write' as const),
      file,
      text: fc.constantFrom(namespace('a'), namespace('b', 'two'), `${namespace('c')}---\n${namespace('d')}`, ''),
    }),
    fc.record({ does: fc.constant('delete' as const), file, text: fc.constant('') }),
    fc.record({
      does: fc.constant('replace' as const),
      file,
      text: fc.constantFrom(namespace('a', 'three'), namespace('e')),
    }),
    fc.record({ does: fc.constant('pause' as const), file, text: fc.constant('') }),
  );

  test('ends where reading from scratch ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 12 }), async (edits) => {
        rmSync(folder, { recursive: true, force: true });
        mkdirSync(at('sub'), { recursive: true });
        const source = await open({ settle: { removedMs: 30, emptiedMs: 30, changedMs: 10 } });
        for (const { does, file: name, text } of edits) {
          if (does === 'write') write(name, text);
          if (does === 'delete') rmSync(at(name), { force: true });
          if (does === 'replace') {
            write(`${name}.tmp`, text);
            renameSync(at(`${name}.tmp`), at(name));
          }
          if (does === 'pause') await new Promise((resolve) => setTimeout(resolve, 15));
        }
        const scratch = await open({ watch: false });
        await untilNames(source, names(scratch));
        expect(codes(source)).toEqual(codes(scratch));
        await source.close();
      }),
      { numRuns: 25 },
    );
  });
});
