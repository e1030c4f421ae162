/**
 * Small values: percentages, ranges, status codes, token buckets, metadata keys, tracing tags.
 *
 * @module
 */

export {
  type PathTransformation,
  type PathTransformation_Operation,
  type PathTransformation_Operation_MergeSlashes,
  PathTransformation_Operation_MergeSlashesSchema,
  type PathTransformation_Operation_NormalizePathRFC3986,
  PathTransformation_Operation_NormalizePathRFC3986Schema,
  PathTransformation_OperationSchema,
  PathTransformationSchema,
} from '../gen/envoy/type/http/v3/path_transformation_pb.js';
export {
  type MetadataKey,
  type MetadataKey_PathSegment,
  MetadataKey_PathSegmentSchema,
  MetadataKeySchema,
  type MetadataKind,
  type MetadataKind_Cluster,
  MetadataKind_ClusterSchema,
  type MetadataKind_Host,
  MetadataKind_HostSchema,
  type MetadataKind_Request,
  MetadataKind_RequestSchema,
  type MetadataKind_Route,
  MetadataKind_RouteSchema,
  MetadataKindSchema,
} from '../gen/envoy/type/metadata/v3/metadata_pb.js';
export {
  type CustomTag,
  type CustomTag_Environment,
  CustomTag_EnvironmentSchema,
  type CustomTag_Header,
  CustomTag_HeaderSchema,
  type CustomTag_Literal,
  CustomTag_LiteralSchema,
  type CustomTag_Metadata,
  CustomTag_MetadataSchema,
  CustomTag_ValueType,
  CustomTag_ValueTypeSchema,
  CustomTagSchema,
} from '../gen/envoy/type/tracing/v3/custom_tag_pb.js';
export {
  type HashPolicy,
  type HashPolicy_FilterState,
  HashPolicy_FilterStateSchema,
  type HashPolicy_SourceIp,
  HashPolicy_SourceIpSchema,
  HashPolicySchema,
} from '../gen/envoy/type/v3/hash_policy_pb.js';
export {
  CodecClientType,
  CodecClientTypeSchema,
} from '../gen/envoy/type/v3/http_pb.js';
export {
  type HttpStatus,
  HttpStatusSchema,
  StatusCode,
  StatusCodeSchema,
} from '../gen/envoy/type/v3/http_status_pb.js';
export {
  type FractionalPercent,
  FractionalPercent_DenominatorType,
  FractionalPercent_DenominatorTypeSchema,
  FractionalPercentSchema,
  type Percent,
  PercentSchema,
} from '../gen/envoy/type/v3/percent_pb.js';
export {
  type DoubleRange,
  DoubleRangeSchema,
  type Int32Range,
  Int32RangeSchema,
  type Int64Range,
  Int64RangeSchema,
} from '../gen/envoy/type/v3/range_pb.js';
export {
  RateLimitUnit,
  RateLimitUnitSchema,
} from '../gen/envoy/type/v3/ratelimit_unit_pb.js';
export {
  type SemanticVersion,
  SemanticVersionSchema,
} from '../gen/envoy/type/v3/semantic_version_pb.js';
export {
  type TokenBucket,
  TokenBucketSchema,
} from '../gen/envoy/type/v3/token_bucket_pb.js';
