/**
 * Rate limit descriptors, shared by the local and the global rate limit filter.
 *
 * @module
 */
export {
  type LocalClusterRateLimit,
  LocalClusterRateLimitSchema,
  type LocalRateLimitDescriptor,
  LocalRateLimitDescriptorSchema,
  type RateLimitDescriptor,
  type RateLimitDescriptor_Entry,
  RateLimitDescriptor_EntrySchema,
  RateLimitDescriptorSchema,
  VhRateLimitsOptions,
  VhRateLimitsOptionsSchema,
  XRateLimitHeadersRFCVersion,
  XRateLimitHeadersRFCVersionSchema,
} from '../../gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js';
