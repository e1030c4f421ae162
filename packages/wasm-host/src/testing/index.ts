/**
 * Runs a Proxy-Wasm filter on requests that a test makes up, the very file that goes into Envoy.
 *
 * @module
 */
export type { EmulatedConnection } from './emulated-connection.ts';
export {
  type CalloutResponse,
  createFilter,
  type EmulatedFilter,
  type FilterOptions,
  type LogLine,
  type OpenRequest,
  type RequestInit as FilterRequest,
  type ResponseInit as FilterResponse,
  type Result,
} from './emulated-filter.ts';
export { type FakeClock, fakeClock } from './fake-clock.ts';
export type { EmulatedGrpcCall, EmulatedGrpcUpstream } from './scripted-grpc.ts';
export { StrictModeError } from './strict-mode.ts';
