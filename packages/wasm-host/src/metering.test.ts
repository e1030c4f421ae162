import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../test/compile-test-module.ts';
import { moduleOf } from '../test/module-bytes.ts';
import { BUDGET_EXPORT, metered } from './metering.ts';
import { createFilter } from './testing/emulated-filter.ts';
import { BinaryError } from './wasm-binary.ts';
import { loadModule, ModuleError } from './wasm-module.ts';

let wasm: Uint8Array<ArrayBuffer>;
beforeAll(async () => {
  wasm = await compileTestModule('meter');
}, 60_000);

describe('a metered module', () => {
  test.each([
    { path: '/loop', few: 1_000, many: 20_000_000 },
    { path: '/nested', few: 10, many: 20_000 },
    { path: '/recurse', few: 10, many: 24 },
    { path: '/copy', few: 100, many: 20_000 },
    { path: '/fill', few: 100, many: 20_000 },
    { path: '/branch', few: 1_000, many: 20_000_000 },
    { path: '/call', few: 5_000, many: 50_000 },
    { path: '/hand', few: 50, many: 200 },
  ])('$path runs as far as its budget goes', async ({ path, few, many }) => {
    const filter = await createFilter({ wasm, timeLimitMs: 5 });
    expect((await filter.request({ path: `${path}/${few}` })).outcome).toBe('answered');
    expect(filter.failure).toBeUndefined();
    await filter.request({ path: `${path}/${many}` });
    expect(filter.failure?.message).toBe('The module failed in proxy_on_request_headers: it ran longer than 5 ms');
  });

  test('has its whole budget in each callback', async () => {
    const filter = await createFilter({ wasm, timeLimitMs: 5 });
    for (let round = 0; round < 20; round += 1) await filter.request({ path: '/loop/100000' });
    expect(filter.failure).toBeUndefined();
  });

  test('ends at the same place each time', async () => {
    const left = async () => {
      const { module } = await loadModule(wasm);
      let reads = 0;
      const path = new TextEncoder().encode('/nested/50');
      const instance = new WebAssembly.Instance(module, {
        env: {
          proxy_log: () => 0,
          proxy_set_effective_context: () => 0,
          proxy_get_header_map_value: (_map: number, _key: number, _size: number, at: number, sizeAt: number) => {
            reads += 1;
            const memory = new DataView((instance.exports['memory'] as WebAssembly.Memory).buffer);
            const pointer = (instance.exports['proxy_on_memory_allocate'] as (size: number) => number)(path.length);
            new Uint8Array(memory.buffer, pointer, path.length).set(path);
            memory.setUint32(at, pointer, true);
            memory.setUint32(sizeAt, path.length, true);
            return 0;
          },
        },
      });
      const budget = instance.exports[BUDGET_EXPORT] as WebAssembly.Global;
      (instance.exports['_initialize'] as () => void)();
      budget.value = 2_000_000;
      (instance.exports['proxy_on_request_headers'] as (...args: number[]) => number)(2, 1, 1);
      expect(reads).toBe(1);
      return budget.value as number;
    };
    const first = await left();
    // 50,000 rounds of some instructions, and not much beside.
    expect(first).toBeLessThan(2_000_000 - 50_000 * 4);
    expect(first).toBeGreaterThan(2_000_000 - 50_000 * 24);
    expect(await left()).toBe(first);
  });

  test('is the module with one more global and one more export', () => {
    const module = new WebAssembly.Module(metered(wasm));
    const before = new WebAssembly.Module(wasm);
    expect(WebAssembly.Module.imports(module)).toEqual(WebAssembly.Module.imports(before));
    expect(WebAssembly.Module.exports(module).slice(0, -1)).toEqual(WebAssembly.Module.exports(before));
    expect(WebAssembly.Module.exports(module).at(-1)).toMatchObject({ name: BUDGET_EXPORT, kind: 'global' });
  });
});

/** One function without parameters that is made of these instructions, exported as "f". */
const functionOf = (...instructions: readonly number[]) =>
  moduleOf(
    [1, 1, 0x60, 0, 0],
    [3, 1, 0],
    [5, 1, 0, 1],
    [7, 1, 1, 0x66, 0, 0],
    [10, 1, instructions.length + 2, 0, ...instructions, 0x0b],
  );

