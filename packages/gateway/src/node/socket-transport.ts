import type { UpstreamTransport } from '../upstream-transport.ts';
import { Http1Pool } from './http1-client/pool.ts';
import { Http2Pool } from './http2-client/pool.ts';

/**
 * HTTP/1.1 and HTTP/2 to endpoints over sockets of its own, for Node, Bun and Deno. Sends what Envoy sends (no `connection` header,
 * empty bodies as they came), forwards responses as they come, hands upgraded connections over raw.
 */
export function socketTransport(): UpstreamTransport {
  return {
    name: 'sockets',
    supports: { upgrades: true, http2: true, trailers: true, tls: true },
    createPool: (address, options) =>
      options.protocol === 'http2' ? new Http2Pool(address, options) : new Http1Pool(address, options),
  };
}
