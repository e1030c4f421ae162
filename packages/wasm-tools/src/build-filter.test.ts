import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadModule, WasmVm } from '@heddle/wasm-host';
import { createFilter } from '@heddle/wasm-host/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BuildError } from './build-error.ts';
import { type BuildOptions, buildFilter } from './build-filter.ts';
import { CompileError } from './compile-error.ts';
import { readWasmBinary } from './wasm-binary.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-build-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A module that a proxy takes, and what a case adds to it. */
const FRAME = `
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_context_create(id: i32, root: i32): void {}
`;

async function build(source: string, options: BuildOptions = {}) {
  const entry = path.join(folder, 'assembly/index.ts');
  await mkdir(path.dirname(entry), { recursive: true });
  await writeFile(entry, FRAME + source);
  return buildFilter(folder, { name: 'example', optimize: false, ...options });
}

describe('buildFilter', () => {
  test('makes a module that a proxy runs, and says what is in it', async () => {
    const built = await build('export function proxy_on_tick(id: i32): void { assert(id != 7, "seven"); }', {
      optimize: true,
    });
    expect(built).toMatchObject({
      size: built.wasm.length,
      exports: [
        '_initialize',
        'proxy_abi_version_0_2_1',
        'proxy_on_context_create',
        'proxy_on_memory_allocate',
        'proxy_on_tick',
      ],
      imports: ['env.proxy_log'],
      warnings: [],
      problems: [],
    });
    expect(built.gzipSize).toBeLessThan(built.size);
    expect(built.namesSize).toBeGreaterThan(100);
    const map = JSON.parse(built.sourceMap);
    expect(map).toMatchObject({ version: 3, file: 'example.wasm' });
    expect(map.sources).toContain('assembly/index.ts');
    expect(built.files).toEqual([path.join(folder, 'assembly/index.ts')]);
    expect(new TextDecoder('latin1').decode(built.wasm)).not.toContain(folder);
  });

  test('leaves names out where nobody wants them', async () => {
    const source = 'export function proxy_on_tick(id: i32): void { assert(id != 7, "seven"); }';
    const [named, unnamed] = [await build(source), await build(source, { names: false })];
    expect(unnamed.namesSize).toBe(0);
    expect(unnamed.size).toBe(named.size - named.namesSize);
  });

  test.each([
    { name: 'smallest', named: 5_000, unnamed: 4_200 },
    { name: 'api-key', named: 7_000, unnamed: 6_000 },
  ])('makes a small module of a small filter with the SDK: $name', async ({ name, named, unnamed }) => {
    const entry = fileURLToPath(new URL(`../../wasm-sdk/test-modules/${name}.ts`, import.meta.url));
    expect((await buildFilter(entry)).size).toBeLessThan(named);
    expect((await buildFilter(entry, { names: false })).size).toBeLessThan(unnamed);
  });

  test('keeps names of functions alone, those of the SDK in short, and all code at its place', async () => {
    const entry = fileURLToPath(new URL('../../wasm-sdk/test-modules/smallest.ts', import.meta.url));
    const [{ wasm }, unnamed] = [await buildFilter(entry), await buildFilter(entry, { names: false })];
    const { functionNames, bodies, namesSection } = readWasmBinary(wasm);
    const exported = [...functionNames.values()].filter((name) => name.includes('proxy_on_'));
    expect(exported.sort()).toEqual([
      'proxy-wasm-exports/proxy_on_context_create',
      'proxy-wasm-exports/proxy_on_delete',
      'sdk/exports/proxy_on_memory_allocate',
      'sdk/exports/proxy_on_response_headers',
    ]);
    // Every function of the module but the one that it imports.
    expect([...functionNames.keys()]).toEqual(bodies.map((_, index) => index + 1));
    expect(bodies).toEqual(readWasmBinary(unnamed.wasm).bodies);
    expect(wasm.slice(0, namesSection?.start)).toEqual(unnamed.wasm.slice(0, namesSection?.start));
    const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm), 'name');
    // One subsection, and nothing behind it.
    const [kind, low = 0, high = 0] = new Uint8Array(section as ArrayBuffer);
    expect(kind).toBe(1);
    expect((section as ArrayBuffer).byteLength).toBe(3 + (low & 0x7f) + high * 0x80);
  });

  test('puts what a proxy has in place of what the standard library imports from a browser', async () => {
    const { wasm, imports } = await build(`
      export function proxy_on_configure(id: i32, size: i32): i32 {
        console.log("at " + new Date(Date.now()).toISOString());
        console.warn("päß 😀");
        console.assert(size == 1, "one byte");
        trace("numbers", 2, 1.5, 2);
        const first = Math.random();
        console.info(first >= 0 && first < 1 && first != Math.random() ? "random" : "not random");
        console.debug(Date.fromString("2024-02-03T04:05:06Z").getTime().toString() + " " + Date.UTC(1970, 0, 2).toString());
        console.error((performance.now() >= 0).toString());
        return 1;
      }`);
    expect(imports.filter((name) => !name.startsWith('env.proxy_'))).toEqual([
      'wasi_snapshot_preview1.clock_time_get',
      'wasi_snapshot_preview1.random_get',
    ]);
    const filter = await createFilter({ wasm });
    expect(filter.logs).toEqual([
      { level: 'info', message: 'at 2024-01-01T00:00:00.000Z' },
      { level: 'warn', message: 'päß 😀' },
      { level: 'error', message: 'Assertion failed: one byte' },
      { level: 'trace', message: 'numbers 1.5, 2.0' },
      { level: 'info', message: 'random' },
      { level: 'debug', message: '1706933106000 86400000' },
      { level: 'error', message: 'true' },
    ]);
  });

  test('logs what a trap is about, also while the module starts', async () => {
    const { wasm } = await build(`
      const early: i32 = fail("too éarly 😀" + "!".repeat(600));
      function fail(message: string): i32 { throw new Error(message); }
      export function proxy_on_tick(id: i32): void { assert(early); }`);
    const lines: string[] = [];
    const module = await loadModule(wasm);
    const log = (_: number, message: string) => void lines.push(message);
    expect(() => WasmVm.start(module, { log })).toThrow('failed in its initialisation');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^abort: too éarly 😀!{100,} at assembly\/index\.ts:7:\d+$/);
  });

  test.each<[what: string, source: string, code: string, message: RegExp]>([
    [
      'a hostcall that is not there',
      '@external("env", "proxy_get_header_map_valeu") declare function get(): i32;\nexport function proxy_on_log(id: i32): void { get(); }',
      'unknown-import',
      /imports "env\.proxy_get_header_map_valeu"[^]*did you mean "proxy_get_header_map_value"/,
    ],
    [
      'a hostcall of another version',
      '@external("env", "proxy_continue_request") declare function resume(): i32;\nexport function proxy_on_log(id: i32): void { resume(); }',
      'unknown-import',
      /in ABI 0\.1\.0 only[^]*proxy_continue_stream\(0\)/,
    ],
    [
      'a hostcall of another type',
      '@external("env", "proxy_log") declare function log(level: i64): i32;\nexport function proxy_on_log(id: i32): void { log(1); }',
      'import-type',
      /as \(i64\) → i32[^]*declare it as \(i32, i32, i32\) → i32/,
    ],
    [
      'a function without a body',
      'declare function other(): void;\nexport function proxy_on_log(id: i32): void { other(); }',
      'unknown-import',
      /imports "index\.other"[^]*@external\("env", "other"\)/,
    ],
    [
      'what only a page has',
      'export function proxy_on_log(id: i32): void { process.exit(1); }',
      'unknown-import',
      /imports "env\.process\.exit"[^]*a proxy has no processes/,
    ],
    [
      'a callback of another type',
      'export function proxy_on_request_headers(id: i32, count: i32): i32 { return 0; }',
      'callback-type',
      /as \(i32, i32\) → i32[^]*declare it as \(i32, i32, i32\) → i32/,
    ],
  ])('refuses %s, and says what to do', async (_, source, code, message) => {
    const error = await build(source).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(BuildError);
    expect((error as BuildError).code).toBe(code);
    expect((error as BuildError).message).toMatch(message);
  });

  test('refuses a start section, an imported memory and a module without a marker or an allocator', async () => {
    const entry = path.join(folder, 'bare.ts');
    await writeFile(
      entry,
      'export function proxy_on_tick(id: i32): void { memory.data(8); }\nassert(memory.size() > 0);',
    );
    const error = (await buildFilter(entry, {
      optimize: false,
      flags: ['--exportStart', '', '--importMemory', '--noExportMemory'],
    }).catch((thrown: unknown) => thrown)) as BuildError;
    expect(error.problems.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['abi-version', 'no-memory', 'no-allocator', 'unknown-import']),
    );
  });

  test('makes the exports of a filter that is written with the SDK, of the classes that it has', async () => {
    const entry = path.join(folder, 'sdk.ts');
    await writeFile(
      entry,
      `import { HeadersResult, HttpContext } from "@heddle/wasm-sdk/assembly";
       export class Marked extends HttpContext {
         onRequestHeaders(endOfStream: bool): HeadersResult {
           this.requestHeaders.set("x-marked", "yes");
           return HeadersResult.Continue;
         }
       }`,
    );
    const { wasm, exports } = await buildFilter(entry);
    expect(exports).toContain('proxy_on_request_headers');
    expect(exports).not.toContain('proxy_on_response_headers');
    const filter = await createFilter({ wasm });
    expect((await filter.request()).upstream?.headers).toMatchObject({ 'x-marked': 'yes' });
  });

  test('warns of an export that looks like a callback', async () => {
    const { problems } = await build('export function proxy_on_request_header(id: i32): void {}');
    expect(problems).toMatchObject([
      { code: 'unknown-callback', severity: 'warning', cure: 'did you mean "proxy_on_request_headers"?' },
    ]);
  });

  test('shows the line that the compiler refuses', async () => {
    const error = (await build('export function broken(): i32 {\n\treturn  unknwon + 1;\n}').catch(
      (thrown: unknown) => thrown,
    )) as CompileError;
    expect(error).toBeInstanceOf(CompileError);
    expect(error.message).toContain('1 error');
    const [diagnostic] = error.diagnostics;
    expect(diagnostic).toMatchObject({
      severity: 'error',
      code: 'TS2304',
      message: "Cannot find name 'unknwon'.",
      place: { line: 6, column: 10, length: 7, source: '\treturn  unknwon + 1;' },
    });
    expect(error.message).toMatch(
      /assembly\/index\.ts:6:10: error TS2304: Cannot find name 'unknwon'\.\n {4}6 │ \treturn {2}unknwon \+ 1;\n {6}│ \t {8}\^{7}$/,
    );
  });

  test.each([
    ['a path where nothing is', 'nowhere', 'found nothing there'],
    ['a folder without an entry', 'empty', 'found neither assembly/index.ts nor index.ts'],
  ])('says so of %s', async (_, name, message) => {
    await mkdir(path.join(folder, 'empty'), { recursive: true });
    await expect(buildFilter(path.join(folder, name))).rejects.toThrow(message);
  });
});
