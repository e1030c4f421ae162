/**
 * The network filter `envoy.filters.network.wasm`.
 *
 * @module
 */
export {
  type Wasm,
  WasmSchema,
} from '../../../../gen/envoy/extensions/filters/network/wasm/v3/wasm_pb.js';
