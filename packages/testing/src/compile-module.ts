/**
 * Compiles AssemblyScript for tests of packages that stand below the tools.
 *
 * @module
 */
export { compileModule } from '@heddle/wasm-tools';
