import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import { createGateway as createPortableGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { dnsResolver } from './dns-resolver.ts';
import { machineAddress } from './machine-address.ts';
import { hostEnvironment, readModule } from './module-files.ts';
import { socketTransport } from './socket-transport.ts';

/**
 * `createGateway` of `@heddle/gateway` with what Node, Bun and Deno have beyond `fetch`: sockets of its own to endpoints, so that
 * they see the client's Host and untouched bodies, and a resolver for DNS clusters.
 *
 * @example
 * const gateway = createGateway({ xds: { transport: connectTransport({ address: '127.0.0.1:15010' }), node: { id } } });
 * new Hono().use(logger()).all('*', (c) => gateway.fetch(c.req.raw));
 */
export function createGateway(options: GatewayOptions): Gateway {
  return createPortableGateway({
    ...options,
    transport: options.transport ?? socketTransport(),
    resolver: options.resolver ?? dnsResolver(),
    ownAddress: options.ownAddress ?? machineAddress(),
    readModule: options.readModule ?? readModule,
    hostEnvironment: options.hostEnvironment ?? hostEnvironment,
    foreignFunctions: options.foreignFunctions ?? nodeForeignFunctions,
  });
}
