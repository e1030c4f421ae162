/**
 * A data plane that obeys Envoy's xDS resources.
 *
 * @module
 */

export type { AddressFamily, HostResolver, ResolveOptions, ResolveResult } from './cluster/host-resolver.ts';
export { GATEWAY_FEATURES, GATEWAY_USER_AGENT } from './features.ts';
export { fetchTransport } from './fetch-transport.ts';
export { type ControlPlaneOptions, type Following, followControlPlane } from './follow-control-plane.ts';
export { createGateway, type FetchContext, type Gateway, type GatewayOptions } from './gateway.ts';
export type { AccessLogSink } from './http/access-log.ts';
export type { ByteSink, ByteSource } from './http/byte-stream.ts';
export type { Exchange } from './http/exchange.ts';
export type { HttpFilter } from './http/http-filter.ts';
export type { GatewayInspection } from './inspection.ts';
export { GatewayError, type GatewayProblem } from './problem.ts';
export type { GatewayEnvironment } from './runtime/gateway-runtime.ts';
export type { GatewayResources } from './runtime/resources.ts';
export type {
  UpgradedConnection,
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamRequest,
  UpstreamTransport,
} from './upstream-transport.ts';
export type { FilterInspection, FilterLogLine, WasmEnvironment } from './wasm/wasm-plugins.ts';
