/**
 * The network filter `envoy.filters.network.ext_authz`.
 *
 * @module
 */
export {
  type ExtAuthz,
  ExtAuthzSchema,
} from '../../../../gen/envoy/extensions/filters/network/ext_authz/v3/ext_authz_pb.js';
