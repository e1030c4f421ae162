import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { AccessLog as AccessLogMessage } from '@heddle/envoy-api/access-log';
import type { SubstitutionFormatString } from '@heddle/envoy-api/core';
import {
  FileAccessLogSchema,
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@heddle/envoy-api/extensions/access-loggers';
import { compileFormat, type Format } from '@heddle/routing';
import type { Exchange } from './exchange.ts';
import { formatContext } from './format-context.ts';

/** Writes one line about an exchange that is over. */
export type AccessLog = (exchange: Exchange) => void;

/** Where lines go: `path` is the file's (`/dev/stdout`, `/dev/stderr`, or a file); `line` ends with a newline. */
export type AccessLogSink = (path: string, line: string) => void;

/** Envoy's default format ("Default format string" of its access log page). */
export const DEFAULT_ACCESS_LOG_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** Compiles the `access_log` entries of a connection manager. Without a sink nothing is written. */
export function compileAccessLogs(
  messages: readonly AccessLogMessage[],
  sink: AccessLogSink | undefined,
  problems: string[],
): AccessLog[] {
  const logs: AccessLog[] = [];
  for (const message of messages) {
    if (message.filter !== undefined) {
      problems.push(`access_log "${message.name}" has a filter, which is not implemented: it is not written`);
      continue;
    }
    const target = targetOf(message, problems);
    if (target === undefined || sink === undefined) continue;
    logs.push((exchange) => sink(target.path, target.format(exchange)));
  }
  return logs;
}

function targetOf(
  message: AccessLogMessage,
  problems: string[],
): { readonly path: string; readonly format: (exchange: Exchange) => string } | undefined {
  const config = message.configType.case === 'typedConfig' ? message.configType.value : undefined;
  if (config === undefined) return undefined;
  const file = anyUnpack(config, FileAccessLogSchema);
  if (file !== undefined) {
    const chosen = file.accessLogFormat;
    switch (chosen.case) {
      case 'format':
        return { path: file.path, format: textFormat(chosen.value === '' ? DEFAULT_ACCESS_LOG_FORMAT : chosen.value) };
      case 'jsonFormat':
      case 'typedJsonFormat':
        return { path: file.path, format: jsonFormat(chosen.value) };
      case 'logFormat':
        return { path: file.path, format: substitution(chosen.value, problems) };
      default:
        return { path: file.path, format: textFormat(DEFAULT_ACCESS_LOG_FORMAT) };
    }
  }
  const stdout = anyUnpack(config, StdoutAccessLogSchema);
  if (stdout !== undefined) {
    return { path: '/dev/stdout', format: substitution(stdout.accessLogFormat.value, problems) };
  }
  const stderr = anyUnpack(config, StderrAccessLogSchema);
  if (stderr !== undefined) {
    return { path: '/dev/stderr', format: substitution(stderr.accessLogFormat.value, problems) };
  }
  problems.push(`access_log "${message.name}" (${config.typeUrl}) is not implemented`);
  return undefined;
}

function substitution(
  format: SubstitutionFormatString | undefined,
  problems: string[],
): (exchange: Exchange) => string {
  const chosen = format?.format;
  switch (chosen?.case) {
    case 'textFormat':
      return textFormat(chosen.value);
    case 'jsonFormat':
      return jsonFormat(chosen.value);
    case 'textFormatSource':
      if (chosen.value.specifier.case === 'inlineString') return textFormat(chosen.value.specifier.value);
      problems.push(`text_format_source from ${chosen.value.specifier.case ?? 'nothing'} is not implemented`);
      return textFormat(DEFAULT_ACCESS_LOG_FORMAT);
    default:
      return textFormat(DEFAULT_ACCESS_LOG_FORMAT);
  }
}

function textFormat(text: string): (exchange: Exchange) => string {
  const format = compileFormat(text, { missing: '-' });
  return (exchange) => format(formatContext(exchange));
}

/** A value of a JSON log: a text that is nothing but a command of a number is written as one, as Envoy does. */
type JsonTemplate =
  | { readonly text: Format }
  | { readonly number: Format }
  | { readonly fields: readonly (readonly [key: string, template: JsonTemplate])[] }
  | readonly JsonTemplate[];

const NUMERIC =
  /^%(?:BYTES_RECEIVED|BYTES_SENT|CONNECTION_ID|DURATION|(?:REQUEST|RESPONSE|RESPONSE_TX)_DURATION|RESPONSE_CODE|UPSTREAM_REQUEST_ATTEMPT_COUNT|(?:DOWNSTREAM_DIRECT_REMOTE|DOWNSTREAM_LOCAL|DOWNSTREAM_REMOTE|UPSTREAM_LOCAL|UPSTREAM_REMOTE)_PORT)%$/;

function jsonFormat(template: unknown): (exchange: Exchange) => string {
  const compiled = compileJson(template);
  return (exchange) => `${JSON.stringify(fillJson(compiled, exchange))}\n`;
}

function compileJson(template: unknown): JsonTemplate {
  if (typeof template === 'string') {
    const format = compileFormat(template, { missing: '-' });
    return NUMERIC.test(template) ? { number: format } : { text: format };
  }
  if (Array.isArray(template)) return template.map(compileJson);
  if (typeof template === 'object' && template !== null) {
    // Keys come out sorted, as Envoy writes them.
    const entries = Object.entries(template).sort(([a], [b]) => (a < b ? -1 : 1));
    return { fields: entries.map(([key, value]) => [key, compileJson(value)] as const) };
  }
  const text = String(template);
  return typeof template === 'number' ? { number: () => text } : { text: () => text };
}

function fillJson(template: JsonTemplate, exchange: Exchange): unknown {
  if ('text' in template || 'number' in template) {
    const value = ('text' in template ? template.text : template.number)(formatContext(exchange));
    if (value === '-') return null;
    return 'number' in template ? Number(value) : value;
  }
  if ('fields' in template)
    return Object.fromEntries(template.fields.map(([key, value]) => [key, fillJson(value, exchange)]));
  return template.map((entry) => fillJson(entry, exchange));
}
