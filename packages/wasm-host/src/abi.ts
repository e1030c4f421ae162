/**
 * The words of the Proxy-Wasm ABI (github.com/proxy-wasm/spec, abi-versions 0.1.0, 0.2.0 and 0.2.1), with the numbers that travel.
 */

/** `proxy_status_t`, and one that stands in Envoy's host only. */
export const Status = {
  OK: 0,
  NOT_FOUND: 1,
  BAD_ARGUMENT: 2,
  SERIALIZATION_FAILURE: 3,
  PARSE_FAILURE: 4,
  BAD_EXPRESSION: 5,
  INVALID_MEMORY_ACCESS: 6,
  EMPTY: 7,
  CAS_MISMATCH: 8,
  RESULT_MISMATCH: 9,
  INTERNAL_FAILURE: 10,
  BROKEN_CONNECTION: 11,
  UNIMPLEMENTED: 12,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** `proxy_log_level_t`. */
export const LogLevel = { TRACE: 0, DEBUG: 1, INFO: 2, WARN: 3, ERROR: 4, CRITICAL: 5 } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** `proxy_buffer_type_t`. */
export const BufferType = {
  HTTP_REQUEST_BODY: 0,
  HTTP_RESPONSE_BODY: 1,
  DOWNSTREAM_DATA: 2,
  UPSTREAM_DATA: 3,
  HTTP_CALL_RESPONSE_BODY: 4,
  GRPC_CALL_MESSAGE: 5,
  VM_CONFIGURATION: 6,
  PLUGIN_CONFIGURATION: 7,
  FOREIGN_FUNCTION_ARGUMENTS: 8,
} as const;
export type BufferType = (typeof BufferType)[keyof typeof BufferType];

/** `proxy_header_map_type_t`. */
export const MapType = {
  HTTP_REQUEST_HEADERS: 0,
  HTTP_REQUEST_TRAILERS: 1,
  HTTP_RESPONSE_HEADERS: 2,
  HTTP_RESPONSE_TRAILERS: 3,
  GRPC_CALL_INITIAL_METADATA: 4,
  GRPC_CALL_TRAILING_METADATA: 5,
  HTTP_CALL_RESPONSE_HEADERS: 6,
  HTTP_CALL_RESPONSE_TRAILERS: 7,
} as const;
export type MapType = (typeof MapType)[keyof typeof MapType];

/** `proxy_stream_type_t`. */
export const StreamType = { HTTP_REQUEST: 0, HTTP_RESPONSE: 1, DOWNSTREAM: 2, UPSTREAM: 3 } as const;
export type StreamType = (typeof StreamType)[keyof typeof StreamType];

/** `proxy_metric_type_t`. */
export const MetricType = { COUNTER: 0, GAUGE: 1, HISTOGRAM: 2 } as const;
export type MetricType = (typeof MetricType)[keyof typeof MetricType];

/** What a callback for headers answers (Envoy's `FilterHeadersStatus`). */
export const HeadersAction = {
  CONTINUE: 0,
  /** All iteration stops, unless the plugin's configuration allows `StopIteration` for headers. */
  STOP_ITERATION: 1,
  CONTINUE_AND_END_STREAM: 2,
  STOP_ALL_AND_BUFFER: 3,
  STOP_ALL_AND_WATERMARK: 4,
} as const;

/** What a callback for a body answers (Envoy's `FilterDataStatus`). */
export const DataAction = {
  CONTINUE: 0,
  STOP_AND_BUFFER: 1,
  STOP_AND_WATERMARK: 2,
  STOP_NO_BUFFER: 3,
} as const;

/** What a callback for trailers answers (Envoy's `FilterTrailersStatus`). */
export const TrailersAction = { CONTINUE: 0, STOP_ITERATION: 1 } as const;

/** The markers that modules export, oldest first. */
export const ABI_VERSIONS = ['0.1.0', '0.2.0', '0.2.1'] as const;
export type AbiVersion = (typeof ABI_VERSIONS)[number];
