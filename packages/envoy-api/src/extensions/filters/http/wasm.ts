/**
 * The HTTP filter `envoy.filters.http.wasm`.
 *
 * @module
 */
export {
  type Wasm,
  WasmSchema,
} from '../../../../gen/envoy/extensions/filters/http/wasm/v3/wasm_pb.js';
