/**
 * The HTTP filter `envoy.filters.http.grpc_stats`.
 *
 * @module
 */
export {
  type FilterConfig,
  FilterConfigSchema,
} from '../../../../gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.js';
