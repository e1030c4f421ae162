/**
 * The network filter `envoy.filters.network.rbac`.
 *
 * @module
 */
export {
  type RBAC,
  RBAC_EnforcementType,
  RBAC_EnforcementTypeSchema,
  RBACSchema,
} from '../../../../gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.js';
