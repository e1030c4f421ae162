import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { PreviousHostsPredicateSchema } from '@heddle/envoy-api/extensions/retry';
import type { RetryPolicySchema } from '@heddle/envoy-api/route';

/**
 * The retries that every route has unless told otherwise (Istio, "Traffic Management", Retries): twice, for requests that no endpoint
 * has begun to work on, each on another endpoint.
 */
export const defaultRetryPolicy: MessageInitShape<typeof RetryPolicySchema> = {
  retryOn: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  numRetries: 2,
  hostSelectionRetryMaxAttempts: 5n,
  retryHostPredicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      configType: {
        case: 'typedConfig',
        value: anyPack(PreviousHostsPredicateSchema, create(PreviousHostsPredicateSchema)),
      },
    },
  ],
};
