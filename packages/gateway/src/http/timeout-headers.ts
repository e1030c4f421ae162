import { isGrpcContentType } from '@heddle/routing';
import type { Exchange } from './exchange.ts';
import { formatGrpcTimeout } from './grpc-timeout.ts';
import { headerValue, setHeader } from './header-list.ts';
import type { ForwardSettings } from './route-settings.ts';

/**
 * Tells the endpoint how long its answer is waited for: `x-envoy-expected-rq-timeout-ms`, and `grpc-timeout` in gRPC requests on
 * routes that look at it. That is the time of one attempt, or what `elapsedMs` has left of the whole.
 */
export function setTimeoutHeaders(
  { requestHeaders, listener: { router } }: Exchange,
  settings: ForwardSettings,
  timeoutMs: number,
  elapsedMs: number,
): void {
  const perTryMs = perTryTimeoutMs(settings, timeoutMs);
  const leftMs = timeoutMs > 0 ? timeoutMs - elapsedMs : Number.POSITIVE_INFINITY;
  const expectedMs = Math.round(Math.min(perTryMs > 0 ? perTryMs : Number.POSITIVE_INFINITY, leftMs));
  if (expectedMs <= 0 || expectedMs === Number.POSITIVE_INFINITY) return;
  const isKept =
    router.respectExpectedTimeout && headerValue(requestHeaders, 'x-envoy-expected-rq-timeout-ms') !== undefined;
  if (!router.suppressEnvoyHeaders && !isKept) {
    setHeader(requestHeaders, 'x-envoy-expected-rq-timeout-ms', String(expectedMs));
  }
  if (settings.streamDuration !== undefined || settings.maxGrpcTimeoutMs === undefined) return;
  if (isGrpcContentType(headerValue(requestHeaders, 'content-type'))) {
    setHeader(requestHeaders, 'grpc-timeout', formatGrpcTimeout(expectedMs));
  }
}

/** The time limit of one attempt; 0 for none, as where the whole time-out leaves no room for a second one. */
export function perTryTimeoutMs({ retry }: ForwardSettings, timeoutMs: number): number {
  const perTryMs = retry?.perTryTimeoutMs ?? 0;
  return timeoutMs > 0 && perTryMs >= timeoutMs ? 0 : perTryMs;
}
