/**
 * Builds Proxy-Wasm filters written in AssemblyScript.
 *
 * @module
 */
export { BuildError } from './build-error.ts';
export { type BuildOptions, type BuiltFilter, buildFilter, formatProblem } from './build-filter.ts';
export { type CompileDiagnostic, formatDiagnostic } from './compile-diagnostic.ts';
export { CompileError } from './compile-error.ts';
export { type CompiledModule, type CompileOptions, compileModule } from './compile-module.ts';
export type { ModuleProblem } from './module-checks.ts';
export { type NewFilter, NewFilterError, newFilter } from './new-filter.ts';
export {
  type FilterRun,
  RunError,
  type RunHostcall,
  type RunMetric,
  type RunOptions,
  type RunStep,
  runFilter,
} from './run-filter.ts';
export { formatRun, runToJson } from './run-report.ts';
export { type SourcePlace, type TracedModule, traceModule } from './traced-module.ts';
export {
  formatTrap,
  locateTrap,
  readTraps,
  type TracedFrame,
  type TracedTrap,
  type Trap,
  type TrapFrame,
} from './trap-log.ts';
export { type FilterWatch, type WatchEvent, type WatchOptions, watchFilter } from './watch-filter.ts';
