/**
 * Runs Proxy-Wasm modules as Envoy does, wherever WebAssembly runs.
 *
 * @module
 */
export {
  ABI_VERSIONS,
  type AbiVersion,
  BufferType,
  DataAction,
  HeadersAction,
  LogLevel,
  MapType,
  MetricType,
  Status,
  StreamType,
  TrailersAction,
} from './abi.ts';
export {
  type Callouts,
  type GrpcCall,
  type GrpcEvents,
  type GrpcHandle,
  type HttpCall,
  type HttpCallReply,
  proxyReply,
} from './callouts.ts';
export type { LocalReply } from './context.ts';
export type { ForeignCaller, ForeignFunction, ForeignFunctions } from './foreign-functions.ts';
export { grpcStatusOf, grpcStatusOfHttp } from './grpc-status.ts';
export { BodyBuffer, constantBuffer, type GuestBuffer } from './guest-buffer.ts';
export { HeaderList, type HeaderMap } from './header-map.ts';
export type { HeaderPair } from './header-pairs.ts';
export type { HostcallWords } from './hostcall-words.ts';
export { HttpContext, type HttpStreamHost } from './http-context.ts';
export { HttpStream, type HttpStreamOptions, type LoggedHeaders, type StreamPlugin } from './http-stream.ts';
export { formatLocalReply } from './local-reply.ts';
export type { Metric } from './metrics.ts';
export { type FailurePolicy, Plugin, type PluginEvent, type PluginOptions, startPlugin } from './plugin.ts';
export { formatPrometheus, type StatsTag } from './prometheus.ts';
export { PluginError, type PluginErrorCode, type PluginIdentity, RootContext } from './root-context.ts';
export { statusName } from './status-name.ts';
export type { MessageSink } from './stream-leg.ts';
export { CloseType, ConnectionAction, type ConnectionHost, TcpContext } from './tcp-context.ts';
export { formatTrace } from './trace-text.ts';
export {
  type LoadModuleOptions,
  loadModule,
  ModuleError,
  type ModuleErrorCode,
  type WasmModule,
} from './wasm-module.ts';
export { WasmProcess } from './wasm-process.ts';
export {
  systemWasmClock,
  type TraceEvent,
  type WasmClock,
  WasmTrap,
  WasmVm,
  type WasmVmOptions,
} from './wasm-vm.ts';
