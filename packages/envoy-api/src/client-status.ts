/**
 * The client status discovery service (CSDS), which gRPC clients and control planes offer; Envoy itself does not.
 *
 * @module
 */
export {
  type ClientConfig,
  type ClientConfig_GenericXdsConfig,
  ClientConfig_GenericXdsConfigSchema,
  ClientConfigSchema,
  ClientConfigStatus,
  ClientConfigStatusSchema,
  ClientStatusDiscoveryService,
  type ClientStatusRequest,
  ClientStatusRequestSchema,
  type ClientStatusResponse,
  ClientStatusResponseSchema,
  ConfigStatus,
  ConfigStatusSchema,
  type PerXdsConfig,
  PerXdsConfigSchema,
} from '../gen/envoy/service/status/v3/csds_pb.js';
