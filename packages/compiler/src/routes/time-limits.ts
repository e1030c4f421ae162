import type { MessageInitShape } from '@bufbuild/protobuf';
import { parseDurationMs } from '@heddle/api';
import type { RouteAction, RouteActionSchema } from '@heddle/envoy-api/route';
import { duration } from '../duration.ts';

type RouteActionFields = Exclude<MessageInitShape<typeof RouteActionSchema>, RouteAction>;

/** How long a stream of a route may be silent: an hour, where the listener's own limit (minutes) bounds streams without a route. */
const STREAM_IDLE_TIMEOUT_MS = 3_600_000;

/**
 * Istio's `http[].timeout`, without which there is none. It bounds what a gRPC client asks for by `grpc-timeout` too. Silence has a
 * limit of its own, which leaves a longer timeout its time.
 */
export function timeLimits(timeout: string | undefined): RouteActionFields {
  const timeoutMs = timeout === undefined ? 0 : (parseDurationMs(timeout) ?? 0);
  return {
    timeout: duration(timeoutMs),
    // Deprecated, as in Istio: beside its successor `max_stream_duration` Envoy does not look at `timeout`.
    maxGrpcTimeout: duration(timeoutMs),
    idleTimeout: duration(Math.max(timeoutMs, STREAM_IDLE_TIMEOUT_MS)),
  };
}
