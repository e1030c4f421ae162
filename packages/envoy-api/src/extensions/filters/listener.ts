/**
 * Listener filters: original destination, TLS and HTTP inspector, proxy protocol.
 *
 * @module
 */

export {
  type HttpInspector,
  HttpInspectorSchema,
} from '../../../gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.js';
export {
  type OriginalDst,
  OriginalDstSchema,
} from '../../../gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js';
export {
  type ProxyProtocol,
  type ProxyProtocol_KeyValuePair,
  ProxyProtocol_KeyValuePair_ValueStringEncoding,
  ProxyProtocol_KeyValuePair_ValueStringEncodingSchema,
  ProxyProtocol_KeyValuePairSchema,
  type ProxyProtocol_Rule,
  ProxyProtocol_RuleSchema,
  ProxyProtocol_TlvLocation,
  ProxyProtocol_TlvLocationSchema,
  ProxyProtocolSchema,
} from '../../../gen/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js';
export {
  type TlsInspector,
  TlsInspectorSchema,
} from '../../../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.js';
