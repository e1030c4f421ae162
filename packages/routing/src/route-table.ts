import type { Route, RouteConfiguration, RouteMatch, VirtualHost } from '@heddle/envoy-api/route';
import { asciiLower } from './ascii.ts';
import { compileCookieMatcher } from './cookie-matcher.ts';
import { compileDomains, type DomainTable } from './domain-table.ts';
import { compileHeaderMatcher } from './header-matcher.ts';
import { compileHeaderMutations, type HeaderMutations } from './header-mutation.ts';
import { bareOf, compilePathMatcher, type MatchablePath, matchesPath, type PathMatcher } from './path-matcher.ts';
import { compileQueryParameterMatcher, parseQueryParameters } from './query-parameters.ts';
import type { RequestView } from './request-view.ts';
import { type CompiledAction, compileAction } from './route-action.ts';
import { buildRouteIndex, type RouteIndex } from './route-index.ts';
import { RoutingError } from './routing-error.ts';

/** A compiled `envoy.config.route.v3.RouteConfiguration`; immutable. */
export interface RouteTable {
  readonly config: RouteConfiguration;
  readonly virtualHosts: readonly CompiledVirtualHost[];
  readonly domains: DomainTable;
}

/** A compiled virtual host. */
export interface CompiledVirtualHost {
  readonly config: VirtualHost;
  readonly routes: readonly CompiledRoute[];
  readonly index: RouteIndex | undefined;
}

/** A compiled route. */
export interface CompiledRoute {
  readonly config: Route;
  readonly path: PathMatcher;
  /** Everything the match asks beside the path. */
  readonly conditions: readonly Condition[];
  /** For each condition the field of the match that asks it: `headers[0]`, `runtimeFraction` … */
  readonly conditionFields: readonly string[];
  readonly action: CompiledAction;
  /** Header operations of the route, its virtual host and the route configuration, in the order in which they are applied. */
  readonly requestMutations: readonly HeaderMutations[];
  readonly responseMutations: readonly HeaderMutations[];
}

type Condition = (request: RequestView, random: number) => boolean;

/** A route that matched. */
export interface RouteMatchResult {
  readonly virtualHost: CompiledVirtualHost;
  readonly virtualHostIndex: number;
  readonly route: CompiledRoute;
  /** Place of the route in its virtual host; -1 where the virtual host itself answers, because it requires TLS. */
  readonly routeIndex: number;
}

/**
 * Compiles a route configuration.
 * @throws RoutingError where Envoy would refuse it, or where it asks for what is not implemented (`unsupported`); `path` says where.
 */
export function compileRouteConfiguration(config: RouteConfiguration): RouteTable {
  const domains = compileDomains(config);
  const shared = compileMutations(config);
  const virtualHosts = config.virtualHosts.map((virtualHost, index) =>
    RoutingError.at(`virtualHosts[${index}]`, () => compileVirtualHost(virtualHost, config, shared)),
  );
  return { config, virtualHosts, domains };
}

/**
 * Finds the route of a request: the virtual host of its authority, then the first of its routes that matches. Undefined means 404.
 *
 * @param random integer from 0, for `runtime_fraction`; give the same number to `pickCluster`
 */
export function matchRoute(table: RouteTable, request: RequestView, random: number): RouteMatchResult | undefined {
  const virtualHostIndex = table.domains.find(request.authority);
  const virtualHost = virtualHostIndex === undefined ? undefined : table.virtualHosts[virtualHostIndex];
  if (virtualHostIndex === undefined || virtualHost === undefined) return undefined;
  if (requiresTls(virtualHost.config, request)) {
    return { virtualHost, virtualHostIndex, route: TLS_REDIRECT_ROUTE, routeIndex: -1 };
  }
  const path = matchablePath(request.path, table.config.ignorePathParametersInPathMatching);
  const { routes, index } = virtualHost;
  if (index === undefined) {
    for (const [routeIndex, route] of routes.entries()) {
      if (matches(route, path, request, random)) return { virtualHost, virtualHostIndex, route, routeIndex };
    }
    return undefined;
  }
  for (const routeIndex of index.candidates(path)) {
    const route = routes[routeIndex];
    if (route !== undefined && matches(route, path, request, random)) {
      return { virtualHost, virtualHostIndex, route, routeIndex };
    }
  }
  return undefined;
}

function matches(route: CompiledRoute, path: MatchablePath, request: RequestView, random: number): boolean {
  const { path: matcher, conditions } = route;
  if (matcher.kind === 'connect') {
    if (request.method !== 'CONNECT') return false;
  } else if (request.path === '' || !matchesPath(matcher, path)) {
    return false;
  }
  for (const condition of conditions) if (!condition(request, random)) return false;
  return true;
}

/**
 * What of a route's match a request fulfils and what not, in the order in which it is asked: the path first, under the name of the
 * match's path specifier (`prefix`, `safeRegex` …), then the other fields. For those who ask why a route was passed over.
 */
export function reportMatch(
  table: RouteTable,
  route: CompiledRoute,
  request: RequestView,
  random: number,
): readonly { readonly field: string; readonly holds: boolean }[] {
  const { path: matcher, conditions, conditionFields } = route;
  const path = matchablePath(request.path, table.config.ignorePathParametersInPathMatching);
  const pathHolds =
    matcher.kind === 'connect' ? request.method === 'CONNECT' : request.path !== '' && matchesPath(matcher, path);
  return [
    { field: route.config.match?.pathSpecifier.case ?? 'prefix', holds: pathHolds },
    ...conditions.map((condition, index) => ({
      field: conditionFields[index] ?? '',
      holds: condition(request, random),
    })),
  ];
}

