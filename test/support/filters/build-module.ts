import { buildFilter } from '@heddle/wasm-tools';

/** Builds a filter's folder as it is shipped: without names of functions. */
export async function buildModule(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  return (await buildFilter(folder, { names: false })).wasm;
}
