/**
 * The HTTP filter `envoy.filters.http.buffer`.
 *
 * @module
 */
export {
  type Buffer,
  type BufferPerRoute,
  BufferPerRouteSchema,
  BufferSchema,
} from '../../../../gen/envoy/extensions/filters/http/buffer/v3/buffer_pb.js';
