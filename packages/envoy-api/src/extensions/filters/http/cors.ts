/**
 * The HTTP filter `envoy.filters.http.cors`.
 *
 * @module
 */
export {
  type Cors,
  type CorsPolicy,
  CorsPolicySchema,
  CorsSchema,
} from '../../../../gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
