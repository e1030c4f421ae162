import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { parseDurationMs } from '@heddle/api';
import { PreviousHostsPredicateSchema } from '@heddle/envoy-api/extensions/retry';
import type { RetryPolicy, RetryPolicySchema } from '@heddle/envoy-api/route';
import { duration } from '../duration.ts';
import type { HttpRetries, MeshSettings } from '../settings.ts';

type RetryFields = Exclude<MessageInitShape<typeof RetryPolicySchema>, RetryPolicy>;

const previousHosts = [
  {
    name: 'envoy.retry_host_predicates.previous_hosts',
    configType: {
      case: 'typedConfig',
      value: anyPack(PreviousHostsPredicateSchema, create(PreviousHostsPredicateSchema)),
    },
  },
] satisfies RetryFields['retryHostPredicate'];

/**
 * The retries that every route has unless told otherwise (Istio, "Traffic Management", Retries): twice, for requests that no endpoint
 * has begun to work on, each on another endpoint.
 */
export const defaultRetryPolicy: RetryFields = {
  retryOn: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  numRetries: 2,
  hostSelectionRetryMaxAttempts: 5n,
  retryHostPredicate: previousHosts,
};

/** {@link defaultRetryPolicy} where endpoints are chosen by hash: a retry goes where the hash leads. */
const hashedRetryPolicy: RetryFields = { ...defaultRetryPolicy, retryHostPredicate: [] };

/**
 * Istio's `http[].retries`, or the mesh's own: what is written replaces its part of {@link defaultRetryPolicy}, or of
 * {@link hashedRetryPolicy} if `byHash`. Undefined for retries that are switched off.
 */
export function compileRetries(
  written: HttpRetries | undefined,
  { defaultRetries }: MeshSettings,
  byHash: boolean,
): RetryFields | undefined {
  const retries = written ?? defaultRetries;
  const defaults = byHash ? hashedRetryPolicy : defaultRetryPolicy;
  if (retries === undefined) return defaults;
  const attempts = retries.attempts ?? 0;
  if (attempts <= 0) return undefined;
  const perTryTimeoutMs = parseDurationMs(retries.perTryTimeout ?? '0') ?? 0;
  const backoffMs = parseDurationMs(retries.backoff ?? '0') ?? 0;
  return {
    ...defaults,
    numRetries: attempts,
    ...(retries.retryOn === undefined || retries.retryOn === '' ? {} : retryConditions(retries.retryOn)),
    ...(perTryTimeoutMs > 0 ? { perTryTimeout: duration(perTryTimeoutMs) } : {}),
    ...(retries.retryIgnorePreviousHosts === undefined
      ? {}
      : { retryHostPredicate: retries.retryIgnorePreviousHosts ? previousHosts : [] }),
    ...(backoffMs > 0 ? { retryBackOff: { baseInterval: duration(backoffMs) } } : {}),
  };
}

/** Status codes among the conditions mean `retriable-status-codes`. */
function retryConditions(text: string): RetryFields {
  const parts = text.split(',').map((part) => part.trim());
  const retriableStatusCodes = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const conditions = parts.filter((part) => part !== '' && !/^\d+$/.test(part));
  if (retriableStatusCodes.length > 0 && !conditions.includes('retriable-status-codes')) {
    conditions.push('retriable-status-codes');
  }
  return { retryOn: conditions.join(','), retriableStatusCodes };
}
