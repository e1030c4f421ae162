/**
 * Access loggers: file, standard output and error, gRPC.
 *
 * @module
 */
export {
  type FileAccessLog,
  FileAccessLogSchema,
} from '../../gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
export {
  type CommonGrpcAccessLogConfig,
  CommonGrpcAccessLogConfigSchema,
  type HttpGrpcAccessLogConfig,
  HttpGrpcAccessLogConfigSchema,
} from '../../gen/envoy/extensions/access_loggers/grpc/v3/als_pb.js';
export {
  type StderrAccessLog,
  StderrAccessLogSchema,
  type StdoutAccessLog,
  StdoutAccessLogSchema,
} from '../../gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
