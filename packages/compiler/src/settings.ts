import type { ClusterDomain } from './hosts/host-name.ts';
import type { DefaultExport } from './visibility.ts';

/** What to do with traffic to hosts that the mesh does not know (MeshConfig `outboundTrafficPolicy.mode`). */
export type OutboundTrafficPolicy = 'ALLOW_ANY' | 'REGISTRY_ONLY';

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
  /** Where to write an access log, in Istio's text format, or `off` (MeshConfig `accessLogFile`). */
  readonly accessLog: 'off' | { readonly path: string; readonly format?: string };
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
  accessLog: 'off',
  serverName: 'istio-envoy',
  limits: { maxRoutesPerVirtualHost: 10_000, maxResourceBytes: 64 * 1024 * 1024, maxDestinationsPerRoute: 1_000 },
};
