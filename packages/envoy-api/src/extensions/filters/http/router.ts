/**
 * The HTTP filter `envoy.filters.http.router`.
 *
 * @module
 */
export {
  type Router,
  type Router_UpstreamAccessLogOptions,
  Router_UpstreamAccessLogOptionsSchema,
  RouterSchema,
} from '../../../../gen/envoy/extensions/filters/http/router/v3/router_pb.js';
