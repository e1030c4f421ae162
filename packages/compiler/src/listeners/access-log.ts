import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import { type Any, anyPack } from '@bufbuild/protobuf/wkt';
import type { AccessLogSchema } from '@heddle/envoy-api/access-log';
import {
  FileAccessLogSchema,
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@heddle/envoy-api/extensions/access-loggers';
import type { MeshSettings } from '../settings.ts';

/** Istio's default text format (Istio, "Envoy Access Logs", Default access log format). */
export const ISTIO_ACCESS_LOG_FORMAT = `${[
  '[%START_TIME%]',
  '"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
  '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS%',
  '"%UPSTREAM_TRANSPORT_FAILURE_REASON%"',
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"',
  '%UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%',
  '%REQUESTED_SERVER_NAME% %ROUTE_NAME%',
].join(' ')}\n`;

/** The same as JSON (Istio, "Envoy Access Logs", `accessLogEncoding`). */
export const ISTIO_ACCESS_LOG_JSON: JsonObject = {
  start_time: '%START_TIME%',
  route_name: '%ROUTE_NAME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
};

/**
 * The access loggers of a connection manager or TCP proxy: none unless the settings name a file. Standard output and error get
 * Envoy's own loggers for them: opened as the files `/dev/stdout` and `/dev/stderr` they are refused where they are sockets, as for
 * an Envoy that another process started.
 */
export function accessLogs(settings: MeshSettings): MessageInitShape<typeof AccessLogSchema>[] {
  const { accessLog } = settings;
  if (accessLog === 'off') return [];
  const { format = ISTIO_ACCESS_LOG_FORMAT } = accessLog;
  const accessLogFormat = {
    case: 'logFormat' as const,
    value: {
      format:
        typeof format === 'string'
          ? {
              case: 'textFormatSource' as const,
              value: { specifier: { case: 'inlineString' as const, value: format } },
            }
          : { case: 'jsonFormat' as const, value: format },
    },
  };
  switch (accessLog.path) {
    case '/dev/stdout':
      return [logger('stdout', anyPack(StdoutAccessLogSchema, create(StdoutAccessLogSchema, { accessLogFormat })))];
    case '/dev/stderr':
      return [logger('stderr', anyPack(StderrAccessLogSchema, create(StderrAccessLogSchema, { accessLogFormat })))];
    default: {
      const file = create(FileAccessLogSchema, { path: accessLog.path, accessLogFormat });
      return [logger('file', anyPack(FileAccessLogSchema, file))];
    }
  }
}

function logger(kind: 'file' | 'stderr' | 'stdout', value: Any): MessageInitShape<typeof AccessLogSchema> {
  return { name: `envoy.access_loggers.${kind}`, configType: { case: 'typedConfig', value } };
}
