/**
 * The HTTP filter `envoy.filters.http.set_filter_state`.
 *
 * @module
 */

export {
  type FilterStateValue,
  FilterStateValue_SharedWithUpstream,
  FilterStateValue_SharedWithUpstreamSchema,
  FilterStateValueSchema,
} from '../../../../gen/envoy/extensions/filters/common/set_filter_state/v3/value_pb.js';
export {
  type Config,
  ConfigSchema,
} from '../../../../gen/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js';
