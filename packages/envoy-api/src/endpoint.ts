/**
 * Load assignments, localities and endpoints.
 *
 * @module
 */

export {
  type Endpoint,
  type Endpoint_AdditionalAddress,
  Endpoint_AdditionalAddressSchema,
  type Endpoint_HealthCheckConfig,
  Endpoint_HealthCheckConfigSchema,
  EndpointSchema,
  type LbEndpoint,
  LbEndpointSchema,
  type LedsClusterLocalityConfig,
  LedsClusterLocalityConfigSchema,
  type LocalityLbEndpoints,
  type LocalityLbEndpoints_LbEndpointList,
  LocalityLbEndpoints_LbEndpointListSchema,
  LocalityLbEndpointsSchema,
} from '../gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
export {
  type ClusterLoadAssignment,
  type ClusterLoadAssignment_Policy,
  type ClusterLoadAssignment_Policy_DropOverload,
  ClusterLoadAssignment_Policy_DropOverloadSchema,
  ClusterLoadAssignment_PolicySchema,
  ClusterLoadAssignmentSchema,
} from '../gen/envoy/config/endpoint/v3/endpoint_pb.js';
