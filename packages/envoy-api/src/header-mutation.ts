/**
 * Rules for mutating headers, shared by several filters.
 *
 * @module
 */
export {
  type HeaderMutation,
  type HeaderMutation_RemoveOnMatch,
  HeaderMutation_RemoveOnMatchSchema,
  type HeaderMutationRules,
  HeaderMutationRulesSchema,
  HeaderMutationSchema,
} from '../gen/envoy/config/common/mutation_rules/v3/mutation_rules_pb.js';
