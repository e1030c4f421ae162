import type { RetryPolicy } from '@heddle/envoy-api/route';
import { durationMs } from '../duration.ts';
import type { UpstreamFailure } from '../upstream-transport.ts';
import { type HeaderList, headerValue } from './header-list.ts';

/** When and how a failed attempt is tried again; from a route's (or its virtual host's) retry policy. */
export interface RetrySettings {
  readonly on: ReadonlySet<string>;
  readonly maxRetries: number;
  readonly statusCodes: ReadonlySet<number>;
  /** 0 = none. */
  readonly perTryTimeoutMs: number;
  /** Hosts tried before are passed over, by up to `hostSelectionAttempts` more picks. */
  readonly avoidsPreviousHosts: boolean;
  readonly hostSelectionAttempts: number;
  readonly baseIntervalMs: number;
  readonly maxIntervalMs: number;
}

const previousHostsName = 'envoy.retry_host_predicates.previous_hosts';

const knownConditions = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'refused-stream',
  'retriable-4xx',
  'retriable-status-codes',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

/** Reads `envoy.config.route.v3.RetryPolicy`; conditions that are not implemented become problems and never trigger. */
export function retrySettings(policy: RetryPolicy, problems: string[]): RetrySettings {
  const on = new Set<string>();
  for (const condition of policy.retryOn.split(',')) {
    const name = condition.trim();
    if (name === '') continue;
    if (knownConditions.has(name)) on.add(name);
    // Never met: HTTP/3 is not spoken, and which headers are retriable is another field, reported below.
    else if (name !== 'http3-post-connect-failure' && name !== 'retriable-headers')
      problems.push(`retry_on "${name}" is not implemented`);
  }
  let avoidsPreviousHosts = false;
  for (const { name } of policy.retryHostPredicate) {
    if (name === previousHostsName) avoidsPreviousHosts = true;
    else problems.push(`retry_host_predicate "${name}" is not implemented`);
  }
  if (policy.retryPriority !== undefined) problems.push('retry_priority is not implemented');
  if (policy.retriableHeaders.length > 0) problems.push('retriable_headers is not implemented');
  if (policy.rateLimitedRetryBackOff !== undefined) problems.push('rate_limited_retry_back_off is not implemented');
  const base = Math.max(1, durationMs(policy.retryBackOff?.baseInterval, 25));
  return {
    on,
    maxRetries: policy.numRetries ?? 1,
    statusCodes: new Set(policy.retriableStatusCodes),
    perTryTimeoutMs: durationMs(policy.perTryTimeout, 0),
    avoidsPreviousHosts,
    hostSelectionAttempts: Math.max(1, Number(policy.hostSelectionRetryMaxAttempts) || 1),
    baseIntervalMs: base,
    maxIntervalMs: durationMs(policy.retryBackOff?.maxInterval, base * 10),
  };
}

const grpcConditions: Readonly<Record<string, string>> = {
  '1': 'cancelled',
  '4': 'deadline-exceeded',
  '13': 'internal',
  '8': 'resource-exhausted',
  '14': 'unavailable',
};

/** True when an answer of this status and these headers is one to try again on. */
export function retriesResponse(settings: RetrySettings, status: number, headers: HeaderList): boolean {
  const { on } = settings;
  // Only who asked for it tries a proxy again that refused because of a rate limit.
  if (headerValue(headers, 'x-envoy-ratelimited') !== undefined) return on.has('envoy-ratelimited');
  if (status >= 500 && on.has('5xx')) return true;
  if ((status === 502 || status === 503 || status === 504) && on.has('gateway-error')) return true;
  if (status === 409 && on.has('retriable-4xx')) return true;
  if (on.has('retriable-status-codes') && settings.statusCodes.has(status)) return true;
  const grpcStatus = headerValue(headers, 'grpc-status');
  const condition = grpcStatus === undefined ? undefined : grpcConditions[grpcStatus];
  return condition !== undefined && on.has(condition);
}

/** True when an attempt that failed this way is to be tried again. `requestSent` tells whether any of it may have arrived. */
export function retriesFailure(
  settings: RetrySettings,
  failure: UpstreamFailure['kind'],
  requestSent: boolean,
): boolean {
  const { on } = settings;
  if (on.has('5xx') || on.has('gateway-error') || on.has('reset')) return true;
  if (on.has('reset-before-request') && !requestSent) return true;
  if (failure === 'connection failure' || failure === 'connection timeout') return on.has('connect-failure');
  return failure === 'refused stream' && on.has('refused-stream');
}

/** Envoy's fully jittered exponential back-off: uniform between 0 and base × (2^n − 1), at most the maximum interval. */
export function retryDelayMs(settings: RetrySettings, retry: number, random: number): number {
  const window = Math.min(settings.baseIntervalMs * (2 ** retry - 1), settings.maxIntervalMs);
  return Math.floor(random * window);
}
