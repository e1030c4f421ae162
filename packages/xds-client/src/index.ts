/**
 * An aggregated discovery (delta xDS) client, and the state of a data plane built on it.
 *
 * @module
 */
export {
  type AdsClient,
  type AdsClientOptions,
  type ConnectionState,
  createAdsClient,
  type DeltaTransport,
  type ReceivedResource,
  type Refusals,
  type ResourceUpdate,
} from './ads-client.ts';
export type { BackOffOptions } from './back-off.ts';
export {
  createResourceWatcher,
  type DataPlaneConfig,
  type DataPlaneResource,
  type ResourceWatcher,
  type ResourceWatcherOptions,
} from './resource-watcher.ts';
export type { Interest } from './subscribed-type.ts';
