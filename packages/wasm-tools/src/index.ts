/**
 * Builds Proxy-Wasm filters written in AssemblyScript.
 *
 * @module
 */
export { BuildError, type BuildOptions, type BuiltFilter, buildFilter, formatProblem } from './build-filter.ts';
export { type CompileDiagnostic, formatDiagnostic } from './compile-diagnostic.ts';
export { type CompiledModule, CompileError, type CompileOptions, compileModule } from './compile-module.ts';
export type { ModuleProblem } from './module-checks.ts';
