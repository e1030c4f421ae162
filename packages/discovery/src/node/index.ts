/**
 * Puts a discovery server on the network with node:http2.
 *
 * @module
 */
export { createRawDeltaHandler, type RawDeltaOptions } from './raw-delta-handler.ts';
export {
  type DiscoveryAddress,
  type ServeDiscoveryOptions,
  type ServedDiscovery,
  serveDiscovery,
} from './serve-discovery.ts';
