/**
 * URI templates as path match and path rewrite.
 *
 * @module
 */
export {
  type UriTemplateMatchConfig,
  UriTemplateMatchConfigSchema,
} from '../../gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.js';
export {
  type UriTemplateRewriteConfig,
  UriTemplateRewriteConfigSchema,
} from '../../gen/envoy/extensions/path/rewrite/uri_template/v3/uri_template_rewrite_pb.js';
