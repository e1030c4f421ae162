/**
 * Access logs and their filters; the loggers are extensions.
 *
 * @module
 */
export {
  type AccessLog,
  type AccessLogFilter,
  AccessLogFilterSchema,
  AccessLogSchema,
  type AndFilter,
  AndFilterSchema,
  type ComparisonFilter,
  ComparisonFilter_Op,
  ComparisonFilter_OpSchema,
  ComparisonFilterSchema,
  type DurationFilter,
  DurationFilterSchema,
  type ExtensionFilter,
  ExtensionFilterSchema,
  type GrpcStatusFilter,
  GrpcStatusFilter_Status,
  GrpcStatusFilter_StatusSchema,
  GrpcStatusFilterSchema,
  type HeaderFilter,
  HeaderFilterSchema,
  type LogTypeFilter,
  LogTypeFilterSchema,
  type MetadataFilter,
  MetadataFilterSchema,
  type NotHealthCheckFilter,
  NotHealthCheckFilterSchema,
  type OrFilter,
  OrFilterSchema,
  type ResponseFlagFilter,
  ResponseFlagFilterSchema,
  type RuntimeFilter,
  RuntimeFilterSchema,
  type StatusCodeFilter,
  StatusCodeFilterSchema,
  type TraceableFilter,
  TraceableFilterSchema,
} from '../gen/envoy/config/accesslog/v3/accesslog_pb.js';
export {
  AccessLogType,
  AccessLogTypeSchema,
} from '../gen/envoy/data/accesslog/v3/accesslog_pb.js';
