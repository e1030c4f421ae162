/**
 * The network filter `envoy.filters.network.local_ratelimit`.
 *
 * @module
 */
export {
  type LocalRateLimit,
  LocalRateLimitSchema,
} from '../../../../gen/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb.js';
