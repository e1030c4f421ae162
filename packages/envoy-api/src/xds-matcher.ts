/**
 * The match tree of the xDS API and its matchers, which stand beside those of the Envoy API.
 *
 * @module
 */

export {
  type HttpGenericBodyMatch,
  type HttpGenericBodyMatch_GenericTextMatch,
  HttpGenericBodyMatch_GenericTextMatchSchema,
  HttpGenericBodyMatchSchema,
  type HttpHeadersMatch,
  HttpHeadersMatchSchema,
  type MatchPredicate,
  type MatchPredicate_MatchSet,
  MatchPredicate_MatchSetSchema,
  MatchPredicateSchema,
} from '../gen/envoy/config/common/matcher/v3/matcher_pb.js';
export {
  type Matcher,
  type Matcher_MatcherList,
  type Matcher_MatcherList_FieldMatcher,
  Matcher_MatcherList_FieldMatcherSchema,
  type Matcher_MatcherList_Predicate,
  type Matcher_MatcherList_Predicate_PredicateList,
  Matcher_MatcherList_Predicate_PredicateListSchema,
  type Matcher_MatcherList_Predicate_SinglePredicate,
  Matcher_MatcherList_Predicate_SinglePredicateSchema,
  Matcher_MatcherList_PredicateSchema,
  Matcher_MatcherListSchema,
  type Matcher_MatcherTree,
  type Matcher_MatcherTree_MatchMap,
  Matcher_MatcherTree_MatchMapSchema,
  Matcher_MatcherTreeSchema,
  type Matcher_OnMatch,
  Matcher_OnMatchSchema,
  MatcherSchema,
} from '../gen/xds/type/matcher/v3/matcher_pb.js';
export {
  type RegexMatcher,
  type RegexMatcher_GoogleRE2,
  RegexMatcher_GoogleRE2Schema,
  RegexMatcherSchema,
} from '../gen/xds/type/matcher/v3/regex_pb.js';
export {
  type StringMatcher,
  StringMatcherSchema,
} from '../gen/xds/type/matcher/v3/string_pb.js';
