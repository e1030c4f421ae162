// What buildFilter has the compiler do, as it shows in the module.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createFilter } from '@heddle/wasm-host/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuildOptions, type BuiltFilter, buildFilter } from './build-filter.ts';
import { readWasmBinary } from './wasm-binary.ts';

const SOURCE = `
const greeting = "he" + (memory.size() > 0 ? "llo" : "");
@inline function unused(): i32 { return 1; }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_configure(id: i32, size: i32): i32 {
  console.log(greeting + ASC_RUNTIME.toString() + ASC_OPTIMIZE_LEVEL.toString() + ASC_SHRINK_LEVEL.toString());
  assert(unused() == 1, "one");
  return 1;
}
`;

let folder: string;
let entry: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-flags-'));
  entry = path.join(folder, 'flags.ts');
  await writeFile(entry, SOURCE);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const said = async ({ wasm }: BuiltFilter) => (await createFilter({ wasm })).logs.map(({ message }) => message);
const build = (options: BuildOptions = {}) => buildFilter(entry, options);

describe('buildFilter', () => {
  test('has the module started by its host', async () => {
    const { wasm, exports } = await build();
    expect([readWasmBinary(wasm).hasStartSection, exports.includes('_initialize')]).toEqual([false, true]);
  });

  test('takes the minimal runtime, optimises for speed and size, or not at all', async () => {
    // asc: runtimes are stub 0, minimal 1, incremental 2.
    expect(await said(await build())).toEqual(['hello131']);
    expect(await said(await build({ optimize: false }))).toEqual(['hello100']);
  });

  test('lets the last flag of a kind count', async () => {
    expect(await said(await build({ optimize: false, flags: ['--runtime', 'incremental'] }))).toEqual(['hello200']);
  });

  test('limits the memory to 64 MiB', async () => {
    const built = await build();
    const { exports } = await WebAssembly.instantiate(await WebAssembly.compile(built.wasm), importsOf(built));
    const memory = exports['memory'] as WebAssembly.Memory;
    const pages = () => memory.buffer.byteLength / 65_536;
    memory.grow(1024 - pages());
    expect(() => memory.grow(1)).toThrow();
  });

  test('keeps the names of functions, and where they come from', async () => {
    const built = await build();
    expect([...readWasmBinary(built.wasm).functionNames.values()].join(' ')).toContain('proxy_on_configure');
    expect(JSON.parse(built.sourceMap)).toMatchObject({ file: 'flags.wasm', sourcesContent: expect.any(Array) });
  });
});

/** Functions for all that a module imports. */
function importsOf({ imports }: BuiltFilter): WebAssembly.Imports {
  const all: Record<string, Record<string, () => number>> = {};
  for (const one of imports) {
    const dot = one.indexOf('.');
    const module = one.slice(0, dot);
    all[module] = { ...all[module], [one.slice(dot + 1)]: () => 0 };
  }
  return all;
}
