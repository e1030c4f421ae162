/**
 * The gateway on Node, Bun and Deno: with listening sockets of its own, or mounted in a program's server; endpoints over sockets.
 *
 * @module
 */
export { type FileSink, fileSink } from './access-log-file.ts';
export { dnsResolver } from './dns-resolver.ts';
export { machineAddress } from './machine-address.ts';
export { createGateway } from './mounted-gateway.ts';
export { socketTransport } from './socket-transport.ts';
export {
  createStandaloneGateway,
  type StandaloneGateway,
  type StandaloneGatewayOptions,
} from './standalone-gateway.ts';
export { undiciTransport } from './undici-transport.ts';
