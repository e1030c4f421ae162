/**
 * Protocol options of a cluster that is spoken to in HTTP.
 *
 * @module
 */
export {
  type HttpProtocolOptions,
  type HttpProtocolOptions_AutoHttpConfig,
  HttpProtocolOptions_AutoHttpConfigSchema,
  type HttpProtocolOptions_ExplicitHttpConfig,
  HttpProtocolOptions_ExplicitHttpConfigSchema,
  type HttpProtocolOptions_OutlierDetection,
  HttpProtocolOptions_OutlierDetectionSchema,
  type HttpProtocolOptions_UseDownstreamHttpConfig,
  HttpProtocolOptions_UseDownstreamHttpConfigSchema,
  HttpProtocolOptionsSchema,
} from '../../../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.js';
