/**
 * Core messages of the xDS API, apart from those of the Envoy API.
 *
 * @module
 */
export {
  type Authority,
  AuthoritySchema,
} from '../gen/xds/core/v3/authority_pb.js';
export {
  type CidrRange,
  CidrRangeSchema,
} from '../gen/xds/core/v3/cidr_pb.js';
export {
  type ContextParams,
  ContextParamsSchema,
} from '../gen/xds/core/v3/context_params_pb.js';
export {
  type TypedExtensionConfig,
  TypedExtensionConfigSchema,
} from '../gen/xds/core/v3/extension_pb.js';
