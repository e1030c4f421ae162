/**
 * What the overload manager watches.
 *
 * @module
 */
export {
  type DownstreamConnectionsConfig,
  DownstreamConnectionsConfigSchema,
} from '../../gen/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.js';
export {
  type FixedHeapConfig,
  FixedHeapConfigSchema,
} from '../../gen/envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap_pb.js';
