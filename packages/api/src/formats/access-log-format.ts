import type { StringFormat } from '../schema.ts';
import { headerFormatProblem } from './header-format.ts';

/**
 * Commands that access logs know and header values do not, or not in our reading of them (Envoy documentation, "Access logging",
 * "Command operators").
 */
const OF_LOGS =
  /%(?:(?:UPSTREAM_CLUSTER_RAW|ROUTE_NAME|STREAM_ID|TRACE_ID|FILTER_CHAIN_NAME|ACCESS_LOG_TYPE|DOWNSTREAM_TRANSPORT_FAILURE_REASON|UPSTREAM_TLS_VERSION|UPSTREAM_TLS_CIPHER|UPSTREAM_CONNECTION_ID|REQUEST_HEADERS_BYTES|RESPONSE_HEADERS_BYTES)|TRAILER\(:?[A-Za-z0-9_-]{1,256}\)|(?:DYNAMIC_METADATA|CLUSTER_METADATA|UPSTREAM_METADATA)\([A-Za-z0-9_.:-]{1,256}\)|FILTER_STATE\([A-Za-z0-9_.-]{1,256}(?::(?:PLAIN|TYPED))?\)|EMIT_TIME|START_TIME\((?:%[A-Za-z0-9]{1,2}|[-A-Za-z0-9_:.,/ ])*\))(?::[1-9]\d{0,4})?%/g;

/** Says what is wrong with the `%COMMANDS%` of an access log's format, as what was wanted: for an unknown one Envoy refuses a listener. */
export function accessLogFormatProblem(text: string): string | undefined {
  return headerFormatProblem(text.replace(OF_LOGS, ''));
}

/** A format of text, or a JSON object whose texts are formats. */
export const accessLogFormat: StringFormat = {
  name: 'access-log-format',
  check: (text) => {
    if (!text.trimStart().startsWith('{')) return accessLogFormatProblem(text);
    const value = jsonObject(text);
    return value === undefined ? accessLogFormatProblem(text) : jsonProblem(value, 0);
  },
};

/** The JSON object that a text is, or undefined. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const sound = typeof value === 'object' && value !== null && !Array.isArray(value);
    return sound ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

/** Envoy's own bound on nesting is its stack. */
const MAX_DEPTH = 20;

function jsonProblem(value: unknown, depth: number): string | undefined {
  if (depth > MAX_DEPTH) return `at most ${MAX_DEPTH} levels of nesting`;
  if (typeof value === 'string') return accessLogFormatProblem(value);
  if (typeof value === 'number') return undefined;
  if (typeof value !== 'object' || value === null) return `texts, numbers, lists and objects only, found ${value}`;
  for (const part of Object.values(value)) {
    const problem = jsonProblem(part, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
