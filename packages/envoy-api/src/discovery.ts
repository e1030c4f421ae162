/**
 * Aggregated discovery: requests, responses and the service, state of the world and delta.
 *
 * @module
 */
export { AggregatedDiscoveryService } from '../gen/envoy/service/discovery/v3/ads_pb.js';
export {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  DiscoveryRequestSchema,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
  type DynamicParameterConstraints,
  type DynamicParameterConstraints_ConstraintList,
  DynamicParameterConstraints_ConstraintListSchema,
  type DynamicParameterConstraints_SingleConstraint,
  type DynamicParameterConstraints_SingleConstraint_Exists,
  DynamicParameterConstraints_SingleConstraint_ExistsSchema,
  DynamicParameterConstraints_SingleConstraintSchema,
  DynamicParameterConstraintsSchema,
  type Resource,
  type Resource_CacheControl,
  Resource_CacheControlSchema,
  type ResourceError,
  ResourceErrorSchema,
  type ResourceLocator,
  ResourceLocatorSchema,
  type ResourceName,
  ResourceNameSchema,
  ResourceSchema,
} from '../gen/envoy/service/discovery/v3/discovery_pb.js';
