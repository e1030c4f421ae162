const BOTH = [
  'connection',
  'content-length',
  'content-type',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-envoy-decorator-operation',
  'x-request-id',
];
const REQUEST = new Set([
  ...BOTH,
  'expect',
  'grpc-timeout',
  'te',
  'user-agent',
  'x-client-trace-id',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address',
  'x-envoy-internal',
  'x-envoy-max-retries',
  'x-envoy-original-path',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-timeout-ms',
  'x-forwarded-client-cert',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
const RESPONSE = new Set([
  ...BOTH,
  'date',
  'grpc-message',
  'grpc-status',
  'location',
  'server',
  'x-envoy-attempt-count',
  'x-envoy-degraded',
  'x-envoy-immediate-health-check-fail',
  'x-envoy-ratelimited',
  'x-envoy-upstream-canary',
  'x-envoy-upstream-healthchecked-cluster',
  'x-envoy-upstream-service-time',
]);

/**
 * Whether Envoy keeps all values of this header in one entry, joined by commas: repeated ones arrive joined, and appending lengthens the
 * value instead of adding a line (Envoy's O(1) headers).
 *
 * @param name lower-case
 */
export function isJoinedHeader(direction: 'request' | 'response', name: string): boolean {
  return (direction === 'request' ? REQUEST : RESPONSE).has(name);
}
