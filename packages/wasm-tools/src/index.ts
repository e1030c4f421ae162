/**
 * Builds Proxy-Wasm filters written in AssemblyScript.
 *
 * @module
 */
export { type CompiledModule, CompileError, type CompileOptions, compileModule } from './compile-module.ts';
