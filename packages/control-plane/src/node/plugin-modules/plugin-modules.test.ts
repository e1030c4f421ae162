import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { MeshSnapshot } from '@heddle/model';
import { createMemorySource, mergeSources } from '@heddle/sources';
import { compileModule } from '@heddle/testing/compile-module';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PluginModuleProvider } from '../../plugin-module-provider.ts';
import { sha256 } from './module-cache.ts';
import { createPluginModules, type PluginModulesOptions } from './plugin-modules.ts';

let folder = '';
let provider: PluginModuleProvider | undefined;
/** Two modules that differ. */
let modules: readonly Uint8Array<ArrayBuffer>[] = [];

beforeAll(async () => {
  const sources = await mkdtemp(join(tmpdir(), 'heddle-modules-'));
  modules = await Promise.all(
    [1, 2].map(async (id) => {
      const entry = join(sources, `m${id}.ts`);
      await writeFile(
        entry,
        `export function proxy_abi_version_0_2_1(): void {}
        export function proxy_on_memory_allocate(size: i32): i32 { return ${id * 1024}; }`,
      );
      return (await compileModule(entry, { flags: ['--runtime', 'stub'] })).wasm;
    }),
  );
  await rm(sources, { recursive: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heddle-plugins-'));
});
afterEach(async () => {
  await provider?.close();
  provider = undefined;
  await rm(folder, { recursive: true, force: true });
});

function start(options: PluginModulesOptions = {}): PluginModuleProvider {
  provider = createPluginModules({ cacheFolder: join(folder, 'cache'), ...options });
  return provider;
}

async function snapshotOf(spec: string, name = 'a'): Promise<MeshSnapshot> {
  const text = `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: ${name}, namespace: shop }
spec: ${spec}
`;
  const merged = mergeSources([createMemorySource({ files: { [join(folder, 'mesh/plugin.yaml')]: text } })]);
  await merged.ready;
  return merged.current;
}

/** The copy that the plugin has, by its content; or why it has none. */
async function found(snapshot: MeshSnapshot, key = 'shop/a'): Promise<unknown> {
  const { modules: table, diagnostics } = await (provider as PluginModuleProvider).resolve(snapshot);
  const module = table.get(key);
  const which =
    module?.state === 'ready'
      ? modules.findIndex((bytes) => Buffer.from(bytes).equals(contents.get(module.filename) as Buffer))
      : module?.state;
  return [which, ...diagnostics.map(({ path, message, effect }) => `${path.join('.')}: ${message}; ${effect}`)];
}

/** Copies are never written twice: what a name held once it holds for good. */
const contents = new Map<string, Buffer>();
async function readCopies(): Promise<void> {
  for (const name of await readdir(join(folder, 'cache')).catch(() => [])) {
    const path = join(folder, 'cache', name);
    const bytes = await readFile(path);
    expect(`${await sha256(new Uint8Array(bytes))}.wasm`).toBe(basename(path));
    contents.set(path, bytes);
  }
}

/** Resolves when the provider says that something is different. */
function change(): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = (provider as PluginModuleProvider).subscribe(() => {
      unsubscribe();
      resolve();
    });
  });
}

