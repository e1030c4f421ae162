export type { FieldProblem, FieldProblemCode } from './field-problem.ts';
export { parseDurationMs } from './formats/duration.ts';
export { isClaimRoute } from './formats/header.ts';
export { type ModuleLocation, parseModuleUrl } from './formats/module-url.ts';
export { isCipherSuite, isEcdhCurve } from './formats/tls-names.ts';
export { hostsOverlap, hostWithin } from './host-match.ts';
export { type JsonSchema, type JsonSchemaDialect, jsonSchema, kindJsonSchema } from './json-schema.ts';
export type { KindDeclaration, MeshObject, ValidatedMeta } from './kind.ts';
export type { DeploymentSpec, PodTemplate } from './kinds/deployment.ts';
export type { Destination, PortSelector } from './kinds/destination.ts';
export type { DestinationRuleSpec, Subset } from './kinds/destination-rule.ts';
export { GRPC_STATUSES } from './kinds/fault-injection.ts';
export type { GatewaySpec, Server } from './kinds/gateway.ts';
export { type Headers, isAuthorityHeader } from './kinds/header-operations.ts';
export type {
  HttpMatchRequest,
  HttpRedirect,
  HttpRewrite,
  HttpRoute,
  HttpRouteDestination,
} from './kinds/http-route.ts';
export type { Container, ContainerPort } from './kinds/kubernetes/container.ts';
export type { LabelSelector } from './kinds/kubernetes/label-selector.ts';
export type { PodSpec } from './kinds/kubernetes/pod-spec.ts';
export type { PodStatus } from './kinds/kubernetes/pod-status.ts';
export type { LoadBalancerSettings } from './kinds/load-balancer.ts';
export { MESH_CONFIG_NAME, type MeshConfigSpec } from './kinds/mesh-config.ts';
export type { NamespaceSpec } from './kinds/namespace.ts';
export { ObjectMeta } from './kinds/object-meta.ts';
export type { SecretContent } from './kinds/secret.ts';
export type { ServicePort, ServiceSpec } from './kinds/service.ts';
export type { ServiceEntryEndpoint, ServiceEntryPort, ServiceEntrySpec } from './kinds/service-entry.ts';
export type { SidecarSpec } from './kinds/sidecar.ts';
export type { StringMatch } from './kinds/string-match.ts';
export type { TrafficPolicy } from './kinds/traffic-policy.ts';
export type { VirtualServiceSpec } from './kinds/virtual-service.ts';
export type { WasmPluginSpec } from './kinds/wasm-plugin.ts';
export { type KindName, kinds, type ObjectOf } from './kinds.ts';
export { type KindConcern, type KnownKind, undeclaredKinds } from './known-kinds.ts';
export { type AnyObject, type ObjectIdentity, type ParseResult, parseObject } from './parse-object.ts';
export type { Infer, Schema, SchemaNode, StringFormat, Support } from './schema.ts';
export { REDACTED, SecretValue } from './secret-value.ts';
export { suggest } from './suggestion.ts';
export { type DeclaredField, declaredFields, supportedFields } from './supported-fields.ts';
export { type ValidationOptions, type ValidationResult, validate } from './validate.ts';
