/**
 * Protocol options of a cluster that is spoken to in TCP.
 *
 * @module
 */
export {
  type TcpProtocolOptions,
  TcpProtocolOptionsSchema,
} from '../../../gen/envoy/extensions/upstreams/tcp/v3/tcp_protocol_options_pb.js';
