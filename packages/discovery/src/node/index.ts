/**
 * Puts a discovery server on the network with node:http2.
 *
 * @module
 */
export {
  type DiscoveryAddress,
  type ServeDiscoveryOptions,
  type ServedDiscovery,
  serveDiscovery,
} from './serve-discovery.ts';
