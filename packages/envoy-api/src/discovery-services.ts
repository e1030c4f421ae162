/**
 * The discovery services of one resource type each, beside the aggregated one.
 *
 * @module
 */

export { ClusterDiscoveryService } from '../gen/envoy/service/cluster/v3/cds_pb.js';
export { EndpointDiscoveryService } from '../gen/envoy/service/endpoint/v3/eds_pb.js';
export { ExtensionConfigDiscoveryService } from '../gen/envoy/service/extension/v3/config_discovery_pb.js';
export { ListenerDiscoveryService } from '../gen/envoy/service/listener/v3/lds_pb.js';
export {
  RouteDiscoveryService,
  VirtualHostDiscoveryService,
} from '../gen/envoy/service/route/v3/rds_pb.js';
export { SecretDiscoveryService } from '../gen/envoy/service/secret/v3/sds_pb.js';
