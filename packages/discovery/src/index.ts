/**
 * An aggregated discovery (delta xDS) server that knows nothing of where resources come from.
 *
 * @module
 */
export type { ClientInfo } from './client-info.ts';
export type { DiscoveryCounters } from './counters.ts';
export { DiscoveryError, type DiscoveryErrorCode } from './discovery-error.ts';
export { DEFAULT_LIMITS, type DiscoveryLimits } from './discovery-limits.ts';
export {
  createDiscoveryServer,
  type DiscoveryEvent,
  type DiscoveryServer,
  type DiscoveryServerOptions,
  type UpdateOptions,
  type UpdateSummary,
} from './discovery-server.ts';
export { DiscoveryStream } from './discovery-stream.ts';
export type { FullState } from './full-state.ts';
export type { DiscoveryObserver, PushObservation, RejectionObservation } from './observer.ts';
export { HEDDLE_USER_AGENT, proxyNodeOf } from './proxy-node-of.ts';
export type { DeltaPush } from './push.ts';
export { RESOURCE_TYPES, type ResourceType } from './resource-type.ts';
export type { OpenStreamOptions, StreamVariant } from './stream-host.ts';
export type { ConfigDump, SentResource, StreamStatus, SubscriptionStatus } from './stream-status.ts';
export type { LastNack } from './subscription.ts';
