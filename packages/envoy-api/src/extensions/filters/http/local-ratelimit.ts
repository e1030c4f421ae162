/**
 * The HTTP filter `envoy.filters.http.local_ratelimit`.
 *
 * @module
 */
export {
  type LocalRateLimit,
  LocalRateLimitSchema,
} from '../../../../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js';
