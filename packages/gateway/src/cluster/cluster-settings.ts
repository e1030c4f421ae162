import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  Cluster_RingHashLbConfig_HashFunction,
  type Cluster_SlowStartConfig,
} from '@heddle/envoy-api/cluster';
import { type Http2ProtocolOptions, RoutingPriority } from '@heddle/envoy-api/core';
import { HttpProtocolOptionsSchema } from '@heddle/envoy-api/extensions/upstreams/http';
import { durationMs } from '../duration.ts';
import { upstreamTls } from '../tls/upstream-tls.ts';
import type { TcpKeepAlive, UpstreamHttp2Options, UpstreamProtocol } from '../upstream-transport.ts';
import type { HostPoolOptions } from './host.ts';
import type { AddressFamily } from './host-resolver.ts';
import type { LoadBalancing } from './load-balancer.ts';
import { type OutlierSettings, outlierSettings } from './outlier-settings.ts';
import type { SlowStart } from './slow-start.ts';

/** Where a cluster's endpoints come from. */
export type EndpointDiscovery =
  | { readonly kind: 'static' }
  | { readonly kind: 'eds'; readonly serviceName: string }
  | { readonly kind: 'strict-dns' | 'logical-dns'; readonly refreshMs: number; readonly family: AddressFamily };

