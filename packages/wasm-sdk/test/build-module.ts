import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { FilterTransform, SDK_FLAGS } from '../src/transform.ts';

/** Compiles one of `test-modules` as filters are compiled. */
export async function buildModule(
  name: string,
): Promise<{ readonly wasm: Uint8Array<ArrayBuffer>; readonly transform: FilterTransform }> {
  const entry = fileURLToPath(new URL(`../test-modules/${name}.ts`, import.meta.url));
  const transform = new FilterTransform();
  const { wasm } = await compileModule(entry, {
    flags: [...SDK_FLAGS, '--optimizeLevel', '3', '--shrinkLevel', '1', '--noAssert'],
    transforms: [transform],
  });
  return { wasm, transform };
}
