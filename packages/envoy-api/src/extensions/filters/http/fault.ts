/**
 * The HTTP filter `envoy.filters.http.fault`.
 *
 * @module
 */

export {
  type FaultDelay,
  type FaultDelay_HeaderDelay,
  FaultDelay_HeaderDelaySchema,
  FaultDelaySchema,
  type FaultRateLimit,
  type FaultRateLimit_FixedLimit,
  FaultRateLimit_FixedLimitSchema,
  type FaultRateLimit_HeaderLimit,
  FaultRateLimit_HeaderLimitSchema,
  FaultRateLimitSchema,
} from '../../../../gen/envoy/extensions/filters/common/fault/v3/fault_pb.js';
export {
  type FaultAbort,
  type FaultAbort_HeaderAbort,
  FaultAbort_HeaderAbortSchema,
  FaultAbortSchema,
  type HTTPFault,
  HTTPFaultSchema,
} from '../../../../gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
