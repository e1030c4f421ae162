import { createFilter } from '@heddle/wasm-host/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildModule } from '../test/build-module.ts';

describe('a filter that guards by a key', () => {
  let wasm: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    ({ wasm } = await buildModule('api-key'));
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
    await expect(createFilter({ wasm })).rejects.toThrow('its module refuses its configuration: no key is configured');
  });
});

test('a filter without a configuration is one class, and exports what that overrides', async () => {
  const { wasm, transform } = await buildModule('smallest');
  const names = WebAssembly.Module.exports(await WebAssembly.compile(wasm)).flatMap(({ name, kind }) =>
    kind === 'function' && name !== '_initialize' ? [name] : [],
  );
  expect(names.sort()).toEqual([...transform.exports].sort());
  expect(names).toContain('proxy_on_response_headers');
  expect(names).not.toContain('proxy_on_request_headers');
  const filter = await createFilter({ wasm });
  expect((await filter.request()).headers).toMatchObject({ 'x-filter': 'smallest' });
}, 60_000);
