import { describe, expect, test } from 'vitest';
import { compileTestModule } from '../test/compile-test-module.ts';
import { type EmptyModule, emptyModule } from '../test/module-bytes.ts';
import { startPlugin } from './plugin.ts';
import { createFilter } from './testing/emulated-filter.ts';
import { loadModule, ModuleError } from './wasm-module.ts';

const MARKERS = ['proxy_abi_version_0_1_0', 'proxy_abi_version_0_2_0', 'proxy_abi_version_0_2_1'];

/** Starts a module; the message of what it is refused for. */
async function refusal(
  module: EmptyModule | Uint8Array<ArrayBuffer>,
): Promise<{ code: string; message: string } | undefined> {
  try {
    const plugin = await startPlugin({
      module: module instanceof Uint8Array ? module : emptyModule(module),
      name: 'test',
    });
    plugin.close();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ModuleError);
    return { code: (error as ModuleError).code, message: (error as ModuleError).message };
  }
}

test('a module of ABI 0.1.0 runs with the calls and the arguments of its time', async () => {
  const filter = await createFilter({ wasm: await compileTestModule('abi-0-1-0'), configuration: 'old' });
  const open = await filter.open({ path: '/', headers: { other: '1' } }, { body: 'fine' });
  expect(open.result).toMatchObject({ outcome: 'paused', paused: 'request', routeCacheClears: 1 });
  await filter.clock.advance(10);
  expect(open.result).toMatchObject({ outcome: 'paused', paused: 'response' });
  await filter.clock.advance(10);
  expect(open.result).toMatchObject({
    outcome: 'answered',
    body: 'fine',
    headers: { seen: '1' },
    upstream: { headers: { seen: "old 5 0 ''" } },
  });
});

describe('what a module may import', () => {
  const since: Readonly<Record<string, readonly string[]>> = {
    'env.proxy_log': MARKERS,
    'env.proxy_call_foreign_function': MARKERS,
    'env.proxy_get_configuration': MARKERS.slice(0, 1),
    'env.proxy_continue_request': MARKERS.slice(0, 1),
    'env.proxy_continue_response': MARKERS.slice(0, 1),
    'env.proxy_clear_route_cache': MARKERS.slice(0, 1),
    'env.proxy_continue_stream': MARKERS.slice(1),
    'env.proxy_close_stream': MARKERS.slice(1),
    'env.proxy_get_log_level': MARKERS.slice(2),
    'wasi_snapshot_preview1.fd_write': MARKERS,
    'wasi_unstable.proc_exit': MARKERS,
    'env.emscripten_notify_memory_growth': MARKERS,
  };
  const cases = Object.entries(since).flatMap(([path, markers]) =>
    MARKERS.map((marker) => ({ path, marker, isThere: markers.includes(marker) })),
  );
  test.each(cases)('$path under $marker: $isThere', async ({ path, marker, isThere }) => {
    const found = await refusal({ imports: [path], exports: [marker, 'malloc'] });
    if (isThere) expect(found).toBeUndefined();
    else {
      expect(found).toEqual({
        code: 'imports',
        message: `Cannot start the module: it imports "${path}", which a proxy does not have`,
      });
    }
  });

  test('all that is missing is named', async () => {
    const imports = ['env.abort', 'env.proxy_log', 'wasi_snapshot_preview2.run', 'env.toString'];
    expect((await refusal({ imports }))?.message).toBe(
      'Cannot start the module: it imports "env.abort", "wasi_snapshot_preview2.run", "env.toString", which a proxy does not have',
    );
  });
});

test.each([
  {
    name: 'a marker of another version',
    module: { exports: ['proxy_abi_version_0_3_0', 'malloc'] },
    code: 'abi-version',
    message: 'found proxy_abi_version_0_3_0',
  },
  {
    name: 'no marker',
    module: { exports: ['malloc'] },
    code: 'abi-version',
    message: 'wanted the marker of Proxy-Wasm ABI 0.1.0, 0.2.0, 0.2.1 among its exports, found none',
  },
  {
    name: 'no allocator',
    module: { exports: ['proxy_abi_version_0_2_1'] },
    code: 'no-allocator',
    message: 'wanted "malloc" or "proxy_on_memory_allocate"',
  },
  {
    name: 'no memory',
    module: { hasMemory: false },
    code: 'no-memory',
    message: 'wanted a memory among its exports, found none',
  },
  { name: 'a start section', module: { hasStart: true }, code: 'start-section', message: 'it has a start section' },
  {
    name: 'too much memory',
    module: { memoryPages: 2000 },
    code: 'too-much-memory',
    message: 'it wants 131072000 bytes of memory to begin with, at most 67108864 are allowed',
  },
  {
    name: 'what is no module',
    module: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]),
    code: 'malformed',
    message: 'Cannot read the module: wanted 00 61 73 6d',
  },
] as const)('a module with $name is refused', async ({ module, code, message }) => {
  const found = await refusal(module);
  expect(found?.code).toBe(code);
  expect(found?.message).toContain(message);
});

test('of several markers the newest counts', async () => {
  const { abiVersion } = await loadModule(emptyModule({ exports: ['malloc', ...MARKERS] }));
  expect(abiVersion).toBe('0.2.1');
});

test.each(['_initialize', '_start'])('a module that calls its host too early in %s is refused', async (start) => {
  // proxy_done is about a context, and there is none yet; the function that is exported calls it.
  const bytes = emptyModule({ imports: ['env.proxy_done'], exports: ['proxy_abi_version_0_2_1', 'malloc', start] });
  const callsHost = Uint8Array.from([...bytes.slice(0, -6), 10, 6, 1, 4, 0, 0x10, 0, 0x0b]);
  expect(await refusal(callsHost)).toMatchObject({
    code: 'initialisation',
    message: expect.stringContaining('The module asks its host for something before it was started'),
  });
});
