/**
 * The gateway with sockets of its own, on Node: node:http and node:http2 in, undici out.
 *
 * @module
 */
export { type FileSink, fileSink } from './access-log-file.ts';
export { dnsResolver } from './dns-resolver.ts';
export {
  createStandaloneGateway,
  machineAddress,
  type StandaloneGateway,
  type StandaloneGatewayOptions,
} from './standalone-gateway.ts';
export { http1Transport } from './http1-client/transport.ts';
export { undiciTransport } from './undici-transport.ts';
