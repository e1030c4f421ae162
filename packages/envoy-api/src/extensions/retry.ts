/**
 * Predicates that choose the host of a retry.
 *
 * @module
 */
export {
  type PreviousHostsPredicate,
  PreviousHostsPredicateSchema,
} from '../../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
