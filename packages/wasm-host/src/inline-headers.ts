const BOTH =
  'cache-control connection content-encoding content-length content-type keep-alive proxy-connection proxy-status transfer-encoding upgrade via x-envoy-attempt-count x-envoy-decorator-operation x-request-id';

/**
 * Headers that Envoy has a place of their own for (`Http::CustomInlineHeaderRegistry`, and `INLINE_*_HEADERS` in envoy/http/header_map.h): such
 * a name stands once in a map, what is added goes behind a comma. As Envoy 1.40 was seen to do; see docs/wasm-differential.md.
 */
export const INLINE_REQUEST_HEADERS: ReadonlySet<string> = names(
  BOTH,
  'accept accept-encoding authorization expect grpc-accept-encoding grpc-timeout origin pragma referer te user-agent',
  'if-match if-modified-since if-none-match if-range if-unmodified-since',
  'access-control-request-headers access-control-request-method access-control-request-private-network',
  'x-client-trace-id x-forwarded-client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto',
  'x-envoy-downstream-service-cluster x-envoy-downstream-service-node x-envoy-expected-rq-timeout-ms x-envoy-external-address',
  'x-envoy-force-trace x-envoy-hedge-on-per-try-timeout x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry x-envoy-max-retries',
  'x-envoy-original-host x-envoy-original-path x-envoy-retriable-header-names x-envoy-retriable-status-codes x-envoy-retry-grpc-on',
  'x-envoy-retry-on x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
);

/** Those of responses: see {@link INLINE_REQUEST_HEADERS}. */
export const INLINE_RESPONSE_HEADERS: ReadonlySet<string> = names(
  BOTH,
  'age date etag expires grpc-message grpc-status last-modified location server vary',
  'access-control-allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin',
  'access-control-allow-private-network access-control-expose-headers access-control-max-age',
  'x-envoy-degraded x-envoy-immediate-health-check-fail x-envoy-ratelimited x-envoy-upstream-canary',
  'x-envoy-upstream-healthchecked-cluster x-envoy-upstream-service-time',
);

/** Those of a response's trailers. */
export const INLINE_RESPONSE_TRAILERS: ReadonlySet<string> = names('grpc-message grpc-status');

function names(...lists: readonly string[]): ReadonlySet<string> {
  return new Set(lists.flatMap((list) => list.split(' ')));
}
