/**
 * The error model of gRPC, which a NACK carries.
 *
 * @module
 */
export {
  type Status,
  StatusSchema,
} from '../gen/google/rpc/status_pb.js';
