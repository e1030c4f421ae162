/**
 * What tests of discovery servers and clients share.
 *
 * @module
 */
export { grpcDeltaTransport, grpcStateTransport } from './grpc-transport.ts';
export { type ManualClock, manualClock, tick } from './manual-clock.ts';
export { cluster, endpoints, listener, routes, viewOffering } from './mesh-resources.ts';
export {
  BARRIER_TYPE,
  type ProtocolClient,
  type ProtocolClientOptions,
  type ProtocolRequest,
  type ProtocolResponse,
  protocolClient,
  TEST_NODE_ID,
  TYPE_URLS,
} from './protocol-client.ts';
export {
  type ScriptedSotwStream,
  type ScriptedSotwTransport,
  type ScriptedStream,
  type ScriptedTransport,
  scriptedSotwTransport,
  scriptedTransport,
} from './scripted-transport.ts';
export {
  BARRIER,
  type StateProtocolClient,
  type StateRequest,
  stateProtocolClient,
} from './state-protocol-client.ts';