test.each([
  { name: 'a block with a branch table', code: [0x02, 0x40, 0x41, 0, 0x0e, 1, 0, 0, 0x0b] },
  {
    name: 'numbers of all kinds',
    code: [0x41, 0x7f, 0x1a, 0x42, 0x80, 0x7f, 0x1a, 0x43, 0, 0, 0, 0, 0x1a, 0x44, 0, 0, 0, 0, 0, 0, 0, 0, 0x1a],
  },
  { name: 'a select with a type', code: [0x41, 1, 0x41, 2, 0x41, 3, 0x1c, 1, 0x7f, 0x1a] },
  { name: 'an if with an else', code: [0x41, 1, 0x04, 0x40, 0x01, 0x05, 0x01, 0x0b] },
  { name: 'a conversion that saturates', code: [0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a] },
  { name: 'a fill in a loop', code: [0x03, 0x40, 0x41, 0, 0x41, 0, 0x41, 8, 0xfc, 11, 0, 0x0b] },
  { name: 'a vector constant and a lane', code: [0xfd, 12, ...Array.from({ length: 16 }, () => 0), 0xfd, 21, 3, 0x1a] },
  {
    name: 'a vector load and a lane load',
    code: [
      0x41,
      0,
      0xfd,
      0,
      0,
      0,
      0x1a,
      0x41,
      0,
      0xfd,
      12,
      ...Array.from({ length: 16 }, () => 0),
      0xfd,
      0x54,
      0,
      0,
      1,
      0x1a,
    ],
  },
  { name: 'an atomic load and a fence', code: [0xfe, 3, 0, 0x41, 0, 0xfe, 0x10, 2, 0, 0x1a] },
  { name: 'a reference', code: [0xd0, 0x70, 0xd1, 0x1a] },
  { name: 'code behind a branch', code: [0x02, 0x40, 0x0c, 0, 0x41, 0, 0x41, 0, 0x41, 8, 0xfc, 11, 0, 0x0b] },
])('metered reads $name', ({ code }) => {
  const bytes = functionOf(...code);
  expect(WebAssembly.validate(bytes)).toBe(true);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(metered(bytes)));
  const budget = instance.exports[BUDGET_EXPORT] as WebAssembly.Global;
  budget.value = 100;
  (instance.exports['f'] as () => void)();
  expect(budget.value).toBeLessThan(100);
});

test('metered puts its global behind those that are there, and behind imported ones', () => {
  const bytes = moduleOf(
    [1, 1, 0x60, 0, 1, 0x7f],
    // A function, a table, a memory and a global.
    [
      2, 4, 1, 0x61, 1, 0x66, 0, 0, 1, 0x61, 1, 0x74, 1, 0x70, 1, 0, 9, 1, 0x61, 1, 0x6d, 2, 0, 1, 1, 0x61, 1, 0x67, 3,
      0x7f, 0,
    ],
    [3, 1, 0],
    [6, 1, 0x7f, 0, 0x41, 5, 0x0b],
    [7, 1, 1, 0x66, 0, 1],
    [10, 1, 7, 0, 0x23, 0, 0x23, 1, 0x6a, 0x0b],
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(metered(bytes)), {
    a: {
      f: () => 0,
      t: new WebAssembly.Table({ element: 'anyfunc', initial: 0, maximum: 9 }),
      m: new WebAssembly.Memory({ initial: 1 }),
      g: 37,
    },
  });
  expect((instance.exports['f'] as () => number)()).toBe(42);
});

test.each([
  { name: 'an instruction that nobody knows', bytes: functionOf(0xfb, 0), message: 'instruction 0xfb' },
  { name: 'a bulk instruction that nobody knows', bytes: functionOf(0xfc, 99), message: 'instruction 0xfc' },
  { name: 'a type that is none of a function', bytes: moduleOf([1, 1, 0x5f, 0]), message: 'a type 0x5f' },
  { name: 'an import that nobody knows', bytes: moduleOf([2, 1, 0, 0, 9]), message: 'an import of a kind 9' },
  {
    name: 'a number of more than 32 bits',
    bytes: moduleOf([1, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    message: 'more than 32 bits',
  },
  { name: 'a number that does not end', bytes: moduleOf([1, 0xff]), message: 'in the middle of something' },
  {
    name: 'a section beyond the end',
    bytes: Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9]),
    message: 'ends beyond the file',
  },
  { name: 'code behind the end of a function', bytes: functionOf(0x0b, 0x01), message: 'behind its end' },
])('metered refuses $name', async ({ bytes, message }) => {
  expect(() => metered(bytes)).toThrow(BinaryError);
  expect(() => metered(bytes)).toThrow(message);
  await expect(loadModule(bytes)).rejects.toThrow(ModuleError);
  await expect(loadModule(bytes)).rejects.toMatchObject({ code: 'malformed' });
});
