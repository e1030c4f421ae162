/**
 * Configuration of a type that the sender does not know, as a struct with a type URL (xDS API).
 *
 * @module
 */
export {
  type TypedStruct,
  TypedStructSchema,
} from '../gen/xds/type/v3/typed_struct_pb.js';
