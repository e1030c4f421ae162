import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import { type Cluster, Cluster_DiscoveryType, Cluster_LbPolicy, ClusterSchema } from '@heddle/envoy-api/cluster';
import { clusterName, INBOUND_PASSTHROUGH_CLUSTER, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Memo } from '../memo.ts';
import type { MeshSettings } from '../settings.ts';
import type { InboundPort } from '../sidecar/inbound-ports.ts';
import { connectionPoolFields } from './connection-pool.ts';
import { httpProtocolOptions, upstreamHttp } from './http-protocol-options.ts';
import { loadAssignment } from './load-assignment.ts';
import { CONNECTION_BUFFER_BYTES } from './service-cluster.ts';
import { passthroughClusterFields } from './static-clusters.ts';

type ClusterFields = Exclude<MessageInitShape<typeof ClusterSchema>, Cluster>;

/**
 * The address from which a sidecar speaks to its own workload. What comes from it is not redirected again (the first rule of chain
 * ISTIO_OUTPUT), so that a connection to the pod's own address does not run in a circle.
 */
const OWN_SOURCE: ClusterFields = {
  upstreamBindConfig: { sourceAddress: { address: '127.0.0.6', portSpecifier: { case: 'portValue', value: 0 } } },
};

/** Ten years, as good as never: the one host of such a cluster, the workload itself, never goes. */
const NEVER_CLEANED: ClusterFields = { cleanupInterval: { seconds: 315_360_000n, nanos: 0 } };

/** `inbound|PORT||`: the workload's own port, at the address to which the connection was made or at 127.0.0.1. */
export function buildInboundCluster(_memo: Memo, port: InboundPort, settings: MeshSettings): CompiledResource {
  const { number, declaration, source } = port;
  const name = clusterName({ direction: 'inbound', port: number, subset: '', host: '' });
  const local = settings.inboundTrafficPolicy === 'LOCALHOST';
  const { protocol } = declaration;
  const cluster = create(ClusterSchema, {
    name,
    clusterDiscoveryType: {
      case: 'type',
      value: local ? Cluster_DiscoveryType.STATIC : Cluster_DiscoveryType.ORIGINAL_DST,
    },
    lbPolicy: local ? Cluster_LbPolicy.ROUND_ROBIN : Cluster_LbPolicy.CLUSTER_PROVIDED,
    ...connectionPoolFields(undefined, settings),
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    typedExtensionProtocolOptions: httpProtocolOptions(protocol, upstreamHttp(protocol, undefined, true), undefined),
    metadata: {
      filterMetadata: {
        istio: { services: [{ host: source.host, name: source.ref.name, namespace: source.ref.namespace }] },
      },
    },
    ...(local ? { loadAssignment: loadAssignment(name, [localEndpoint(port)]) } : { ...OWN_SOURCE, ...NEVER_CLEANED }),
  });
  return {
    resource: xdsResource(CLUSTER_TYPE_URL, name, toBinary(ClusterSchema, cluster)),
    diagnostics: [],
    provenance: () => new Map([['', { resource: source.ref, path: declaration.path }]]),
  };
}

function localEndpoint({ number, source }: InboundPort) {
  return { address: '127.0.0.1', port: number, labels: {}, weight: 1, ref: source.ref };
}

/** Where connections to ports of no service go: to the port of the workload that they were made to. */
export function buildInboundPassthroughCluster(_memo: Memo, settings: MeshSettings): CompiledResource {
  const cluster = create(ClusterSchema, {
    ...passthroughClusterFields(settings),
    name: INBOUND_PASSTHROUGH_CLUSTER,
    ...OWN_SOURCE,
  });
  return {
    resource: xdsResource(CLUSTER_TYPE_URL, cluster.name, toBinary(ClusterSchema, cluster)),
    diagnostics: [],
    provenance: () => new Map(),
  };
}
