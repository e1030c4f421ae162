/** A part of metrics' names that becomes a label (`envoy.config.metrics.v3.TagSpecifier`), as `buildFilter` of @heddle/wasm-tools says of a filter. */
export interface StatsTag {
  readonly tag_name: string;
  /** The first group is cut out of the name; the second is the label's value. */
  readonly regex: string;
}

const WORKLOAD = [
  'app',
  'canonical_revision',
  'canonical_service',
  'cluster',
  'principal',
  'version',
  'workload',
  'workload_namespace',
];

const LABELS = [
  ...['source', 'destination'].flatMap((side) => WORKLOAD.map((label) => `${side}_${label}`)),
  ...['destination_service', 'destination_service_name', 'destination_service_namespace'],
  ...['reporter', 'request_protocol', 'response_code', 'response_flags'],
  ...['connection_security_policy', 'grpc_response_status'],
];

/**
 * What makes labels of the names of Istio's standard metrics, in which a WebAssembly filter has to write them: for {@link buildBootstrap}. A filter
 * can come at any time, but a bootstrap is read once.
 *
 * See istio.io, "Istio Standard Metrics".
 */
export const ISTIO_STATS_TAGS: readonly StatsTag[] = LABELS.sort().map((label) => ({
  tag_name: label,
  regex: `(?:wasmcustom\\.|;\\.;)(${label}=\\.=(.*?);\\.;)`,
}));
