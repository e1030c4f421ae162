/**
 * Reaches a control plane over the network.
 *
 * @module
 */
export { type ConnectTransportOptions, connectTransport } from './connect-transport.ts';
