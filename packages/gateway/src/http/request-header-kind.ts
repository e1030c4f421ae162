import { isJoinedHeader } from '@heddle/routing';

/** What the connection manager does with a request header, apart from forwarding it. */
export const requestHeaderKinds = {
  plain: 0,
  host: 1,
  connection: 2,
  dropped: 3,
  te: 4,
  expect: 5,
  upgrade: 6,
  contentLength: 7,
  transferEncoding: 8,
  forwardedFor: 9,
  forwardedProto: 10,
  requestId: 11,
  /** `x-envoy-*` fields that only internal callers may send. */
  internalOnly: 12,
  /** `x-envoy-*` fields that an edge request may not send. */
  edgeStripped: 13,
  forwardedClientCert: 14,
  referer: 15,
  pseudo: 16,
} as const;

/** One of {@link requestHeaderKinds}. */
export type RequestHeaderKind = (typeof requestHeaderKinds)[keyof typeof requestHeaderKinds];

/** A header name as it is kept, and what it means. */
export interface KnownHeader {
  readonly name: string;
  readonly kind: RequestHeaderKind;
  readonly hasUnderscore: boolean;
  /** Repeated ones are one value, joined by commas, as in Envoy's header map. */
  readonly isJoined: boolean;
}

const special: Readonly<Record<string, RequestHeaderKind>> = {
  host: requestHeaderKinds.host,
  connection: requestHeaderKinds.connection,
  'keep-alive': requestHeaderKinds.dropped,
  'proxy-connection': requestHeaderKinds.dropped,
  'http2-settings': requestHeaderKinds.dropped,
  'x-envoy-internal': requestHeaderKinds.dropped,
  te: requestHeaderKinds.te,
  expect: requestHeaderKinds.expect,
  upgrade: requestHeaderKinds.upgrade,
  'content-length': requestHeaderKinds.contentLength,
  'transfer-encoding': requestHeaderKinds.transferEncoding,
  'x-forwarded-for': requestHeaderKinds.forwardedFor,
  'x-forwarded-proto': requestHeaderKinds.forwardedProto,
  'x-request-id': requestHeaderKinds.requestId,
  'x-forwarded-client-cert': requestHeaderKinds.forwardedClientCert,
  referer: requestHeaderKinds.referer,
  'x-envoy-retry-on': requestHeaderKinds.internalOnly,
  'x-envoy-retry-grpc-on': requestHeaderKinds.internalOnly,
  'x-envoy-max-retries': requestHeaderKinds.internalOnly,
  'x-envoy-upstream-alt-stat-name': requestHeaderKinds.internalOnly,
  'x-envoy-upstream-rq-timeout-ms': requestHeaderKinds.internalOnly,
  'x-envoy-upstream-rq-per-try-timeout-ms': requestHeaderKinds.internalOnly,
  'x-envoy-upstream-rq-timeout-alt-response': requestHeaderKinds.internalOnly,
  'x-envoy-expected-rq-timeout-ms': requestHeaderKinds.internalOnly,
  'x-envoy-force-trace': requestHeaderKinds.internalOnly,
  'x-envoy-ip-tags': requestHeaderKinds.internalOnly,
  'x-envoy-retriable-status-codes': requestHeaderKinds.internalOnly,
  'x-envoy-retriable-header-names': requestHeaderKinds.internalOnly,
  'x-envoy-hedge-on-per-try-timeout': requestHeaderKinds.internalOnly,
  'x-envoy-decorator-operation': requestHeaderKinds.edgeStripped,
  'x-envoy-downstream-service-cluster': requestHeaderKinds.edgeStripped,
  'x-envoy-downstream-service-node': requestHeaderKinds.edgeStripped,
  'x-envoy-original-path': requestHeaderKinds.edgeStripped,
  'x-envoy-original-host': requestHeaderKinds.edgeStripped,
};

const known = new Map<string, KnownHeader>();
const maxKnown = 1024;

/** Looks a header name up as received, in any case. Names seen before cost one map lookup and no allocation. */
export function knownHeader(name: string): KnownHeader {
  const found = known.get(name);
  if (found !== undefined) return found;
  const lower = name.toLowerCase();
  const kind = lower.charCodeAt(0) === 0x3a ? requestHeaderKinds.pseudo : (special[lower] ?? requestHeaderKinds.plain);
  const entry: KnownHeader = {
    name: lower,
    kind,
    hasUnderscore: lower.includes('_'),
    isJoined: isJoinedHeader('request', lower),
  };
  // Bounded: names come from clients.
  if (known.size < maxKnown && name.length <= 64) known.set(name, entry);
  return entry;
}
