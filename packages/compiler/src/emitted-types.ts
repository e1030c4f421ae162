import { createRegistry, type Registry } from '@bufbuild/protobuf';
import { StringValueSchema } from '@bufbuild/protobuf/wkt';
import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { ClusterSchema } from '@heddle/envoy-api/cluster';
import { TypedExtensionConfigSchema } from '@heddle/envoy-api/core';
import { ClusterLoadAssignmentSchema } from '@heddle/envoy-api/endpoint';
import {
  FileAccessLogSchema,
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@heddle/envoy-api/extensions/access-loggers';
import { CorsPolicySchema, CorsSchema } from '@heddle/envoy-api/extensions/filters/http/cors';
import { HTTPFaultSchema } from '@heddle/envoy-api/extensions/filters/http/fault';
import { RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import { WasmSchema } from '@heddle/envoy-api/extensions/filters/http/wasm';
import {
  HttpInspectorSchema,
  OriginalDstSchema,
  TlsInspectorSchema,
} from '@heddle/envoy-api/extensions/filters/listener';
import { TcpProxySchema } from '@heddle/envoy-api/extensions/filters/network/tcp-proxy';
import { PreviousHostsPredicateSchema } from '@heddle/envoy-api/extensions/retry';
import { HttpProtocolOptionsSchema } from '@heddle/envoy-api/extensions/upstreams/http';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { DownstreamTlsContextSchema, SecretSchema, UpstreamTlsContextSchema } from '@heddle/envoy-api/tls';

/**
 * Every message that the compiler emits, at the top or inside an `Any`: what printing its output takes. All of Envoy's types are in
 * `@heddle/envoy-api/registry`, which costs a command 0.1 s more to load.
 */
export const emittedTypes: Registry = createRegistry(
  BootstrapSchema,
  ListenerSchema,
  RouteConfigurationSchema,
  ClusterSchema,
  ClusterLoadAssignmentSchema,
  HttpConnectionManagerSchema,
  TcpProxySchema,
  RouterSchema,
  HTTPFaultSchema,
  WasmSchema,
  // What a plugin is told stands in an Any of its own.
  StringValueSchema,
  CorsSchema,
  CorsPolicySchema,
  HttpInspectorSchema,
  OriginalDstSchema,
  TlsInspectorSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
  SecretSchema,
  TypedExtensionConfigSchema,
  HttpProtocolOptionsSchema,
  PreviousHostsPredicateSchema,
  FileAccessLogSchema,
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
);
