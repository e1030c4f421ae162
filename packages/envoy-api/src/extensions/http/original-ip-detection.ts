/**
 * How the connection manager finds the client address.
 *
 * @module
 */

export {
  type CustomHeaderConfig,
  CustomHeaderConfigSchema,
} from '../../../gen/envoy/extensions/http/original_ip_detection/custom_header/v3/custom_header_pb.js';
export {
  type XffConfig,
  XffConfigSchema,
  type XffTrustedCidrs,
  XffTrustedCidrsSchema,
} from '../../../gen/envoy/extensions/http/original_ip_detection/xff/v3/xff_pb.js';
