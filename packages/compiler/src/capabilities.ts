import {
  type Diagnostic,
  diagnostic,
  type FieldPath,
  type ProxyCapabilities,
  type ResourceRef,
  type View,
} from '@heddle/model';

/**
 * What the compiler may ask of a data plane beyond plain HTTP routing. A data plane of Heddle's own names what it can do in
 * `node.client_features`; Envoy can do all of it, but for filters in WebAssembly if it was built without.
 */
export const PROXY_FEATURES = {
  'heddle.tls.downstream': 'ending TLS of clients',
  'heddle.tls.upstream': 'TLS to endpoints',
  'heddle.tcp.proxy': 'forwarding of TCP connections',
  'heddle.cluster.original-dst': 'forwarding to the original destination of a connection',
  'heddle.cluster.outlier-detection': 'ejecting failing endpoints',
  'heddle.http2.upstream': 'HTTP/2 to endpoints',
  'heddle.lb.consistent-hash': 'choosing endpoints by consistent hashing',
  'heddle.lb.large-hash-tables': 'hash tables of more than 65,537 entries',
  'heddle.lb.slow-start': 'slow start of new endpoints',
  'heddle.http.cors': 'answering cross-origin requests',
  'heddle.http.fault': 'injecting faults',
  'heddle.http.mirror': 'mirroring requests',
  'heddle.http.wasm': 'running WebAssembly filters',
  'heddle.http.route-stats': 'statistics by route',
} as const;

export type ProxyFeature = keyof typeof PROXY_FEATURES;

export function canDo(capabilities: ProxyCapabilities, feature: ProxyFeature): boolean {
  if (capabilities.dataPlane === 'heddle') return capabilities.features.includes(feature);
  return feature !== 'heddle.http.wasm' || capabilities.withoutWasm !== true;
}

/**
 * What a proxy cannot do, as an input of stages: the features joined by commas, empty for Envoy. Views with the same gaps share what is
 * compiled for them.
 */
export function missingFeatures(capabilities: ProxyCapabilities): string {
  const features = Object.keys(PROXY_FEATURES) as ProxyFeature[];
  return features.filter((feature) => !canDo(capabilities, feature)).join(',');
}

/** Whether a feature is among {@link missingFeatures}. */
export function isMissing(missing: string, feature: ProxyFeature): boolean {
  return missing.split(',').includes(feature);
}

/** HED301: what a field asks for cannot be sent to this proxy. */
export function cannotDo(feature: ProxyFeature, resource: ResourceRef, path: FieldPath, effect: string): Diagnostic {
  const message = `this proxy is not capable of ${PROXY_FEATURES[feature]} (${feature})`;
  return diagnostic('HED301', { resource, path, message, effect });
}

/** How a sidecar's outbound listeners come by their connections. */
export type OutboundCapture =
  /** The kernel redirects connections to one port, from where they are handed on by original destination. */
  | 'redirected'
  /** Callers connect to the listeners themselves. */
  | 'bound';

/** Proxies that are told where to bind, or cannot use original destinations, are called directly. */
export function outboundCapture(view: View): OutboundCapture {
  return view.binding === undefined && canDo(view.capabilities, 'heddle.cluster.original-dst') ? 'redirected' : 'bound';
}
