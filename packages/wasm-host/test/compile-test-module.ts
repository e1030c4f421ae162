import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';

/** Compiles one of the modules in test-modules, which know no SDK. */
export async function compileTestModule(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const entry = fileURLToPath(new URL(`../test-modules/${name}.ts`, import.meta.url));
  const flags = ['--runtime', 'minimal', '--use', `abort=${name}/abort`];
  return (await compileModule(entry, { flags })).wasm;
}
