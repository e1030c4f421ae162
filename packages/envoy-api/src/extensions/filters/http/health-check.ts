/**
 * The HTTP filter `envoy.filters.http.health_check`.
 *
 * @module
 */
export {
  type HealthCheck,
  HealthCheckSchema,
} from '../../../../gen/envoy/extensions/filters/http/health_check/v3/health_check_pb.js';
