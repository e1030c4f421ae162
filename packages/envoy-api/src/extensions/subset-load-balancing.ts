/**
 * The load balancing policy that picks a subset of the endpoints first.
 *
 * @module
 */
export {
  type Subset,
  Subset_LbSubsetFallbackPolicy,
  Subset_LbSubsetFallbackPolicySchema,
  Subset_LbSubsetMetadataFallbackPolicy,
  Subset_LbSubsetMetadataFallbackPolicySchema,
  type Subset_LbSubsetSelector,
  Subset_LbSubsetSelector_LbSubsetSelectorFallbackPolicy,
  Subset_LbSubsetSelector_LbSubsetSelectorFallbackPolicySchema,
  Subset_LbSubsetSelectorSchema,
  SubsetSchema,
} from '../../gen/envoy/extensions/load_balancing_policies/subset/v3/subset_pb.js';
