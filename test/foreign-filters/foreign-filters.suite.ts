import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { describe, test } from 'vitest';
import { describeFilter } from '../support/filters/describe-filter.ts';
import type { FilterCase } from '../support/filters/filter-case.ts';
import { buildForeign, FOREIGN_LANGUAGES } from './build-foreign.ts';

const cases: readonly FilterCase[] = [
  {
    name: 'no key',
    configuration: 'secret',
    request: { path: '/a?b=c' },
    expect: { status: 401, body: 'a key is wanted\n', upstream: null },
  },
  {
    name: 'another key',
    configuration: 'secret',
    request: { headers: { 'x-api-key': 'secrets' } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'the key',
    configuration: 'secret',
    request: { method: 'POST', path: '/a?b=c', headers: { 'X-Api-Key': 'secret', 'x-other': 'kept' }, body: 'a body' },
    response: { status: 201, headers: { 'x-from': 'upstream' }, body: 'made' },
    expect: {
      status: 201,
      body: 'made',
      headers: { 'x-from': 'upstream' },
      upstream: {
        method: 'POST',
        path: '/a?b=c',
        body: 'a body',
        headers: { 'x-key': 'right', 'x-api-key': 'secret', 'x-other': 'kept' },
      },
    },
  },
  {
    name: 'another plugin in the same machine has another key',
    configuration: 'other',
    request: { headers: { 'x-api-key': 'other' } },
    expect: { status: 200, body: 'upstream' },
  },
];

const suite = {
  folder: fileURLToPath(new URL('.', import.meta.url)),
  hasSchema: false,
  cases,
  refused: [{ configuration: '', reason: 'no key is configured' }],
};

describe('a filter in AssemblyScript without an SDK', () => {
  const entry = fileURLToPath(new URL('../../packages/wasm-host/test-modules/api-key.ts', import.meta.url));
  const flags = ['--runtime', 'minimal', '--use', 'abort=api-key/abort'];
  // It has one key for all plugins in a machine.
  const own = cases.filter(({ configuration }) => configuration === 'secret');
  describeFilter({ ...suite, cases: own, build: async () => (await compileModule(entry, { flags })).wasm });
});

describe.each(FOREIGN_LANGUAGES)('a filter in %s', (language) => {
  const built = buildForeign(language);
  if ('missing' in built) {
    console.warn(`The filter in "${language}" is skipped: ${built.missing}`);
    test.skipIf(true)(built.missing, () => {});
    return;
  }
  describeFilter({ ...suite, build: async () => built.wasm });
});
