import type { JsonObject } from '@bufbuild/protobuf';
import type { ClusterDomain } from './hosts/host-name.ts';
import type { HttpRoute, MeshConfig } from './mesh-objects.ts';
import type { DefaultExport } from './visibility.ts';

/** What to do with traffic to hosts that the mesh does not know (MeshConfig `outboundTrafficPolicy.mode`). */
export type OutboundTrafficPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';

export type TcpKeepalive = NonNullable<MeshConfig['spec']['tcpKeepalive']>;
export type HttpRetries = NonNullable<HttpRoute['retries']>;

/** Where an access log goes and in which form: a format string, or a JSON object whose texts are format strings. */
export interface AccessLogSettings {
  readonly path: string;
  /** Istio's default format if absent. */
  readonly format?: string | JsonObject;
}

/** MeshConfig `pathNormalization.normalization`. */
export type PathNormalization = 'DEFAULT' | 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

/** Settings for the whole mesh: Istio's MeshConfig, in the parts that are obeyed, and bounds. */
export interface MeshSettings {
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: ClusterDomain;
  /** Namespace whose DestinationRules apply where no nearer one does (MeshConfig `rootNamespace`). */
  readonly rootNamespace: string;
  readonly outboundTrafficPolicy: OutboundTrafficPolicy;
  /** Who sees Services and ServiceEntries that do not say it (MeshConfig `defaultServiceExportTo`). */
  readonly defaultServiceExportTo: DefaultExport;
  /** The same for VirtualServices (MeshConfig `defaultVirtualServiceExportTo`). */
  readonly defaultVirtualServiceExportTo: DefaultExport;
  /** The same for DestinationRules (MeshConfig `defaultDestinationRuleExportTo`). */
  readonly defaultDestinationRuleExportTo: DefaultExport;
  /** Time to establish a connection to an endpoint (MeshConfig `connectTimeout`). */
  readonly connectTimeoutMs: number;
  /** How silent connections to endpoints are probed, where no DestinationRule says it; undefined for not at all (MeshConfig `tcpKeepalive`). */
  readonly tcpKeepalive: TcpKeepalive | undefined;
  /** Where to write an access log, or `off` (MeshConfig `accessLogFile`, `accessLogFormat`, `accessLogEncoding`). */
  readonly accessLog: 'off' | AccessLogSettings;
  /** What is done to paths before routes are matched (MeshConfig `pathNormalization`); `DEFAULT` differs by place. */
  readonly pathNormalization: PathNormalization;
  /** Retries of routes that say nothing about them (MeshConfig `defaultHttpRetryPolicy`); undefined for Istio's own default. */
  readonly defaultRetries: HttpRetries | undefined;
  /** Proxies before a gateway that are believed about the client's address (`defaultConfig.gatewayTopology.numTrustedProxies`). */
  readonly trustedProxies: number;
  /** Where connections leaving a workload are redirected to (MeshConfig `proxyListenPort`). */
  readonly proxyListenPort: number;
  /** Where connections to a workload are redirected to (MeshConfig `proxyInboundListenPort`). */
  readonly proxyInboundListenPort: number;
  /** Whether a sidecar speaks to its workload at the address that was called or at 127.0.0.1 (MeshConfig `inboundTrafficPolicy.mode`). */
  readonly inboundTrafficPolicy: 'PASSTHROUGH' | 'LOCALHOST';
  /** How long a connection of unknown protocol may be silent; 0 for ever (MeshConfig `protocolDetectionTimeout`). */
  readonly protocolDetectionTimeoutMs: number;
  /** Where sidecars serve as HTTP proxy, on 127.0.0.1; 0 for nowhere (MeshConfig `proxyHttpPort`). */
  readonly proxyHttpPort: number;
  /** The `server` header of responses. */
  readonly serverName: string;
  readonly limits: CompilerLimits;
}

/** Bounds on what one object or many may make of a resource; what exceeds them is left out with HED207. */
export interface CompilerLimits {
  /** Routes in one virtual host. */
  readonly maxRoutesPerVirtualHost: number;
  /** Encoded size of one resource. */
  readonly maxResourceBytes: number;
  /** Destinations of one route. */
  readonly maxDestinationsPerRoute: number;
}

export const defaultMeshSettings: MeshSettings = {
  clusterDomain: 'cluster.local',
  rootNamespace: 'istio-system',
  outboundTrafficPolicy: 'ALLOW_ANY',
  defaultServiceExportTo: '*',
  defaultVirtualServiceExportTo: '*',
  defaultDestinationRuleExportTo: '*',
  connectTimeoutMs: 10_000,
  tcpKeepalive: undefined,
  accessLog: 'off',
  pathNormalization: 'DEFAULT',
  defaultRetries: undefined,
  trustedProxies: 0,
  proxyListenPort: 15_001,
  proxyInboundListenPort: 15_006,
  inboundTrafficPolicy: 'PASSTHROUGH',
  protocolDetectionTimeoutMs: 0,
  proxyHttpPort: 0,
  serverName: 'istio-envoy',
  limits: { maxRoutesPerVirtualHost: 10_000, maxResourceBytes: 64 * 1024 * 1024, maxDestinationsPerRoute: 1_000 },
};