function matchablePath(path: string, ignoreParameters: boolean): MatchablePath {
  const bare = ignoreParameters ? withoutParameters(bareOf(path)) : bareOf(path);
  let lower: string | undefined;
  return {
    path: bare,
    lower: () => {
      lower ??= asciiLower(bare);
      return lower;
    },
  };
}

/** The path without `;parameters`, in each of its segments. */
function withoutParameters(path: string): string {
  return path.includes(';') ? path.replace(/;[^/]*/g, '') : path;
}

// VirtualHost.TlsRequirementType.
const EXTERNAL_ONLY = 1;
const ALL = 2;

function requiresTls({ requireTls }: VirtualHost, request: RequestView): boolean {
  const requirement = requireTls as number;
  if (requirement !== EXTERNAL_ONLY && requirement !== ALL) return false;
  if ((request.header('x-forwarded-proto') ?? request.scheme) === 'https') return false;
  return requirement === ALL || request.header('x-envoy-internal') !== 'true';
}

const TLS_REDIRECT_ROUTE: CompiledRoute = {
  config: {
    $typeName: 'envoy.config.route.v3.Route',
    name: '',
    action: { case: undefined },
    typedPerFilterConfig: {},
    requestHeadersToAdd: [],
    requestHeadersToRemove: [],
    responseHeadersToAdd: [],
    responseHeadersToRemove: [],
    statPrefix: '',
    routeSpecifiers: [],
  },
  path: { kind: 'prefix', text: '', caseSensitive: true },
  conditions: [],
  conditionFields: [],
  action: { kind: 'tls-redirect' },
  requestMutations: [],
  responseMutations: [],
};

/** Header operations of one level. */
interface Mutations {
  readonly request: HeaderMutations | undefined;
  readonly response: HeaderMutations | undefined;
}

function compileMutations(level: RouteConfiguration | VirtualHost | Route): Mutations {
  return {
    request: RoutingError.at('requestHeaders', () =>
      compileHeaderMutations(level.requestHeadersToAdd, level.requestHeadersToRemove),
    ),
    response: RoutingError.at('responseHeaders', () =>
      compileHeaderMutations(level.responseHeadersToAdd, level.responseHeadersToRemove),
    ),
  };
}

function compileVirtualHost(
  virtualHost: VirtualHost,
  configuration: RouteConfiguration,
  shared: Mutations,
): CompiledVirtualHost {
  if (virtualHost.matcher !== undefined) throw new RoutingError('unsupported', 'virtual host matcher is not supported');
  const own = compileMutations(virtualHost);
  const routes = virtualHost.routes.map((route, index) =>
    RoutingError.at(`routes[${index}]`, () =>
      compileRoute(route, configuration, [compileMutations(route), own, shared]),
    ),
  );
  return { config: virtualHost, routes, index: buildRouteIndex(routes.map(({ path }) => path)) };
}

function compileRoute(route: Route, configuration: RouteConfiguration, levels: readonly Mutations[]): CompiledRoute {
  const { match } = route;
  if (match === undefined) throw new RoutingError('invalid-route', 'route has no match');
  const { conditions, fields } = RoutingError.at('match', () => compileConditions(match));
  // The last to be applied wins: by default that is the route configuration, the least specific one.
  const ordered = configuration.mostSpecificHeaderMutationsWins ? [...levels].reverse() : levels;
  return {
    config: route,
    path: RoutingError.at('match', () => compilePathMatcher(match)),
    conditions,
    conditionFields: fields,
    action: compileAction(route, match, configuration.maxDirectResponseBodySizeBytes),
    requestMutations: ordered.flatMap(({ request }) => request ?? []),
    responseMutations: ordered.flatMap(({ response }) => response ?? []),
  };
}

function compileConditions(match: RouteMatch): { readonly conditions: Condition[]; readonly fields: string[] } {
  const conditions: Condition[] = [];
  const fields: string[] = [];
  const ask = (field: string, condition: Condition): void => {
    conditions.push(condition);
    fields.push(field);
  };
  const percent = match.runtimeFraction?.defaultValue;
  if (percent !== undefined) {
    const denominator = [100, 10_000, 1_000_000][percent.denominator] ?? 100;
    ask('runtimeFraction', (_, random) => random % denominator < percent.numerator);
  }
  if (match.grpc !== undefined) ask('grpc', isGrpc);
  match.headers.forEach((header, index) => {
    const field = `headers[${index}]`;
    ask(
      field,
      RoutingError.at(field, () => compileHeaderMatcher(header)),
    );
  });
  if (match.queryParameters.length > 0) {
    const tests = match.queryParameters.map((parameter, index) =>
      RoutingError.at(`queryParameters[${index}]`, () => compileQueryParameterMatcher(parameter)),
    );
    ask('queryParameters', (request) => {
      const parameters = parseQueryParameters(request.path);
      return tests.every((test) => test(parameters));
    });
  }
  match.cookies.forEach((cookie, index) => {
    const field = `cookies[${index}]`;
    ask(
      field,
      RoutingError.at(field, () => compileCookieMatcher(cookie)),
    );
  });
  if (match.tlsContext !== undefined) {
    const { presented, validated } = match.tlsContext;
    ask(
      'tlsContext',
      ({ clientCertificate: certificate }) =>
        (presented === undefined || presented === (certificate?.presented ?? false)) &&
        (validated === undefined || validated === (certificate?.validated ?? false)),
    );
  }
  if (match.dynamicMetadata.length > 0) throw new RoutingError('unsupported', 'dynamic_metadata is not supported');
  if (match.filterState.length > 0) throw new RoutingError('unsupported', 'filter_state is not supported');
  return { conditions, fields };
}

function isGrpc(request: RequestView): boolean {
  const type = request.header('content-type') ?? '';
  return type === 'application/grpc' || type.startsWith('application/grpc+');
}
