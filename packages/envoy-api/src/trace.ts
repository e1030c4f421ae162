/**
 * Where a connection manager sends its traces.
 *
 * @module
 */
export {
  type Tracing,
  type Tracing_Http,
  Tracing_HttpSchema,
  TracingSchema,
} from '../gen/envoy/config/trace/v3/http_tracer_pb.js';
