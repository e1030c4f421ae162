/**
 * How header names are written on HTTP/1.1.
 *
 * @module
 */
export {
  type PreserveCaseFormatterConfig,
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeaders,
  PreserveCaseFormatterConfig_FormatterTypeOnEnvoyHeadersSchema,
  PreserveCaseFormatterConfigSchema,
} from '../../../gen/envoy/extensions/http/header_formatters/preserve_case/v3/preserve_case_pb.js';
