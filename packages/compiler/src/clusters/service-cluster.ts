import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import { CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@heddle/envoy-api/cluster';
import { ApiVersion } from '@heddle/envoy-api/core';
import { HttpProtocolOptionsSchema } from '@heddle/envoy-api/extensions/upstreams/http';
import { clusterName, type Origin, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { configMetadata } from '../config-metadata.ts';
import type { Backend } from '../destination-rules.ts';
import { duration } from '../duration.ts';
import type { Memo } from '../memo.ts';
import { refOfObject, type TrafficPolicy } from '../mesh-objects.ts';
import type { EndpointsResult } from '../registry/endpoints.ts';
import { isHttp, isHttp2, type PortProtocol } from '../registry/port-protocol.ts';
import type { MeshSettings } from '../settings.ts';
import { loadAssignment, subsetEndpoints } from './load-assignment.ts';

/** Where a cluster's endpoints come from. */
export type ClusterDiscovery = 'eds' | 'strict-dns' | 'logical-dns' | 'original-dst';

/**
 * The cluster of one port of a service, or of one of its subsets: `outbound|PORT|SUBSET|HOST`. `endpoints` are given for clusters whose
 * names the proxy resolves, as they are part of the cluster.
 */
export function buildServiceCluster(
  _memo: Memo,
  backend: Backend,
  port: number,
  subset: string,
  discovery: ClusterDiscovery,
  settings: MeshSettings,
  endpoints?: EndpointsResult,
): CompiledResource {
  const { service } = backend;
  const meshPort = service.portsByNumber.get(port);
  const name = clusterName({ direction: 'outbound', port, subset, host: service.host });
  const { loadBalancer, origin: policyOrigin } = loadBalancerOf(backend, subset);
  const { lbPolicy, type } = balancing(loadBalancer, discovery);
  const found = backend.subsets.get(subset);
  const rule = found?.rule ?? backend.rules[0];
  const labels = found?.subset.labels;
  const services = [{ host: service.host, name: service.name, namespace: service.namespace }];
  const cluster = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: 'type', value: type },
    lbPolicy,
    connectTimeout: duration(settings.connectTimeoutMs),
    circuitBreakers: { thresholds: [UNLIMITED] },
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    typedExtensionProtocolOptions: protocolOptions(meshPort?.protocol ?? 'undeclared'),
    metadata:
      rule === undefined
        ? { filterMetadata: { istio: { services } } }
        : configMetadata(refOfObject(rule), subset === '' ? { services } : { services, subset }),
    ...(type === Cluster_DiscoveryType.EDS ? EDS : {}),
    ...(type === Cluster_DiscoveryType.STRICT_DNS || type === Cluster_DiscoveryType.LOGICAL_DNS
      ? { ...DNS, loadAssignment: loadAssignment(name, subsetEndpoints(endpoints?.endpoints ?? [], labels)) }
      : {}),
  });
  const provenance = (): ReadonlyMap<string, Origin> => {
    const origins = new Map<string, Origin>();
    if (meshPort !== undefined) origins.set('', { resource: meshPort.source.ref, path: meshPort.path });
    if (policyOrigin !== undefined) origins.set('lbPolicy', policyOrigin);
    if (found !== undefined) {
      origins.set('name', { resource: refOfObject(found.rule), path: ['spec', 'subsets', found.index] });
    }
    return origins;
  };
  return {
    resource: xdsResource(CLUSTER_TYPE_URL, name, toBinary(ClusterSchema, cluster)),
    diagnostics: [],
    provenance,
  };
}

/** A subset's load balancer stands before its rule's. */
export function loadBalancerOf(
  backend: Backend,
  subset: string,
): { readonly loadBalancer: string | undefined; readonly origin?: Origin } {
  const path = ['trafficPolicy', 'loadBalancer', 'simple'];
  const found = backend.subsets.get(subset);
  const ofSubset = simpleLoadBalancer(found?.subset.trafficPolicy);
  if (found !== undefined && ofSubset !== undefined) {
    const origin = { resource: refOfObject(found.rule), path: ['spec', 'subsets', found.index, ...path] };
    return { loadBalancer: ofSubset, origin };
  }
  const ofRule = simpleLoadBalancer(backend.policy?.policy);
  if (backend.policy === undefined || ofRule === undefined) return { loadBalancer: undefined };
  return { loadBalancer: ofRule, origin: { resource: refOfObject(backend.policy.rule), path: ['spec', ...path] } };
}

