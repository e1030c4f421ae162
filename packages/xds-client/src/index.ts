/**
 * An aggregated discovery client (delta and state of the world), and the state of a data plane built on it.
 *
 * @module
 */
export {
  type AdsClient,
  type AdsClientBehaviour,
  type AdsClientOptions,
  type ConnectionState,
  createAdsClient,
  type DeltaTransport,
  type SotwTransport,
  type VariantTransport,
} from './ads-client.ts';
export type { BackOffOptions } from './back-off.ts';
export type { ReceivedResource, Refusals, ResourceUpdate } from './protocol-variant.ts';
export {
  createResourceWatcher,
  type DataPlaneConfig,
  type DataPlaneResource,
  type ResourceWatcher,
  type ResourceWatcherBehaviour,
  type ResourceWatcherOptions,
} from './resource-watcher.ts';
export type { Interest } from './subscribed-type.ts';
