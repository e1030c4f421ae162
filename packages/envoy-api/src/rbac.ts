/**
 * Role-based access control rules, shared by the HTTP and the network filter.
 *
 * @module
 */
export {
  MetadataSource,
  MetadataSourceSchema,
  type Permission,
  type Permission_Set,
  Permission_SetSchema,
  PermissionSchema,
  type Policy,
  PolicySchema,
  type Principal,
  type Principal_Authenticated,
  Principal_AuthenticatedSchema,
  type Principal_Set,
  Principal_SetSchema,
  PrincipalSchema,
  type RBAC,
  RBAC_Action,
  RBAC_ActionSchema,
  type RBAC_AuditLoggingOptions,
  RBAC_AuditLoggingOptions_AuditCondition,
  RBAC_AuditLoggingOptions_AuditConditionSchema,
  type RBAC_AuditLoggingOptions_AuditLoggerConfig,
  RBAC_AuditLoggingOptions_AuditLoggerConfigSchema,
  RBAC_AuditLoggingOptionsSchema,
  RBACSchema,
  type SourcedMetadata,
  SourcedMetadataSchema,
} from '../gen/envoy/config/rbac/v3/rbac_pb.js';
export {
  type UpstreamIpPortMatcher,
  UpstreamIpPortMatcherSchema,
} from '../gen/envoy/extensions/rbac/matchers/upstream_ip_port/v3/upstream_ip_port_matcher_pb.js';
