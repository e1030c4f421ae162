export { hostWithoutPort, portStart } from './authority.ts';
export { canonicalPath } from './canonical-path.ts';
export { type PickedCluster, pickCluster } from './cluster-choice.ts';
export { cookieValue } from './cookie-matcher.ts';
export { type DomainTable } from './domain-table.ts';
export {
  type ConnectionView,
  chooseFilterChain,
  type FilterChainChoice,
  type FilterChainCriterion,
  rankServerNames,
} from './filter-chain.ts';
export {
  compileFormat,
  type Format,
  type FormatArgumentCommand,
  type FormatCommand,
  type FormatContext,
} from './format.ts';
export { isGrpcContentType } from './grpc-content-type.ts';
export { compileHeaderMatcher } from './header-matcher.ts';
export { applyHeaderMutations, compileHeaderMutations, type HeaderMutations } from './header-mutation.ts';
export { isJoinedHeader } from './joined-headers.ts';
export { type NormalizedPath, normalizePath, type PathNormalization } from './normalize-path.ts';
export { type MatchablePath, type PathMatcher } from './path-matcher.ts';
export { type PathRewrite } from './path-rewrite.ts';
export { parseQueryParameters } from './query-parameters.ts';
export {
  addHeader,
  firstHeader,
  hasHeader,
  headerValues,
  joinedHeader,
  joinValues,
  type RawHeaders,
  removeHeader,
  setHeader,
} from './raw-headers.ts';
export { type Redirect, tlsRedirectLocation } from './redirect.ts';
export { compileRegex, MAX_REGEX_LENGTH, type Regex } from './regex.ts';
export { type RequestView, requestHeader, requestView } from './request-view.ts';
export {
  type CompiledAction,
  type DirectResponse,
  type ForwardAction,
  type ForwardTarget,
  type WeightedLeg,
} from './route-action.ts';
export { type RouteIndex } from './route-index.ts';
export {
  type CompiledRoute,
  type CompiledVirtualHost,
  compileRouteConfiguration,
  matchRoute,
  type RouteMatchResult,
  type RouteTable,
  reportMatch,
} from './route-table.ts';
export { RoutingError, type RoutingErrorCode } from './routing-error.ts';
export { compileStringMatcher } from './string-matcher.ts';
