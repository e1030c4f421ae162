/**
 * Every generated type by name, for printing and parsing messages that hold an `Any`. Importing this module imports all
 * generated types; `loadRegistry` of the package's root does so on first use.
 *
 * @module
 */
import { createRegistry, type Registry } from '@bufbuild/protobuf';
import {
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from '@bufbuild/protobuf/wkt';
import { files } from '../gen/files.js';

/**
 * The registry to pass as `registry` to `toJson` and `fromJson` of `@bufbuild/protobuf`. Holds Envoy's types and the
 * well-known types of protobuf, which appear in an `Any` too (`google.protobuf.StringValue` in filter state, for one).
 */
export const registry: Registry = createRegistry(
  ...files,
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
);
