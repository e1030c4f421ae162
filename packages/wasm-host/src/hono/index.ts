/**
 * Filters in WebAssembly for Hono applications.
 *
 * @module
 */
export { type WasmFilter, type WasmFilterOptions, wasmFilter } from './wasm-filter.ts';
