import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { createFilter } from '@heddle/wasm-host/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { FilterTransform, SDK_FLAGS } from './transform.ts';

async function build(name: string): Promise<{ wasm: Uint8Array<ArrayBuffer>; exports: readonly string[] }> {
  const entry = fileURLToPath(new URL(`../test-modules/${name}.ts`, import.meta.url));
  const transform = new FilterTransform();
  const flags = [...SDK_FLAGS, '-O3s', '--noAssert', '--converge'];
  const { wasm } = await compileModule(entry, { flags, transforms: [transform] });
  return { wasm, exports: transform.exports };
}

describe('a filter that guards by a key', () => {
  let wasm: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    ({ wasm } = await build('api-key'));
  }, 60_000);

  test('answers in place of the upstream', async () => {
    const filter = await createFilter({ wasm, configuration: 'secret' });
    expect(await filter.request({ headers: { 'x-api-key': 'wrong' } })).toMatchObject({
      status: 401,
      details: 'no_key',
      body: 'a key is wanted\n',
      upstream: undefined,
    });
  });

  test('lets through, with a header for the upstream', async () => {
    const filter = await createFilter({ wasm, configuration: 'secret' });
    const { status, upstream } = await filter.request({ headers: { 'X-Api-Key': 'secret' } });
    expect(status).toBe(200);
    expect(upstream?.headers).toMatchObject({ 'x-key': 'right' });
  });

  test('refuses its configuration with a reason', async () => {
    await expect(createFilter({ wasm })).rejects.toThrow('its module refuses its configuration');
  });
});

test('a filter without a configuration is one class, and exports what that overrides', async () => {
  const { wasm, exports } = await build('smallest');
  const names = WebAssembly.Module.exports(await WebAssembly.compile(wasm)).flatMap(({ name, kind }) =>
    kind === 'function' && name !== '_initialize' ? [name] : [],
  );
  expect(names.sort()).toEqual([...exports].sort());
  expect(names).toContain('proxy_on_response_headers');
  expect(names).not.toContain('proxy_on_request_headers');
  const filter = await createFilter({ wasm });
  expect((await filter.request()).headers).toMatchObject({ 'x-filter': 'smallest' });
}, 60_000);
