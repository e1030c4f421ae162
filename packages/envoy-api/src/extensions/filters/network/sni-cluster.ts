/**
 * The network filter `envoy.filters.network.sni_cluster`.
 *
 * @module
 */
export {
  type SniCluster,
  SniClusterSchema,
} from '../../../../gen/envoy/extensions/filters/network/sni_cluster/v3/sni_cluster_pb.js';
