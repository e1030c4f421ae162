/**
 * The HTTP filter `envoy.filters.http.ext_authz`.
 *
 * @module
 */
export {
  type AuthorizationRequest,
  AuthorizationRequestSchema,
  type AuthorizationResponse,
  AuthorizationResponseSchema,
  type BufferSettings,
  BufferSettingsSchema,
  type CheckSettings,
  CheckSettingsSchema,
  type ExtAuthz,
  type ExtAuthzPerRoute,
  ExtAuthzPerRouteSchema,
  ExtAuthzSchema,
  type HttpService,
  HttpServiceSchema,
} from '../../../../gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.js';
