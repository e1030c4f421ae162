/**
 * The network filter `envoy.filters.network.tcp_proxy`.
 *
 * @module
 */
export {
  ProxyProtocolTlvMergePolicy,
  ProxyProtocolTlvMergePolicySchema,
  type TcpProxy,
  type TcpProxy_OnDemand,
  TcpProxy_OnDemandSchema,
  type TcpProxy_TcpAccessLogOptions,
  TcpProxy_TcpAccessLogOptionsSchema,
  type TcpProxy_TunnelingConfig,
  TcpProxy_TunnelingConfigSchema,
  type TcpProxy_WeightedCluster,
  type TcpProxy_WeightedCluster_ClusterWeight,
  TcpProxy_WeightedCluster_ClusterWeightSchema,
  TcpProxy_WeightedClusterSchema,
  TcpProxySchema,
  UpstreamConnectMode,
  UpstreamConnectModeSchema,
} from '../../../../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
