import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuiltFilter, buildFilter } from './build-filter.ts';
import { runFilter } from './run-filter.ts';
import { traceModule } from './traced-module.ts';
import { formatTrap, locateTrap, readTraps, type Trap } from './trap-log.ts';

const SOURCE = `export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_context_create(id: i32, root: i32): void {}
class Parts { list: i32[] = []; }
function pick(parts: Parts, index: i32): i32 {
  return parts.list[index];
}
function descend(n: i32): i32 {
  if (n > 2) return pick(new Parts(), n);
  return descend(n + 1) + n;
}
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  return descend(0);
}
`;

let folder: string;
let built: BuiltFilter;
let failed: Awaited<ReturnType<typeof runFilter>>;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'heddle-trap-'));
  await mkdir(path.join(folder, 'assembly'));
  await writeFile(path.join(folder, 'assembly/index.ts'), SOURCE);
  built = await buildFilter(folder);
  failed = await runFilter(built);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('runFilter', () => {
  test('says where a module fails, through functions that were inlined', () => {
    expect(failed).toMatchObject({
      status: 503,
      failure: {
        callback: 'proxy_on_request_headers',
        reason: 'unreachable',
        message: expect.stringMatching(/^abort: Index out of range at ~lib\/array\.ts:\d+:\d+$/),
      },
    });
    expect(formatTrap(failed.failure as NonNullable<typeof failed.failure>)).toMatch(
      /\(~lib\/array\.ts:\d+:\d+, from assembly\/index\.ts:9:3\)\n {8}9 │ {3}if \(n > 2\) return pick\(new Parts\(\), n\);\n {10}│ {3}\^\n/,
    );
  });
});

/** What Envoy 1.40 logs for the failure above, at the offsets of this build; its format is compared with the real one in test/e2e. */
function log(prefix = ''): string {
  const frames = failed.failure?.frames ?? [];
  return [
    '[2026-11-23 19:55:53.428][22787][warning][main] [source/server/server.cc:1059] There is no configured limit',
    '[2026-11-23 19:55:55.386][22793][info][wasm] [source/extensions/common/wasm/context.cc:1151] wasm log other: fine',
    '[2026-11-23 19:55:55.386][22793][critical][wasm] [source/extensions/common/wasm/context.cc:1160] wasm log my-filter: abort: Index out of range at ~lib/array.ts:114:42',
    '[2026-11-23 19:55:55.389][22793][error][wasm] [source/extensions/common/wasm/wasm_vm.cc:38] Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable',
    'Proxy-Wasm plugin in-VM backtrace:',
    ...frames.map(({ name, offset }, index) => `  ${index}:  0x${offset.toString(16)} - ${name}`),
    '[2026-11-23 19:55:58.327][22787][warning][main] [source/server/server.cc:1028] caught ENVOY_SIGTERM',
  ]
    .map((line) => prefix + line)
    .join('\n');
}

describe('formatTrap', () => {
  test('says how to see a line that the optimiser has left no trace of', async () => {
    const entry = path.join(folder, 'whole.ts');
    await writeFile(entry, SOURCE.replace('return descend(0)', 'return pick(new Parts(), id)'));
    const { failure } = await runFilter(await buildFilter(entry));
    expect(formatTrap(failure as NonNullable<typeof failure>)).toContain('heddle wasm build --no-optimize');
    const plain = await runFilter(await buildFilter(entry, { optimize: false }));
    expect(formatTrap(plain.failure as NonNullable<typeof failure>)).toContain('6 │   return parts.list[index];');
  });
});

describe('readTraps', () => {
  test.each([
    ['as Envoy writes it', () => log()],
    ['with what a collector puts in front', () => log('pod/cart-1 istio-proxy 2026-11-23T19:55:55Z ')],
    ['as JSON', () => JSON.stringify({ level: 'error', message: log() })],
  ])('finds a failure in a log %s', (_, text) => {
    const frames = failed.failure?.frames.map(({ name, offset }) => ({ name, offset }));
    expect(frames?.length).toBeGreaterThan(1);
    expect(readTraps(text())).toEqual([
      {
        callback: 'proxy_on_request_headers',
        reason: 'unreachable',
        plugin: 'my-filter',
        message: 'abort: Index out of range at ~lib/array.ts:114:42',
        frames,
      },
    ]);
  });

  test('finds none in a log without', () => {
    expect(readTraps('[info] all is well\n  0:  0x10 - nothing of ours\n')).toEqual([]);
  });

  test('takes no line of another request for the reason', () => {
    const text =
      'wasm log a: abort: one\nwasm log b: hello\nFunction: proxy_on_tick failed: Uncaught RuntimeError: unreachable';
    expect(readTraps(text)).toMatchObject([{ message: undefined, plugin: undefined, frames: [] }]);
  });
});

describe('locateTrap', () => {
  test('takes the module whose functions the log names', async () => {
    const other = path.join(folder, 'other.ts');
    await writeFile(other, SOURCE.replaceAll('pick', 'choose').replace('index', 'size').replace('[index]', '[size]'));
    const { wasm, sourceMap } = await buildFilter(other, { optimize: false });
    const modules = new Map([
      ['other.wasm', traceModule(wasm, sourceMap)],
      ['right.wasm', traceModule(built.wasm, built.sourceMap)],
    ]);
    const [trap] = readTraps(log());
    expect(locateTrap(trap as Trap, modules)).toMatchObject({ module: 'right.wasm' });
    expect(formatTrap(locateTrap(trap as Trap, modules))).toContain('9 │   if (n > 2) return pick');
  });

  test('says so if it is of no module, of one without a map, or without names', () => {
    const [trap] = readTraps(log());
    expect(formatTrap(locateTrap(trap as Trap, new Map()))).toContain('was it another build?');
    const unmapped = locateTrap(trap as Trap, new Map([['right.wasm', traceModule(built.wasm)]]));
    expect(unmapped.module).toBe('right.wasm');
    expect(formatTrap(unmapped)).toMatch(/at \S+heddle_abort \(0x[0-9a-f]+\)/);
    expect(formatTrap(locateTrap({ ...(trap as Trap), frames: [] }, new Map()))).toContain(
      'no backtrace: the module was built without the names of its functions',
    );
  });
});
