import type { UpstreamTransport } from './upstream-transport.ts';

/** The name data planes of this package announce in `node.user_agent_name`. */
export const GATEWAY_USER_AGENT = 'heddle';

/**
 * What this gateway implements, announced in `node.client_features`: a control plane that knows the list sends what is on it and
 * reports the rest instead of sending it. Names are stable; a feature is added when its tests pass.
 */
export const GATEWAY_FEATURES: readonly string[] = [
  'heddle.http.access-log',
  'heddle.http.cors',
  'heddle.http.direct-response',
  'heddle.http.fault',
  'heddle.http.header-mutation',
  'heddle.http.mirror',
  'heddle.http.redirect',
  'heddle.http.retry',
  'heddle.http.rewrite',
  'heddle.http.timeout',
  'heddle.http.upgrade-websocket',
  'heddle.http.wasm',
  'heddle.http.weighted-clusters',
  'heddle.http1.downstream',
  'heddle.http1.upstream',
  'heddle.http2.downstream',
  'heddle.http2.upstream',
  'heddle.cluster.dns',
  'heddle.cluster.eds',
  'heddle.cluster.static',
  'heddle.cluster.circuit-breakers',
  'heddle.cluster.outlier-detection',
  'heddle.lb.consistent-hash',
  'heddle.tls.downstream',
  'heddle.tls.upstream',
  'heddle.lb.least-request',
  'heddle.lb.random',
  'heddle.lb.round-robin',
  'heddle.lb.slow-start',
];

/** Those of {@link GATEWAY_FEATURES} that a gateway has whose endpoints are reached this way. */
export function featuresOver({ supports }: UpstreamTransport): readonly string[] {
  return GATEWAY_FEATURES.filter(
    (feature) =>
      (supports.tls === true || feature !== 'heddle.tls.upstream') &&
      (supports.http2 || feature !== 'heddle.http2.upstream') &&
      (supports.upgrades || feature !== 'heddle.http.upgrade-websocket'),
  );
}
