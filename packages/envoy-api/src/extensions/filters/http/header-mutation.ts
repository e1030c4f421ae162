/**
 * The HTTP filter `envoy.filters.http.header_mutation`.
 *
 * @module
 */
export {
  type HeaderMutation,
  type HeaderMutationPerRoute,
  HeaderMutationPerRouteSchema,
  HeaderMutationSchema,
  type Mutations,
  MutationsSchema,
} from '../../../../gen/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js';