/** Limits of the default priority's `circuit_breakers` thresholds. */
export interface CircuitBreakers {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** A cluster as the gateway uses it: every field it obeys, defaults filled in. */
export interface ClusterSettings {
  readonly name: string;
  readonly discovery: EndpointDiscovery;
  readonly balancing: LoadBalancing;
  readonly panicThreshold: number;
  readonly circuitBreakers: CircuitBreakers;
  readonly outlierDetection: OutlierSettings | undefined;
  /** What endpoints are spoken to in; `as-the-client`: in the protocol that the request came in. */
  readonly protocol: UpstreamProtocol | 'as-the-client';
  readonly pool: HostPoolOptions;
}

const envoyDefaultLimit = 1024;
const defaultIdleTimeoutMs = 3_600_000;
const httpProtocolOptionsName = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/**
 * Reads an Envoy Cluster. Returns what it cannot obey as sentences: a cluster with problems is not served, because half an
 * obeyed cluster (plain text where TLS was asked) would be worse than none. `remarks` are about what it can be served without.
 */
export function clusterSettings(cluster: Cluster): {
  readonly settings: ClusterSettings | undefined;
  readonly problems: readonly string[];
  readonly remarks: readonly string[];
} {
  const problems: string[] = [];
  const remarks: string[] = [];
  const discovery = endpointDiscovery(cluster, problems);
  const balancing = loadBalancing(cluster, problems);
  if (cluster.lbSubsetConfig !== undefined) problems.push('lb_subset_config is not implemented');
  const { protocol, pool } = connectionSettings(cluster, problems);
  if (discovery === undefined || balancing === undefined || problems.length > 0) {
    return { settings: undefined, problems, remarks };
  }
  return {
    problems,
    remarks,
    settings: {
      name: cluster.name,
      discovery,
      balancing,
      panicThreshold: cluster.commonLbConfig?.healthyPanicThreshold?.value ?? 50,
      circuitBreakers: circuitBreakers(cluster),
      outlierDetection:
        cluster.outlierDetection === undefined ? undefined : outlierSettings(cluster.outlierDetection, remarks),
      protocol,
      pool,
    },
  };
}

function endpointDiscovery(cluster: Cluster, problems: string[]): EndpointDiscovery | undefined {
  if (cluster.clusterDiscoveryType.case === 'clusterType') {
    problems.push(`cluster_type "${cluster.clusterDiscoveryType.value.name}" is not implemented`);
    return undefined;
  }
  const type = cluster.clusterDiscoveryType.value ?? Cluster_DiscoveryType.STATIC;
  switch (type) {
    case Cluster_DiscoveryType.STATIC:
      return { kind: 'static' };
    case Cluster_DiscoveryType.EDS:
      return { kind: 'eds', serviceName: cluster.edsClusterConfig?.serviceName || cluster.name };
    case Cluster_DiscoveryType.STRICT_DNS:
    case Cluster_DiscoveryType.LOGICAL_DNS:
      return {
        kind: type === Cluster_DiscoveryType.STRICT_DNS ? 'strict-dns' : 'logical-dns',
        refreshMs: Math.max(100, durationMs(cluster.dnsRefreshRate, 5000)),
        family: DNS_FAMILIES[cluster.dnsLookupFamily] ?? 'v6-preferred',
      };
    default:
      problems.push(`type ${Cluster_DiscoveryType[type]} is not implemented: the gateway has no original destination`);
      return undefined;
  }
}

const DNS_FAMILIES: Readonly<Record<Cluster_DnsLookupFamily, AddressFamily>> = {
  [Cluster_DnsLookupFamily.AUTO]: 'v6-preferred',
  [Cluster_DnsLookupFamily.V4_ONLY]: 'v4',
  [Cluster_DnsLookupFamily.V6_ONLY]: 'v6',
  [Cluster_DnsLookupFamily.V4_PREFERRED]: 'v4-preferred',
  [Cluster_DnsLookupFamily.ALL]: 'all',
};

/** Entries of the largest ring and table that are built; larger ones take longer than a thread that serves requests may be busy. */
const LARGEST_RING = 65_536;
const LARGEST_TABLE = 65_537;

function loadBalancing(cluster: Cluster, problems: string[]): LoadBalancing | undefined {
  const { lbConfig, lbPolicy } = cluster;
  if (cluster.loadBalancingPolicy !== undefined) {
    problems.push('load_balancing_policy is not implemented, wanted lb_policy');
    return undefined;
  }
  if (cluster.commonLbConfig?.consistentHashingLbConfig !== undefined) {
    problems.push('consistent_hashing_lb_config is not implemented');
  }
  switch (lbPolicy) {
    case Cluster_LbPolicy.ROUND_ROBIN: {
      const config = lbConfig.case === 'roundRobinLbConfig' ? lbConfig.value : undefined;
      return { policy: 'ROUND_ROBIN', slowStart: slowStart(config?.slowStartConfig) };
    }
    case Cluster_LbPolicy.LEAST_REQUEST: {
      const config = lbConfig.case === 'leastRequestLbConfig' ? lbConfig.value : undefined;
      return {
        policy: 'LEAST_REQUEST',
        choiceCount: config?.choiceCount ?? 2,
        activeRequestBias: config?.activeRequestBias?.defaultValue ?? 1,
        slowStart: slowStart(config?.slowStartConfig),
      };
    }
    case Cluster_LbPolicy.RANDOM:
      return { policy: 'RANDOM' };
    case Cluster_LbPolicy.RING_HASH: {
      const config = lbConfig.case === 'ringHashLbConfig' ? lbConfig.value : undefined;
      if (config?.hashFunction === Cluster_RingHashLbConfig_HashFunction.MURMUR_HASH_2) {
        problems.push('hash_function MURMUR_HASH_2 is not implemented, wanted XX_HASH');
      }
      const minimumRingSize = Number(config?.minimumRingSize ?? 1024);
      if (minimumRingSize > LARGEST_RING) {
        problems.push(`minimum_ring_size ${minimumRingSize} is too large, at most ${LARGEST_RING} is accepted`);
      }
      return {
        policy: 'RING_HASH',
        minimumRingSize,
        maximumRingSize: Math.min(LARGEST_RING, Number(config?.maximumRingSize ?? LARGEST_RING)),
      };
    }
    case Cluster_LbPolicy.MAGLEV: {
      const config = lbConfig.case === 'maglevLbConfig' ? lbConfig.value : undefined;
      const tableSize = Number(config?.tableSize ?? LARGEST_TABLE);
      if (tableSize > LARGEST_TABLE) {
        problems.push(`table_size ${tableSize} is too large, at most ${LARGEST_TABLE} is accepted`);
      }
      return { policy: 'MAGLEV', tableSize };
    }
    default:
      problems.push(
        `lb_policy ${Cluster_LbPolicy[lbPolicy]} is not implemented, wanted ROUND_ROBIN, LEAST_REQUEST, RANDOM, RING_HASH or MAGLEV`,
      );
      return undefined;
  }
}

function slowStart(config: Cluster_SlowStartConfig | undefined): SlowStart | undefined {
  const windowMs = durationMs(config?.slowStartWindow, 0);
  if (config === undefined || windowMs === 0) return undefined;
  const aggression = config.aggression?.defaultValue ?? 1;
  return {
    windowMs,
    aggression: aggression > 0 ? aggression : 1,
    leastShare: (config.minWeightPercent?.value ?? 10) / 100,
  };
}

function circuitBreakers(cluster: Cluster): CircuitBreakers {
  const thresholds = cluster.circuitBreakers?.thresholds.find(({ priority }) => priority === RoutingPriority.DEFAULT);
  return {
    maxConnections: thresholds?.maxConnections ?? envoyDefaultLimit,
    maxPendingRequests: thresholds?.maxPendingRequests ?? envoyDefaultLimit,
    maxRequests: thresholds?.maxRequests ?? envoyDefaultLimit,
    maxRetries: thresholds?.maxRetries ?? 3,
  };
}

function connectionSettings(
  cluster: Cluster,
  problems: string[],
): { readonly protocol: ClusterSettings['protocol']; readonly pool: HostPoolOptions } {
  const packed = cluster.typedExtensionProtocolOptions[httpProtocolOptionsName];
  const options = packed === undefined ? undefined : anyUnpack(packed, HttpProtocolOptionsSchema);
  let http1 = cluster.httpProtocolOptions;
  let http2 = cluster.http2ProtocolOptions;
  let protocol: ClusterSettings['protocol'] = http2 === undefined ? 'http1' : 'http2';
  const selected = options?.upstreamProtocolOptions;
  if (selected?.case === 'explicitHttpConfig') {
    const { protocolConfig } = selected.value;
    if (protocolConfig.case === 'http3ProtocolOptions') problems.push('http3_protocol_options is not implemented');
    protocol = protocolConfig.case === 'http2ProtocolOptions' ? 'http2' : 'http1';
    http1 = protocolConfig.case === 'httpProtocolOptions' ? protocolConfig.value : undefined;
    http2 = protocolConfig.case === 'http2ProtocolOptions' ? protocolConfig.value : undefined;
  } else if (selected?.case === 'useDownstreamProtocolConfig') {
    if (selected.value.http3ProtocolOptions !== undefined) problems.push('http3_protocol_options is not implemented');
    protocol = 'as-the-client';
    http1 = selected.value.httpProtocolOptions;
    http2 = selected.value.http2ProtocolOptions;
  } else if (selected?.case === 'autoConfig') {
    problems.push('auto_config needs TLS with ALPN, which is not implemented');
  }
  const common = options?.commonHttpProtocolOptions ?? cluster.commonHttpProtocolOptions;
  const keepAlive = cluster.upstreamConnectionOptions?.tcpKeepalive;
  return {
    protocol,
    pool: {
      connectTimeoutMs: durationMs(cluster.connectTimeout, 5000),
      idleTimeoutMs: durationMs(common?.idleTimeout, defaultIdleTimeoutMs),
      maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
      maxRequestsPerConnection: common?.maxRequestsPerConnection ?? cluster.maxRequestsPerConnection ?? 0,
      enableTrailers: http1?.enableTrailers ?? false,
      maxConnections: maxConnectionsPerHost(cluster),
      maxResponseHeaderBytes: (common?.maxResponseHeadersKb ?? 60) * 1024,
      tcpKeepAlive: keepAlive === undefined ? undefined : tcpKeepAlive(keepAlive),
      http2: http2Options(http2),
      tls: upstreamTls(
        cluster.transportSocket,
        {
          autoSni: options?.upstreamHttpProtocolOptions?.autoSni ?? false,
          autoSanValidation: options?.upstreamHttpProtocolOptions?.autoSanValidation ?? false,
        },
        problems,
      ),
    },
  };
}

function tcpKeepAlive(settings: {
  readonly keepaliveTime?: number | undefined;
  readonly keepaliveInterval?: number | undefined;
  readonly keepaliveProbes?: number | undefined;
}): TcpKeepAlive {
  return {
    idleSeconds: settings.keepaliveTime,
    intervalSeconds: settings.keepaliveInterval,
    probes: settings.keepaliveProbes,
  };
}

/** Envoy's defaults: as many requests as the protocol can number, and windows that hold 256 MiB. Those are more than a gateway wants to hold. */
const envoyMaxStreams = 2_147_483_647;
const defaultWindowBytes = 16 * 1024 * 1024;

function http2Options(options: Http2ProtocolOptions | undefined): UpstreamHttp2Options {
  const keepAlive = options?.connectionKeepalive;
  const intervalMs = durationMs(keepAlive?.interval, 0);
  return {
    maxConcurrentStreams: options?.maxConcurrentStreams ?? envoyMaxStreams,
    streamWindowBytes: Math.min(options?.initialStreamWindowSize ?? defaultWindowBytes, defaultWindowBytes),
    connectionWindowBytes: Math.min(options?.initialConnectionWindowSize ?? defaultWindowBytes, defaultWindowBytes),
    keepAlive: intervalMs > 0 ? { intervalMs, timeoutMs: durationMs(keepAlive?.timeout, 0) } : undefined,
  };
}

function maxConnectionsPerHost(cluster: Cluster): number {
  const thresholds = cluster.circuitBreakers?.perHostThresholds.find(
    ({ priority }) => priority === RoutingPriority.DEFAULT,
  );
  return thresholds?.maxConnections ?? Number.POSITIVE_INFINITY;
}
