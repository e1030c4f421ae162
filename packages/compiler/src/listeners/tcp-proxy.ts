import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { TcpProxySchema } from '@heddle/envoy-api/extensions/filters/network/tcp-proxy';
import type { FilterSchema } from '@heddle/envoy-api/listener';
import type { L4Leg } from '../routes/l4-routes.ts';
import type { MeshSettings } from '../settings.ts';
import { accessLogs } from './access-log.ts';

/**
 * The network filter that forwards connections as they are, to one cluster or, by weight, to several. `statPrefix` names it in statistics:
 * the cluster for one, `NAME.NAMESPACE` of the VirtualService for several, as in Istio.
 */
export function tcpProxyTo(
  legs: readonly L4Leg[],
  statPrefix: string,
  settings: MeshSettings,
): MessageInitShape<typeof FilterSchema> {
  const [first, ...others] = legs;
  const proxy = create(TcpProxySchema, {
    statPrefix: others.length === 0 ? (first?.cluster ?? statPrefix) : statPrefix,
    clusterSpecifier:
      others.length === 0
        ? { case: 'cluster', value: first?.cluster ?? '' }
        : {
            case: 'weightedClusters',
            value: { clusters: legs.map(({ cluster: name, weight }) => ({ name, weight })) },
          },
    accessLog: accessLogs(settings),
  });
  return {
    name: 'envoy.filters.network.tcp_proxy',
    configType: { case: 'typedConfig', value: anyPack(TcpProxySchema, proxy) },
  };
}
