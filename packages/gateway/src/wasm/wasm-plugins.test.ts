import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import { compileModule } from '@heddle/testing/compile-module';
import { beforeAll, expect, test } from 'vitest';
import { type WasmEnvironment, WasmPlugins } from './wasm-plugins.ts';

/** Takes some 20 million instructions, and 4 MiB, to be configured. */
const SOURCE = `
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: i32): i32 { return 1024; }
let sum: i32 = 0;
export function proxy_on_configure(context: i32, size: i32): i32 {
  for (let i = 0; i < 4_000_000; i++) sum = sum * 31 + i;
  return memory.grow(64) < 0 ? 0 : 1;
}
`;
let config: Any;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-limits-'));
  const entry = join(folder, 'greedy.ts');
  await writeFile(entry, SOURCE);
  const { wasm } = await compileModule(entry, { flags: ['--runtime', 'stub'] });
  await rm(folder, { recursive: true });
  const code = { specifier: { case: 'local', value: { specifier: { case: 'inlineBytes', value: wasm } } } } as const;
  const message = create(WasmSchema, { config: { name: 'greedy', vm: { case: 'vmConfig', value: { code } } } });
  config = anyPack(WasmSchema, message);
}, 60_000);

test.each<[string, WasmEnvironment, RegExp | undefined]>([
  ['within its limits', {}, undefined],
  ['that takes longer than it may', { filterTimeLimitMs: 2 }, /2 ms|time|long/],
  ['that wants more memory than it may have', { maxFilterMemoryBytes: 2 * 1024 * 1024 }, /configur/],
])('WasmPlugins: a filter %s', async (_, environment, problem) => {
  const plugins = new WasmPlugins(environment, {
    http: () => 'unknown-cluster',
    grpc: () => 'unknown-cluster',
  });
  const found = await plugins.prepare(config);
  plugins.close();
  if (problem === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(problem);
});
