import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import asc from 'assemblyscript/asc';
import { beforeAll, describe, expect, test } from 'vitest';
import { PluginError } from '../root-context.ts';
import { createFilter } from './emulated-filter.ts';

/** Compiles one of the modules in test-modules, which know no SDK. */
async function compile(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const name = basename(file, '.ts');
  const source = readFileSync(new URL(`../../test-modules/${name}.ts`, import.meta.url), 'utf8');
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      `${name}.ts`,
      '--outFile',
      'out.wasm',
      '--runtime',
      'minimal',
      '--exportStart',
      '_initialize',
      '--use',
      `abort=${name}/abort`,
    ],
    {
      readFile: (path) => (path === `${name}.ts` ? source : null),
      writeFile: (_, contents) => {
        wasm = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`Cannot compile ${file}: ${error?.message}\n${stderr}`);
  return Uint8Array.from(wasm);
}

describe('a filter without an SDK', () => {
  let wasm: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    wasm = await compile('api-key.ts');
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
