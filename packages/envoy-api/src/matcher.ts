/**
 * Matchers of strings, paths, numbers, values, metadata and addresses.
 *
 * @module
 */

export {
  type AddressMatcher,
  AddressMatcherSchema,
} from '../gen/envoy/type/matcher/v3/address_pb.js';
export {
  type FilterStateMatcher,
  FilterStateMatcherSchema,
} from '../gen/envoy/type/matcher/v3/filter_state_pb.js';
export {
  type HttpRequestHeaderMatchInput,
  HttpRequestHeaderMatchInputSchema,
  type HttpResponseHeaderMatchInput,
  HttpResponseHeaderMatchInputSchema,
} from '../gen/envoy/type/matcher/v3/http_inputs_pb.js';
export {
  type MetadataMatcher,
  type MetadataMatcher_PathSegment,
  MetadataMatcher_PathSegmentSchema,
  MetadataMatcherSchema,
} from '../gen/envoy/type/matcher/v3/metadata_pb.js';
export {
  type NodeMatcher,
  NodeMatcherSchema,
} from '../gen/envoy/type/matcher/v3/node_pb.js';
export {
  type DoubleMatcher,
  DoubleMatcherSchema,
} from '../gen/envoy/type/matcher/v3/number_pb.js';
export {
  type PathMatcher,
  PathMatcherSchema,
} from '../gen/envoy/type/matcher/v3/path_pb.js';
export {
  type RegexMatchAndSubstitute,
  RegexMatchAndSubstituteSchema,
  type RegexMatcher,
  type RegexMatcher_GoogleRE2,
  RegexMatcher_GoogleRE2Schema,
  RegexMatcherSchema,
} from '../gen/envoy/type/matcher/v3/regex_pb.js';
export {
  type ListStringMatcher,
  ListStringMatcherSchema,
  type StringMatcher,
  StringMatcherSchema,
} from '../gen/envoy/type/matcher/v3/string_pb.js';
export {
  type StructMatcher,
  type StructMatcher_PathSegment,
  StructMatcher_PathSegmentSchema,
  StructMatcherSchema,
} from '../gen/envoy/type/matcher/v3/struct_pb.js';
export {
  type ListMatcher,
  ListMatcherSchema,
  type OrMatcher,
  OrMatcherSchema,
  type ValueMatcher,
  type ValueMatcher_NullMatch,
  ValueMatcher_NullMatchSchema,
  ValueMatcherSchema,
} from '../gen/envoy/type/matcher/v3/value_pb.js';
