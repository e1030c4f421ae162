import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import { type Cluster, Cluster_DiscoveryType, Cluster_LbPolicy, ClusterSchema } from '@heddle/envoy-api/cluster';
import { HttpProtocolOptionsSchema } from '@heddle/envoy-api/extensions/upstreams/http';
import { BLACK_HOLE_CLUSTER, PASSTHROUGH_CLUSTER, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { duration } from '../duration.ts';
import type { Memo } from '../memo.ts';
import type { MeshSettings } from '../settings.ts';
import { UNLIMITED } from './connection-pool.ts';
import { CONNECTION_BUFFER_BYTES } from './service-cluster.ts';

/** A cluster without endpoints: connections that must not be forwarded end here. */
export function buildBlackHoleCluster(_memo: Memo, settings: MeshSettings): CompiledResource {
  return asResource(
    create(ClusterSchema, {
      name: BLACK_HOLE_CLUSTER,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
      connectTimeout: duration(settings.connectTimeoutMs),
    }),
  );
}

/** Where connections go that the mesh knows nothing of: where they wanted to go, in the protocol they speak. */
export function buildPassthroughCluster(_memo: Memo, settings: MeshSettings): CompiledResource {
  return asResource(create(ClusterSchema, { ...passthroughClusterFields(settings), name: PASSTHROUGH_CLUSTER }));
}

/** A cluster whose one host is wherever a connection wanted to go, without its name. */
export function passthroughClusterFields(
  settings: MeshSettings,
): Exclude<MessageInitShape<typeof ClusterSchema>, Cluster> {
  const options = create(HttpProtocolOptionsSchema, {
    commonHttpProtocolOptions: { idleTimeout: duration(300_000) },
    upstreamProtocolOptions: {
      case: 'useDownstreamProtocolConfig',
      value: {
        httpProtocolOptions: {},
        http2ProtocolOptions: { initialStreamWindowSize: 65_536, initialConnectionWindowSize: 1_048_576 },
      },
    },
  });
  return {
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    connectTimeout: duration(settings.connectTimeoutMs),
    circuitBreakers: { thresholds: [UNLIMITED] },
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': anyPack(HttpProtocolOptionsSchema, options),
    },
  };
}

function asResource(cluster: ReturnType<typeof create<typeof ClusterSchema>>): CompiledResource {
  const bytes = toBinary(ClusterSchema, cluster);
  return {
    resource: xdsResource(CLUSTER_TYPE_URL, cluster.name, bytes),
    diagnostics: [],
    provenance: () => new Map(),
  };
}
