import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  Cluster_LbPolicy,
  ClusterSchema,
} from '@heddle/envoy-api/cluster';
import { ApiVersion } from '@heddle/envoy-api/core';
import { clusterName, type Origin, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { configMetadata } from '../config-metadata.ts';
import type { Backend } from '../destination-rules.ts';
import { duration } from '../duration.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import type { EndpointsResult } from '../registry/endpoints.ts';
import type { MeshPort } from '../registry/mesh-service.ts';
import type { MeshSettings } from '../settings.ts';
import { automaticNames, upstreamTls, wantsTls } from '../tls/upstream-context.ts';
import { policyFor } from '../traffic-policy.ts';
import { type ClusterAbilities, possibleBalancing } from './cluster-abilities.ts';
import { connectionPoolFields } from './connection-pool.ts';
import { httpProtocolOptions, type UpstreamHttp, upstreamHttp } from './http-protocol-options.ts';
import { loadAssignment, subsetEndpoints } from './load-assignment.ts';
import { loadBalancingFields } from './load-balancing.ts';
import { outlierFields } from './outlier-detection.ts';

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
  abilities: ClusterAbilities,
  settings: MeshSettings,
  endpoints?: EndpointsResult,
): CompiledResource {
  const { service } = backend;
  const meshPort = service.portsByNumber.get(port);
  const name = clusterName({ direction: 'outbound', port, subset, host: service.host });
  const policy = policyFor(backend, port, subset);
  const found = backend.subsets.get(subset);
  const rule = found?.rule ?? backend.rules[0];
  const labels = found?.subset.labels;
  const services = [{ host: service.host, name: service.name, namespace: service.namespace }];
  const protocol = meshPort?.protocol ?? 'undeclared';
  const pool = policy.connectionPool?.value;
  const tls = policy.tls?.value;
  const http = withoutHttp2(upstreamHttp(protocol, pool, abilities.sniffs), abilities);
  const type = TYPES[discovery];
  const cluster = create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: 'type', value: type },
    ...connectionPoolFields(pool, settings),
    ...(abilities.outlierDetection ? outlierFields(policy.outlierDetection?.value) : {}),
    ...(type === Cluster_DiscoveryType.ORIGINAL_DST
      ? { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED }
      : loadBalancingFields(possibleBalancing(policy.loadBalancer?.value, abilities))),
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    typedExtensionProtocolOptions: httpProtocolOptions(
      protocol,
      http,
      pool,
      wantsTls(tls) ? automaticNames(tls) : undefined,
    ),
    ...(wantsTls(tls) ? { transportSocket: upstreamTls(tls, expectedNames(meshPort), http === 'http2') } : {}),
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
    for (const [field, part] of ORIGINS) {
      const origin = policy[part]?.origin;
      if (origin !== undefined) origins.set(field, origin);
    }
    const balancer = policy.loadBalancer;
    if (balancer !== undefined) {
      const decides = balancer.value.consistentHash === undefined ? 'simple' : 'consistentHash';
      origins.set('lbPolicy', { ...balancer.origin, path: [...balancer.origin.path, decides] });
    }
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

/** The names that a ServiceEntry expects in its endpoints' certificates. */
function expectedNames(port: MeshPort | undefined): readonly string[] {
  const object = port?.source.object;
  return object?.kind === 'ServiceEntry' ? (object.spec.subjectAltNames ?? []) : [];
}

/** The fields of a cluster, and the parts of a traffic policy that decide them. */
const ORIGINS = [
  ['circuitBreakers', 'connectionPool'],
  ['connectTimeout', 'connectionPool'],
  ['outlierDetection', 'outlierDetection'],
  ['transportSocket', 'tls'],
] as const;

/** What a proxy without HTTP/2 to endpoints speaks instead. */
function withoutHttp2(http: UpstreamHttp, { http2 }: ClusterAbilities): UpstreamHttp {
  return http2 ? http : 'http1';
}

const TYPES: Readonly<Record<ClusterDiscovery, Cluster_DiscoveryType>> = {
  eds: Cluster_DiscoveryType.EDS,
  'strict-dns': Cluster_DiscoveryType.STRICT_DNS,
  'logical-dns': Cluster_DiscoveryType.LOGICAL_DNS,
  'original-dst': Cluster_DiscoveryType.ORIGINAL_DST,
};

type ClusterFields = Exclude<MessageInitShape<typeof ClusterSchema>, Cluster>;

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
