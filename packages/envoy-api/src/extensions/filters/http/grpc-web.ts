/**
 * The HTTP filter `envoy.filters.http.grpc_web`.
 *
 * @module
 */
export {
  type GrpcWeb,
  GrpcWebSchema,
} from '../../../../gen/envoy/extensions/filters/http/grpc_web/v3/grpc_web_pb.js';