/** Saves as editors do: another file takes the name. */
async function save(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

test.each(['absolute', './filters/a.wasm', 'file:./filters/a.wasm', '../mesh/filters/a.wasm'])(
  'createPluginModules: %s URL, a copy under the hash of its content',
  async (url) => {
    await mkdir(join(folder, 'mesh/filters'), { recursive: true });
    const path = join(folder, 'mesh/filters/a.wasm');
    await writeFile(path, modules[0] as Uint8Array);
    start({ watch: false });
    const snapshot = await snapshotOf(`{ url: "${url === 'absolute' ? `file://${path}` : url}" }`);
    await (provider as PluginModuleProvider).resolve(snapshot);
    await readCopies();
    expect(await found(snapshot)).toEqual([0]);
  },
);

test('createPluginModules: a changed module is another file; the same content is the same', async () => {
  const path = join(folder, 'a.wasm');
  await writeFile(path, modules[0] as Uint8Array);
  start();
  const snapshot = await snapshotOf(`{ url: "file://${path}" }`);
  const first = await provider?.resolve(snapshot);
  expect(await provider?.resolve(snapshot)).toBe(first);
  const changed = change();
  await save(path, modules[1] as Uint8Array);
  await changed;
  await readCopies();
  expect(await found(snapshot)).toEqual([1]);
  expect(contents.size).toBeGreaterThanOrEqual(2);
});

test('createPluginModules: of a module that cannot be used the last good one stays, until it is good again', async () => {
  const path = join(folder, 'a.wasm');
  await writeFile(path, modules[0] as Uint8Array);
  start();
  const snapshot = await snapshotOf(`{ url: "file://${path}" }`);
  await provider?.resolve(snapshot);
  await readCopies();
  let changed = change();
  await save(path, new TextEncoder().encode('no module'));
  await changed;
  expect(await found(snapshot)).toEqual([
    0,
    expect.stringMatching(/^spec.url: Cannot .* module.*; the last good module goes on being served$/),
  ]);
  changed = change();
  await rm(path);
  await changed;
  expect(await found(snapshot)).toEqual([0, expect.stringContaining(`there is no file "${path}"`)]);
  changed = change();
  await save(path, modules[1] as Uint8Array);
  await changed;
  await readCopies();
  expect(await found(snapshot)).toEqual([1]);
});

test.each([
  ['FAIL_CLOSE', 'requests that should pass the plugin are answered with 503'],
  ['FAIL_OPEN', 'requests go by the plugin (FAIL_OPEN)'],
])('createPluginModules: a module that never was, %s', async (failStrategy, effect) => {
  start();
  const path = join(folder, 'mesh/a.wasm');
  const snapshot = await snapshotOf(`{ url: ./a.wasm, failStrategy: ${failStrategy} }`);
  expect(await found(snapshot)).toEqual(['unavailable', `spec.url: there is no file "${path}"; ${effect}`]);
  const changed = change();
  await mkdir(join(folder, 'mesh'));
  await writeFile(path, modules[0] as Uint8Array);
  await changed;
  await readCopies();
  expect(await found(snapshot)).toEqual([0]);
});

test('createPluginModules: the module must be what sha256 says', async () => {
  const path = join(folder, 'a.wasm');
  await writeFile(path, modules[0] as Uint8Array);
  const [hash, other] = await Promise.all(modules.map(sha256));
  start({ watch: false });
  expect(await found(await snapshotOf(`{ url: "file://${path}", sha256: ${other} }`))).toEqual([
    'unavailable',
    expect.stringContaining(`spec.sha256: "${path}" has SHA-256 ${hash}, wanted ${other}`),
  ]);
  const right = await snapshotOf(`{ url: "file://${path}", sha256: ${hash?.toUpperCase()} }`);
  await provider?.resolve(right);
  await readCopies();
  expect(await found(right)).toEqual([0]);
});

test('createPluginModules: sources are built, and built again when one of them is saved', async () => {
  const sources = join(folder, 'mesh/filters/a');
  await mkdir(join(sources, 'assembly/parts'), { recursive: true });
  await writeFile(join(sources, 'assembly/parts/one.ts'), '0');
  const elsewhere = join(folder, 'shared.ts');
  await writeFile(elsewhere, '');
  const built: string[] = [];
  start({
    build: async (path) => {
      built.push(path);
      const text = await readFile(join(sources, 'assembly/parts/one.ts'), 'utf8');
      if ((await readFile(elsewhere, 'utf8')) === 'broken') throw new Error('shared.ts: 1:1 is broken');
      if (text === 'broken') throw new Error('one.ts: 1:1 is broken');
      return { wasm: modules[Number(text)] as Uint8Array<ArrayBuffer>, files: [elsewhere] };
    },
  });
  const snapshot = await snapshotOf('{ url: ./filters/a }');
  await provider?.resolve(snapshot);
  await readCopies();
  expect(await found(snapshot)).toEqual([0]);
  let changed = change();
  await writeFile(join(sources, 'assembly/parts/one.ts'), 'broken');
  await changed;
  expect(await found(snapshot)).toEqual([0, expect.stringContaining('spec.url: one.ts: 1:1 is broken')]);
  changed = change();
  await writeFile(join(sources, 'assembly/parts/one.ts'), '1');
  await changed;
  await readCopies();
  expect(await found(snapshot)).toEqual([1]);
  expect(new Set(built)).toEqual(new Set([sources]));
  // A file outside of the folder is followed as well, also after a build that failed.
  changed = change();
  await writeFile(elsewhere, 'broken');
  await changed;
  expect(await found(snapshot)).toEqual([1, expect.stringContaining('spec.url: shared.ts: 1:1 is broken')]);
  changed = change();
  await writeFile(elsewhere, 'mended');
  await changed;
  expect(await found(snapshot)).toEqual([1]);
});

test('createPluginModules: without a builder sources are refused', async () => {
  await mkdir(join(folder, 'mesh/filters/a'), { recursive: true });
  start({ watch: false });
  expect(await found(await snapshotOf('{ url: ./filters/a }'))).toEqual([
    'unavailable',
    expect.stringContaining('holds sources, and nothing builds them here'),
  ]);
});

test('createPluginModules: absolute paths of another machine are left to it', async () => {
  start({ watch: false, absolutePaths: 'unread' });
  expect(await found(await snapshotOf('{ url: file:///opt/a.wasm }'))).toEqual([undefined]);
  expect(await found(await snapshotOf('{ url: ./a.wasm }'))).toEqual([
    'unavailable',
    expect.stringContaining('no file'),
  ]);
});

test('createPluginModules: what is no file is not its business', async () => {
  start({ watch: false });
  expect(await found(await snapshotOf('{ url: oci://registry.example/a }'))).toEqual([undefined]);
});

const SCHEMA = '{"properties": {"limit": {"type": "integer"}}, "additionalProperties": false}';

/** Codes, fields and messages of all that is told. */
async function told(snapshot: MeshSnapshot): Promise<readonly string[]> {
  const { diagnostics } = await (provider as PluginModuleProvider).resolve(snapshot);
  return diagnostics.map(({ code, path, message }) => `${code} ${path.join('.')}: ${message}`);
}

test.each([
  ['in the folder of a filter', './guard', 'guard/schema.json'],
  ['of sources', './guard/assembly/index.ts', 'guard/schema.json'],
  ['above build', './guard/build/guard.wasm', 'guard/schema.json'],
  ['with the name of a module', './guard/build/guard.wasm', 'guard/build/guard.schema.json'],
  ['beside the only module', './one/module.wasm', 'one/schema.json'],
])('createPluginModules checks configurations by a schema %s', async (_, url, schema) => {
  await mkdir(join(folder, 'mesh/guard/build'), { recursive: true });
  await mkdir(join(folder, 'mesh/guard/assembly'));
  await mkdir(join(folder, 'mesh/one'));
  const [wasm = new Uint8Array()] = modules;
  for (const file of ['guard/build/guard.wasm', 'one/module.wasm']) await writeFile(join(folder, 'mesh', file), wasm);
  await writeFile(join(folder, 'mesh/guard/assembly/index.ts'), '');
  await writeFile(join(folder, 'mesh', schema), SCHEMA);
  start({ build: async () => ({ wasm, files: [] }) });
  expect(await told(await snapshotOf(`{ url: ${url}, pluginConfig: { limit: 5 } }`))).toEqual([]);
  const wrong = await snapshotOf(`{ url: ${url}, pluginConfig: { limit: five } }`);
  expect(await told(wrong)).toEqual(['HED251 spec.pluginConfig.limit: found a text of 4 characters, wanted integer']);
  expect((await (provider as PluginModuleProvider).resolve(wrong)).modules.get('shop/a')).toMatchObject({
    state: 'ready',
  });
});

test('createPluginModules leaves a schema alone that stands beside several modules', async () => {
  await mkdir(join(folder, 'mesh'), { recursive: true });
  for (const [index, wasm] of modules.entries()) await writeFile(join(folder, `mesh/m${index}.wasm`), wasm);
  await writeFile(join(folder, 'mesh/schema.json'), SCHEMA);
  start();
  expect(await told(await snapshotOf('{ url: ./m0.wasm, pluginConfig: { limit: five } }'))).toEqual([]);
});

test('createPluginModules follows a schema, and tells of one that is none', async () => {
  await mkdir(join(folder, 'mesh'), { recursive: true });
  await writeFile(join(folder, 'mesh/m.wasm'), modules[0] ?? new Uint8Array());
  const watched = start();
  const snapshot = await snapshotOf('{ url: ./m.wasm, pluginConfig: { limit: 5 } }');
  expect(await told(snapshot)).toEqual([]);
  const changed = new Promise<void>((resolve) => void watched.subscribe(resolve));
  await writeFile(join(folder, 'mesh/m.schema.json'), '[]');
  await changed;
  expect(await told(snapshot)).toEqual([
    `HED252 spec.url: "${join(folder, 'mesh/m.schema.json')}": found no object, wanted a JSON Schema`,
  ]);
});
