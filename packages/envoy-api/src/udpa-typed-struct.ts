/**
 * The older name of the typed struct, which configurations in the field still use.
 *
 * @module
 */
export {
  type TypedStruct,
  TypedStructSchema,
} from '../gen/udpa/type/v1/typed_struct_pb.js';
