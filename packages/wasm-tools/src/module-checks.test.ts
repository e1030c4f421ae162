import { describe, expect, test } from 'vitest';
import { checkModule, type ModuleProblem } from './module-checks.ts';
import { readWasmBinary } from './wasm-binary.ts';

const text = (value: string) => [value.length, ...new TextEncoder().encode(value)];
const section = (id: number, ...bytes: readonly number[]) => [id, bytes.length, ...bytes];
/** A section with a list, each of whose entries is bytes. */
const list = (id: number, entries: readonly (readonly number[])[]) => section(id, entries.length, ...entries.flat());

/** Types of functions, by index: () → (), (i32) → i32, (i32, i32, i32) → i32. */
const TYPES = [
  [0x60, 0, 0],
  [0x60, 1, 0x7f, 1, 0x7f],
  [0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f],
];

interface Shape {
  /** `MODULE.NAME` with an index of TYPES. */
  readonly imports?: Readonly<Record<string, number>>;
  readonly otherImports?: readonly (readonly number[])[];
  readonly exports?: Readonly<Record<string, number>>;
  readonly hasMemory?: boolean;
  readonly hasStart?: boolean;
}

const FIT = { proxy_abi_version_0_2_1: 0, proxy_on_memory_allocate: 1 };

/** A module of this shape, with functions that do nothing. */
function moduleOf({ imports = {}, otherImports = [], exports = FIT, hasMemory = true, hasStart = false }: Shape) {
  const imported = Object.entries(imports).map(([name, type]) => {
    const dot = name.indexOf('.');
    return [...text(name.slice(0, dot)), ...text(name.slice(dot + 1)), 0, type];
  });
  const names = Object.entries(exports);
  const exported = names.map(([name], index) => [...text(name), 0, imported.length + index]);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...list(1, TYPES),
    ...list(2, [...imported, ...otherImports]),
    ...list(
      3,
      names.map(([, type]) => [type]),
    ),
    ...list(5, [[0, 1]]),
    ...list(7, hasMemory ? [...exported, [...text('memory'), 2, 0]] : exported),
    ...(hasStart ? section(8, imported.length) : []),
    ...list(
      10,
      names.map(([, type]) => (type === 0 ? [2, 0, 0x0b] : [4, 0, 0x41, 0, 0x0b])),
    ),
  ]);
}

const check = (shape: Shape): readonly ModuleProblem[] => checkModule(readWasmBinary(moduleOf(shape)));

describe('checkModule', () => {
  test('finds nothing wrong with a module that is fit', () => {
    const imports = { 'env.proxy_log': 2, 'wasi_snapshot_preview1.proc_exit': 0 };
    const { 'wasi_snapshot_preview1.proc_exit': _, ...hostcalls } = imports;
    expect(WebAssembly.validate(moduleOf({ imports }))).toBe(true);
    expect(check({ imports: hostcalls, exports: { ...FIT, _initialize: 0, own_export: 0 } })).toEqual([]);
  });

  test.each<[string, Shape, Partial<ModuleProblem>]>([
    [
      'a start section',
      { hasStart: true },
      {
        code: 'start-section',
        severity: 'error',
        why: expect.stringContaining('kills the whole Envoy process'),
        cure: expect.stringContaining('--exportStart _initialize'),
      },
    ],
    [
      'a hostcall that is not there',
      { imports: { 'env.proxy_lgo': 2 } },
      { code: 'unknown-import', severity: 'error', cure: 'did you mean "proxy_log"?' },
    ],
    [
      'a function of no module that a proxy has',
      { imports: { 'other.proxy_log': 2 } },
      { code: 'unknown-import', message: 'it imports "other.proxy_log"' },
    ],
    [
      'a function of WASI that is not there',
      { imports: { 'wasi_snapshot_preview1.thread_spawn': 1 } },
      { code: 'unknown-import', message: 'it imports "wasi_snapshot_preview1.thread_spawn"' },
    ],
    [
      'a hostcall of another version',
      { imports: { 'env.proxy_get_log_level': 1 }, exports: { proxy_abi_version_0_2_0: 0, malloc: 1 } },
      { code: 'unknown-import', cure: expect.stringContaining('proxy_abi_version_0_2_1') },
    ],
    [
      'a hostcall of another type',
      { imports: { 'env.proxy_log': 1 } },
      { code: 'import-type', cure: 'declare it as (i32, i32, i32) → i32' },
    ],
    [
      'an imported memory',
      { otherImports: [[...text('env'), ...text('memory'), 2, 0, 1]] },
      { code: 'unknown-import', message: 'it imports memory env.memory' },
    ],
    ['no marker', { exports: { malloc: 1 } }, { code: 'abi-version', message: 'it does not say which ABI it speaks' }],
    [
      'the marker of a version to come',
      { exports: { proxy_abi_version_0_3_0: 0, malloc: 1 } },
      { code: 'abi-version', message: 'it speaks an ABI by proxy_abi_version_0_3_0' },
    ],
    ['no allocator', { exports: { proxy_abi_version_0_2_1: 0 } }, { code: 'no-allocator' }],
    ['no memory', { hasMemory: false }, { code: 'no-memory' }],
    [
      'a callback of another type',
      { exports: { ...FIT, proxy_on_request_headers: 1 } },
      { code: 'callback-type', severity: 'error', cure: 'declare it as (i32, i32, i32) → i32' },
    ],
    [
      'what only looks like a callback',
      { exports: { ...FIT, proxy_on_request_header: 1 } },
      { code: 'unknown-callback', severity: 'warning' },
    ],
  ])('finds %s, and nothing else', (_, shape, problem) => {
    const problems = check(shape);
    expect(problems).toMatchObject([problem]);
    expect(problems).toHaveLength(1);
  });
});
