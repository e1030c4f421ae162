import { beforeAll, describe, expect, test } from 'vitest';
import { compileTestModule } from '../../test/compile-test-module.ts';
import { PluginError } from '../root-context.ts';
import { createFilter } from './emulated-filter.ts';

describe('a filter without an SDK', () => {
  let wasm: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    wasm = await compileTestModule('api-key');
  }, 60_000);

  test('answers in place of the upstream', async () => {
    const filter = await createFilter({ wasm, configuration: 'secret' });
    const result = await filter.request({ headers: { 'x-api-key': 'wrong' } });
    expect(result).toMatchObject({
      outcome: 'answered',
      status: 401,
      details: 'no_key',
      body: 'a key is wanted\n',
      headers: { 'content-length': '16', 'content-type': 'text/plain' },
      upstream: undefined,
    });
  });

  test('lets through, with a header for the upstream', async () => {
    const filter = await createFilter({ wasm, configuration: 'secret' });
    const result = await filter.request(
      { headers: { 'X-Api-Key': 'secret' }, body: ['one ', 'two'] },
      { body: 'fine' },
    );
    expect(result).toMatchObject({
      status: 200,
      body: 'fine',
      upstream: { headers: { 'x-key': 'right', 'x-api-key': 'secret' }, body: 'one two' },
    });
    expect(filter.trace.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['proxy_on_configure', 'proxy_get_header_map_value', 'proxy_add_header_map_value']),
    );
  });

  test('may refuse its configuration', async () => {
    await expect(createFilter({ wasm })).rejects.toThrow(PluginError);
    await expect(createFilter({ wasm })).rejects.toThrow(
      'Cannot run plugin "test": its module refuses its configuration',
    );
  });
});