function simpleLoadBalancer(policy: TrafficPolicy | undefined): string | undefined {
  const simple = policy?.loadBalancer?.simple;
  return simple === 'UNSPECIFIED' ? undefined : simple;
}

const TYPES: Readonly<Record<ClusterDiscovery, Cluster_DiscoveryType>> = {
  eds: Cluster_DiscoveryType.EDS,
  'strict-dns': Cluster_DiscoveryType.STRICT_DNS,
  'logical-dns': Cluster_DiscoveryType.LOGICAL_DNS,
  'original-dst': Cluster_DiscoveryType.ORIGINAL_DST,
};

function balancing(
  loadBalancer: string | undefined,
  discovery: ClusterDiscovery,
): { readonly lbPolicy: Cluster_LbPolicy; readonly type: Cluster_DiscoveryType } {
  const type = TYPES[discovery];
  if (type === Cluster_DiscoveryType.ORIGINAL_DST) return { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED, type };
  switch (loadBalancer) {
    case 'ROUND_ROBIN':
      return { lbPolicy: Cluster_LbPolicy.ROUND_ROBIN, type };
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM, type };
    default:
      // LEAST_CONN is the former name of LEAST_REQUEST, which is the default.
      return { lbPolicy: Cluster_LbPolicy.LEAST_REQUEST, type };
  }
}

const MAX_UINT32 = 0xffff_ffff;

type ClusterFields = Exclude<MessageInitShape<typeof ClusterSchema>, Cluster>;

/** Istio's default: limits are asked for by DestinationRules, and Envoy's own (1,024) surprise. */
export const UNLIMITED = {
  maxConnections: MAX_UINT32,
  maxPendingRequests: MAX_UINT32,
  maxRequests: MAX_UINT32,
  maxRetries: MAX_UINT32,
  trackRemaining: true,
};

/** Envoy, "Configuring Envoy as an edge proxy": what one connection may hold in memory. */
export const CONNECTION_BUFFER_BYTES = 32 * 1024;

const EDS: ClusterFields = {
  edsClusterConfig: {
    edsConfig: {
      configSourceSpecifier: { case: 'ads', value: {} },
      resourceApiVersion: ApiVersion.V3,
      // A cluster waits for its endpoints, and other clusters with it: never for long.
      initialFetchTimeout: duration(2_000),
    },
  },
};

/** How often names are resolved again is left to Envoy (5 s): the fields that say so are deprecated. */
const DNS: ClusterFields = {
  dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
};

const HTTP_PROTOCOL_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

const http1Options = anyPack(
  HttpProtocolOptionsSchema,
  create(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: { protocolConfig: { case: 'httpProtocolOptions', value: {} } },
    },
  }),
);

const http2Options = anyPack(
  HttpProtocolOptionsSchema,
  create(HttpProtocolOptionsSchema, {
    upstreamProtocolOptions: {
      case: 'explicitHttpConfig',
      value: {
        protocolConfig: {
          case: 'http2ProtocolOptions',
          value: { initialStreamWindowSize: 65_536, initialConnectionWindowSize: 1_048_576 },
        },
      },
    },
  }),
);

/** HTTP/2 to ports that are declared to speak it, else HTTP/1.1; nothing for ports that speak no HTTP. */
function protocolOptions(protocol: PortProtocol): Record<string, Any> {
  if (isHttp2(protocol)) return { [HTTP_PROTOCOL_OPTIONS]: http2Options };
  return isHttp(protocol) || protocol === 'undeclared' ? { [HTTP_PROTOCOL_OPTIONS]: http1Options } : {};
}
