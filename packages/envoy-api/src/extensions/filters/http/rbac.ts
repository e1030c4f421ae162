/**
 * The HTTP filter `envoy.filters.http.rbac`.
 *
 * @module
 */
export {
  type RBAC,
  type RBACPerRoute,
  RBACPerRouteSchema,
  RBACSchema,
} from '../../../../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.js';
