/**
 * Kinds of cluster that are extensions: aggregate.
 *
 * @module
 */
export {
  type ClusterConfig,
  ClusterConfigSchema,
} from '../../gen/envoy/extensions/clusters/aggregate/v3/cluster_pb.js';
