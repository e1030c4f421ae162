export type { AdsStream, AdsTransport } from './ads-transport.ts';
export { ADDRESS_ANNOTATION, BOUND_PORTS_ANNOTATION, STOP_ITERATION_ANNOTATION } from './annotations.ts';
export { type Clock, systemClock } from './clock.ts';
export { contentHash } from './content-hash.ts';
export { compareDiagnostics, type Diagnostic, diagnostic, formatDiagnostic, type Severity } from './diagnostic.ts';
export { type DiagnosticCode, type DiagnosticCodeInfo, diagnosticCodes } from './diagnostic-codes.ts';
export { ENVOY_RUNTIME } from './envoy-runtime.ts';
export { type FieldPath, formatFieldPath } from './field-path.ts';
export {
  type ClusterDomain,
  fullGatewayName,
  fullHost,
  hostIsWithin,
  isWildcardHost,
  MESH_GATEWAY,
  narrowerHost,
  serviceHost,
} from './host-name.ts';
export { type Labels, selectsLabels } from './labels.ts';
export { likelyHost } from './likely-host.ts';
export { type AnyMeshObject, MeshSnapshot, type ObjectOrigin, refOf, type SourcedObject } from './mesh-snapshot.ts';
export {
  ALLOW_ANY_VIRTUAL_HOST,
  BLACK_HOLE_CLUSTER,
  BLOCK_ALL_VIRTUAL_HOST,
  type ClusterName,
  clusterName,
  gatewayHttpsRouteName,
  gatewayRouteName,
  HTTP_PROXY_ROUTE,
  INBOUND_PASSTHROUGH_CLUSTER,
  listenerName,
  PASSTHROUGH_CLUSTER,
  parseClusterName,
  sidecarRouteName,
  sniffedRouteName,
  VIRTUAL_INBOUND_LISTENER,
  VIRTUAL_OUTBOUND_LISTENER,
  virtualHostName,
  WASM_PLUGIN_PREFIX,
  wasmPluginName,
} from './names.ts';
export { NO_PLUGIN_MODULES, type PluginModule, type PluginModules, samePluginModules } from './plugin-module.ts';
export { isHttp, isHttp2, type PortProtocol, parseProtocol, servicePortProtocol } from './port-protocol.ts';
export {
  type ListenerBinding,
  nodeId,
  type ProxyCapabilities,
  type ProxyNode,
  type ProxyType,
  parseNodeId,
  SUPPORTED_ENVOY_MINORS,
} from './proxy-node.ts';
export { compareRefs, compareText, formatRef, type ResourceRef, refKey } from './resource-ref.ts';
export { formatPosition, type SourcePosition, type SourceRange } from './source-range.ts';
export { type CompiledView, type View, viewOf } from './view.ts';
export {
  type Origin,
  type Provenance,
  type ResourceSet,
  type ResourcesByName,
  TTL_FEATURE,
  WRAPPED_FEATURE,
  type XdsResource,
  xdsResource,
} from './xds-resource.ts';
