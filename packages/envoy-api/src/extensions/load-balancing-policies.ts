/**
 * Load balancing policies, and what they share.
 *
 * @module
 */

export {
  type ClientSideWeightedRoundRobin,
  ClientSideWeightedRoundRobinSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin_pb.js';
export {
  type ClusterProvided,
  ClusterProvidedSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/cluster_provided/v3/cluster_provided_pb.js';
export {
  type ConsistentHashingLbConfig,
  ConsistentHashingLbConfigSchema,
  type LocalityLbConfig,
  type LocalityLbConfig_LocalityWeightedLbConfig,
  LocalityLbConfig_LocalityWeightedLbConfigSchema,
  type LocalityLbConfig_ZoneAwareLbConfig,
  type LocalityLbConfig_ZoneAwareLbConfig_ForceLocalZone,
  LocalityLbConfig_ZoneAwareLbConfig_ForceLocalZoneSchema,
  LocalityLbConfig_ZoneAwareLbConfig_LocalityBasis,
  LocalityLbConfig_ZoneAwareLbConfig_LocalityBasisSchema,
  LocalityLbConfig_ZoneAwareLbConfigSchema,
  LocalityLbConfigSchema,
  type OrcaOobReportingConfig,
  OrcaOobReportingConfigSchema,
  type SlowStartConfig,
  SlowStartConfigSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js';
export {
  type LeastRequest,
  LeastRequest_SelectionMethod,
  LeastRequest_SelectionMethodSchema,
  LeastRequestSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js';
export {
  type Maglev,
  MaglevSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.js';
export {
  type PickFirst,
  PickFirstSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/pick_first/v3/pick_first_pb.js';
export {
  type Random,
  RandomSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.js';
export {
  type RingHash,
  RingHash_HashFunction,
  RingHash_HashFunctionSchema,
  RingHashSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.js';
export {
  type RoundRobin,
  RoundRobinSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js';
export {
  type WrrLocality,
  WrrLocalitySchema,
} from '../../gen/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.js';
