/** The filters that the benchmark and the soak run, as modules. */
import { fileURLToPath } from 'node:url';
import { buildFilter, compileModule } from '@heddle/wasm-tools';
import { buildForeign, type ForeignLanguage } from '../../test/foreign-filters/build-foreign.ts';

/** A filter to measure. */
export interface BuiltFilter {
  readonly name: string;
  /** Undefined: Envoy without a filter. */
  readonly wasm: Uint8Array<ArrayBuffer> | undefined;
  readonly configuration: string;
  /** What made it. */
  readonly by: string;
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** What a request of the load carries, so that every filter lets it pass. */
export const KEY = 'secret';

const SDK = 'AssemblyScript, @heddle/wasm-sdk';

const builders: Readonly<Record<string, () => Promise<Omit<BuiltFilter, 'name'> | { readonly missing: string }>>> = {
  none: async () => ({ wasm: undefined, configuration: '', by: 'Envoy alone' }),
  smallest: async () => ({
    wasm: await ours('../../packages/wasm-sdk/test-modules/smallest.ts'),
    configuration: '',
    by: SDK,
  }),
  'api-key': async () => ({
    wasm: await ours('../../packages/wasm-sdk/test-modules/api-key.ts'),
    configuration: KEY,
    by: SDK,
  }),
  'filters/api-key': async () => ({
    wasm: await ours('../../filters/api-key'),
    configuration: JSON.stringify({ keys: [{ name: 'bench', key: KEY }], clientHeader: 'x-client' }),
    by: SDK,
  }),
  'api-key, no SDK': async () => {
    const flags = ['--runtime', 'minimal', '-O3', '--noAssert', '--use', 'abort=api-key/abort'];
    const { wasm } = await compileModule(path('../../packages/wasm-host/test-modules/api-key.ts'), { flags });
    return { wasm, configuration: KEY, by: 'AssemblyScript' };
  },
  'api-key, C++': foreign('cpp'),
  'api-key, Rust': foreign('rust'),
  'api-key, Go': foreign('go'),
};

/** Names of the filters, in the order of the table. */
export const FILTER_NAMES = Object.keys(builders);

/** Builds those that can be built here; says why of the others. */
export async function buildFilters(names: readonly string[]): Promise<BuiltFilter[]> {
  const built: BuiltFilter[] = [];
  for (const name of names) {
    const build = builders[name];
    if (build === undefined) throw new Error(`Cannot build "${name}", wanted one of ${FILTER_NAMES.join('; ')}`);
    const filter = await build();
    if ('missing' in filter) console.warn(`Without "${name}": ${filter.missing}`);
    else built.push({ name, ...filter });
  }
  return built;
}

/** A filter as it is shipped. */
async function ours(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  return (await buildFilter(path(entry), { names: false })).wasm;
}

function foreign(language: ForeignLanguage) {
  return async () => {
    const built = buildForeign(language);
    return 'missing' in built ? built : { wasm: built.wasm, configuration: KEY, by: built.by };
  };
}
