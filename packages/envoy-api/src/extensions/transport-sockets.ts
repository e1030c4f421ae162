/**
 * Transport sockets other than TLS.
 *
 * @module
 */

export {
  type InternalUpstreamTransport,
  type InternalUpstreamTransport_MetadataValueSource,
  InternalUpstreamTransport_MetadataValueSourceSchema,
  InternalUpstreamTransportSchema,
} from '../../gen/envoy/extensions/transport_sockets/internal_upstream/v3/internal_upstream_pb.js';
export {
  type ProxyProtocolUpstreamTransport,
  ProxyProtocolUpstreamTransportSchema,
} from '../../gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
export {
  type RawBuffer,
  RawBufferSchema,
} from '../../gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
