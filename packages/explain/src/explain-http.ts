import { create } from '@bufbuild/protobuf';
import { ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import { HttpProtocolOptions_HeadersWithUnderscoresAction as UnderscoresAction } from '@heddle/envoy-api/core';
import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import { type RouteConfiguration, RouteConfigurationSchema } from '@heddle/envoy-api/route';
import {
  type CompiledRoute,
  type CompiledVirtualHost,
  compileRouteConfiguration,
  type ForwardAction,
  firstHeader,
  hasHeader,
  matchRoute,
  normalizePath,
  pickCluster,
  type RequestView,
  type RouteMatchResult,
  type RouteTable,
  RoutingError,
  reportMatch,
  requestView,
  setHeader,
  tlsRedirectLocation,
} from '@heddle/routing';
import { legOf, legStep } from './cluster-legs.ts';
import type { Configuration } from './configuration.ts';
import type { RequestToExplain } from './explain-request.ts';
import type { Answered, Leg, Near, Outcome, Place, Step } from './explanation.ts';
import { forwardingNotes, mirrorsOf, retriesOf, timeoutMsOf } from './forwarding.ts';
import { faultsOf, preflightAnswer } from './http-filters.ts';
import { matchWords, wholeMatchWords } from './match-words.ts';
import { MAX_NEAR, withPlace } from './near.ts';

/** The way of a request from the connection manager on. */
export function explainHttp(
  configuration: Configuration,
  manager: HttpConnectionManager,
  request: RequestToExplain,
  chainPlace: Place | undefined,
  steps: Step[],
): Outcome {
  const outcome = followRequest(configuration, manager, request, chainPlace, steps);
  const contentType = firstHeader(request.headers, 'content-type') ?? '';
  if (outcome.kind !== 'answered' || !/^application\/grpc(?:\+|$)/.test(contentType)) return outcome;
  // Clients of gRPC are told in its own way: the status travels in a header of a response of HTTP status 200.
  return {
    ...outcome,
    status: 200,
    reason: `${outcome.reason} (HTTP status ${outcome.status}, told as a status of gRPC)`,
  };
}

function followRequest(
  configuration: Configuration,
  manager: HttpConnectionManager,
  request: RequestToExplain,
  chainPlace: Place | undefined,
  steps: Step[],
): Outcome {
  const read = readRequest(manager, request, steps);
  if ('kind' in read) return read;
  const found = findTable(configuration, manager);
  if (typeof found === 'string') return { kind: 'refused', reason: found };
  const { table } = found;
  // Weights are told as shares, so any number will do for choosing the route.
  const match = matchRoute(table, read, 0);
  const virtualHost = explainVirtualHost(configuration, table, read, match, steps);
  if (virtualHost === undefined) {
    return answered(404, 'NR', `no virtual host serves "${read.authority}"`);
  }
  const route = explainRoute(configuration, table, virtualHost, read, match, chainPlace, steps);
  if (match === undefined || route === undefined) {
    return answered(
      404,
      'NR',
      `no route of virtual host "${table.virtualHosts[virtualHost]?.config.name ?? ''}" matches`,
    );
  }
  const { action } = match.route;
  const { name } = match.route.config;
  switch (action.kind) {
    case 'tls-redirect':
      return { ...answered(301, '', 'the virtual host wants TLS'), location: tlsRedirectLocation(read) };
    case 'redirect':
      return { ...answered(action.status, '', 'the route redirects'), route: name, location: action.location(read) };
    case 'direct-response': {
      const location = action.location?.(read);
      return {
        ...answered(action.status, '', 'the route answers by itself'),
        route: name,
        ...(location === undefined ? {} : { location }),
      };
    }
    case 'non-forwarding':
      return { ...answered(404, 'NR', 'the route forwards nothing'), route: name };
    case 'forward':
      break;
  }
  const preflight = preflightAnswer(manager, match, read);
  if (preflight !== undefined) {
    steps.push({ step: 'filter', passed: false, name: 'cors', reason: preflight, notes: [], near: [] });
    return { ...answered(200, '', preflight), route: name };
  }
  const faults = faultsOf(manager, match, read);
  if (faults.abort?.percent === 100) {
    const reason = 'the route aborts every request on purpose';
    steps.push({ step: 'filter', passed: false, name: 'fault', reason, notes: [], near: [] });
    return { ...answered(faults.abort.status, faults.delay?.percent === 100 ? 'DI,FI' : 'FI', reason), route: name };
  }
  const routePath = `virtualHosts[${virtualHost}].routes[${match.routeIndex}]`;
  const legs = legsOf(configuration, table, action, read, routePath);
  for (const leg of legs) steps.push(...legStep(configuration, leg));
  const [only] = legs;
  if (legs.length === 1 && only?.status !== undefined) {
    const reason =
      only.leadsTo === 'no cluster'
        ? `there is no cluster "${only.cluster}"`
        : `"${only.cluster}" has no healthy endpoint`;
    return { ...answered(only.status, only.flag ?? '', reason), route: name };
  }
  const retries = retriesOf(action, match.virtualHost.config);
  return {
    kind: 'forwarded',
    protocol: 'http',
    route: name,
    legs,
    timeoutMs: timeoutMsOf(action),
    ...(retries === undefined ? {} : { retries }),
    mirrors: mirrorsOf(action),
    faults,
  };
}

function answered(status: number, flag: string, reason: string): Answered {
  return { kind: 'answered', status, flag, reason };
}

// What Envoy accepts as a Host: RFC 3986 authority characters; spaces, slashes and controls are refused.
const VALID_AUTHORITY = /^[\w\-.~%!$&'()*+,;=:@[\]]*$/;

/** What the connection manager makes of a request before it looks for a route; an answer where it gets no further. */
function readRequest(manager: HttpConnectionManager, request: RequestToExplain, steps: Step[]): RequestView | Answered {
  const notes: string[] = [];
  const refuse = (status: number, reason: string, flag = ''): Answered => {
    steps.push({ step: 'connection manager', passed: false, name: '', reason, notes: [], near: [] });
    return answered(status, flag, reason);
  };
  const common = manager.commonHttpProtocolOptions;
  const headers = request.http === 2 ? [...request.headers] : request.headers.map((text) => text.trim());
  let { authority } = request;
  for (let i = 0; i < headers.length; i += 2) {
    // Over HTTP/2 the authority stands above a Host header (RFC 9113, section 8.3.1).
    if (headers[i] !== 'host' || (request.http === 2 && request.authority !== undefined)) continue;
    authority = authority === undefined ? headers[i + 1] : `${authority},${headers[i + 1]}`;
  }
  const underscored = headers.find((name, index) => index % 2 === 0 && name.includes('_'));
  if (underscored !== undefined) {
    if (common?.headersWithUnderscoresAction === UnderscoresAction.REJECT_REQUEST) {
      return refuse(400, `header "${underscored}" has an underscore, which the listener refuses`, 'DPE');
    }
    if (common?.headersWithUnderscoresAction === UnderscoresAction.DROP_HEADER) {
      for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i]?.includes('_')) headers.splice(i, 2);
      notes.push('headers with underscores are dropped');
    }
  }
  const maxHeaders = common?.maxHeadersCount ?? 100;
  // The Host header counts too.
  if (headers.length / 2 + 1 > maxHeaders) return refuse(431, `more than ${maxHeaders} headers`, 'DPE');
  if (authority === undefined) return refuse(400, 'the request has no Host header');
  if (!VALID_AUTHORITY.test(authority)) return refuse(400, 'the Host header is no host', 'DPE');
  let { path } = request;
  if (request.method !== 'CONNECT') {
    if (!path.startsWith('/')) return refuse(404, 'the path does not begin with a slash');
    const normalized = normalizePath(path, { ...manager, normalizePath: manager.normalizePath ?? false });
    if (normalized.action === 'reject') return refuse(400, 'the path cannot be normalised');
    if (normalized.action === 'redirect') {
      const reason = 'the path has escaped slashes; the client is sent to the path without';
      steps.push({ step: 'connection manager', passed: false, name: '', reason, notes: [], near: [] });
      return { ...answered(307, '', reason), location: normalized.path };
    }
    if (normalized.path !== path) notes.push(`the path is normalised to "${normalized.path}"`);
    path = normalized.path;
  }
  if (manager.useRemoteAddress === true || !hasHeader(headers, 'x-forwarded-proto')) {
    setHeader(headers, 'x-forwarded-proto', request.scheme);
  }
  if (notes.length > 0) {
    steps.push({ step: 'connection manager', passed: true, name: '', reason: 'the request is read', notes, near: [] });
  }
  const scheme = headers[headers.indexOf('x-forwarded-proto') + 1] ?? request.scheme;
  return requestView({ method: request.method, scheme, authority, path, headers });
}

/** The routes of a connection manager; a sentence where there are none. */
function findTable(
  configuration: Configuration,
  manager: HttpConnectionManager,
): { readonly table: RouteTable } | string {
  const { routeSpecifier: specifier } = manager;
  let routes: RouteConfiguration | undefined;
  if (specifier.case === 'routeConfig') routes = specifier.value;
  else if (specifier.case === 'rds') {
    const name = specifier.value.routeConfigName;
    routes = configuration.routes(name);
    if (routes === undefined) return `the listener waits for route configuration "${name}", which does not exist`;
  } else return 'the listener has no routes';
  try {
    return { table: compileRouteConfiguration(routes) };
  } catch (error) {
    if (!(error instanceof RoutingError)) throw error;
    return `the routes cannot be read: ${error.message}`;
  }
}

/** The virtual host of a request, by its place in the table. */
function explainVirtualHost(
  configuration: Configuration,
  table: RouteTable,
  request: RequestView,
  match: RouteMatchResult | undefined,
  steps: Step[],
): number | undefined {
  const resource = table.config.name;
  const found = match?.virtualHostIndex ?? table.domains.find(request.authority);
  const near: Near[] = [];
  for (const [index, { config }] of table.virtualHosts.entries()) {
    if (index === found || near.length >= MAX_NEAR) continue;
    const domain = matchingDomain(config.domains, request.authority, table.config.ignorePortInHostMatching);
    // Of hosts that have nothing to do with the request only a few are told of, and only where none fits.
    if (domain === undefined && found !== undefined) continue;
    const reason =
      domain === undefined ? `serves ${domainsWords(config.domains)}` : `its "${domain}" fits too, and says less`;
    near.push(withPlace({ name: config.name, reason }, placeOf(configuration, resource, `virtualHosts[${index}]`)));
  }
  if (found === undefined) {
    const reason = `no virtual host has a domain for "${request.authority}"`;
    steps.push({ step: 'virtual host', passed: false, name: '', reason, notes: [], near });
    return undefined;
  }
  const { config } = table.virtualHosts[found] as RouteTable['virtualHosts'][number];
  const domain = matchingDomain(config.domains, request.authority, table.config.ignorePortInHostMatching);
  const reason = domain === '*' ? 'it takes every host that no other has' : `"${request.authority}" is "${domain}"`;
  const fits = domain?.includes('*') === true && domain !== '*' ? `"${request.authority}" fits "${domain}"` : reason;
  const place = placeOf(configuration, resource, `virtualHosts[${found}]`);
  steps.push(
    withPlace({ step: 'virtual host', passed: true, name: config.name, reason: fits, notes: [], near }, place),
  );
  return found;
}

/** The domain of a virtual host that a request's authority fits, the most specific one, by the same table that chooses the host. */
function matchingDomain(
  domains: readonly string[],
  authority: string,
  ignorePortInHostMatching: boolean,
): string | undefined {
  const virtualHosts = domains.map((domain) => ({ name: domain, domains: [domain] }));
  const config = create(RouteConfigurationSchema, { ignorePortInHostMatching, virtualHosts });
  const index = compileRouteConfiguration(config).domains.find(authority);
  return index === undefined ? undefined : domains[index];
}

function domainsWords(domains: readonly string[]): string {
  const shown = domains.slice(0, 3).map((domain) => `"${domain}"`);
  return `${shown.join(', ')}${domains.length > 3 ? ` and ${domains.length - 3} more` : ''}`;
}

function placeOf(configuration: Configuration, routes: string, path: string): Place | undefined {
  return configuration.exactPlace(ROUTE_CONFIGURATION_TYPE_URL, routes, path);
}

/** The route of a request: why this one, which ones before it were not, and which would have come later. */
function explainRoute(
  configuration: Configuration,
  table: RouteTable,
  virtualHost: number,
  request: RequestView,
  match: RouteMatchResult | undefined,
  chainPlace: Place | undefined,
  steps: Step[],
): Step | undefined {
  const resource = table.config.name;
  const { routes, config } = table.virtualHosts[virtualHost] as CompiledVirtualHost;
  const chosen = match?.routeIndex ?? routes.length;
  const near: Near[] = [];
  for (const [index, route] of routes.entries()) {
    if (index === chosen || near.length >= MAX_NEAR) continue;
    const path = `virtualHosts[${virtualHost}].routes[${index}]`;
    const report = reportMatch(table, route, request, 0);
    const failing = report.find(({ holds }) => !holds);
    // Behind the chosen one, only what would have matched is worth a word.
    if (index > chosen && failing !== undefined) continue;
    const routeMatch = route.config.match;
    if (routeMatch === undefined) continue;
    const asked = failing === undefined ? '' : matchWords(routeMatch, failing.field);
    const reason = failing === undefined ? 'it matches too, and stands later' : `it wants: ${asked}`;
    const place =
      failing === undefined
        ? placeOf(configuration, resource, path)
        : (placeOf(configuration, resource, `${path}.match.${failing.field}`) ??
          placeOf(configuration, resource, path));
    near.push(withPlace({ name: routeName(route, index), reason }, place));
  }
  if (match === undefined) {
    const reason =
      routes.length === 0
        ? `"${config.name}" has no routes`
        : `none of the ${routes.length} routes of "${config.name}" matches`;
    steps.push({ step: 'route', passed: false, name: '', reason, notes: [], near });
    return undefined;
  }
  const { route } = match;
  if (match.routeIndex < 0) {
    const reason = 'the virtual host wants TLS, and the request comes without';
    // A server of a Gateway asks for it (`httpsRedirect`), so what made the chain made this too.
    const step: Step = withPlace({ step: 'route', passed: false, name: '', reason, notes: [], near: [] }, chainPlace);
    steps.push(step);
    return step;
  }
  const fields = reportMatch(table, route, request, 0).map(({ field }) => field);
  const reason = route.config.match === undefined ? '' : wholeMatchWords(route.config.match, fields);
  const routePath = `virtualHosts[${virtualHost}].routes[${match.routeIndex}]`;
  const place = placeOf(configuration, resource, routePath);
  const step = withPlace(
    {
      step: 'route' as const,
      passed: route.action.kind === 'forward',
      name: routeName(route, match.routeIndex),
      reason,
      notes: actionNotes(match, request, (part) =>
        positionText(placeOf(configuration, resource, `${routePath}.${part}`)),
      ),
      near,
    },
    place,
  );
  steps.push(step);
  return step;
}

function routeName({ config }: CompiledRoute, index: number): string {
  return config.name === '' ? `route ${index + 1}` : config.name;
}

/** ` (FILE:LINE:COLUMN)`, or nothing where that is not known. */
function positionText(place: Place | undefined): string {
  return place?.file === undefined ? '' : ` (${place.file}:${place.line}:${place.column})`;
}

function actionNotes(
  match: RouteMatchResult,
  request: RequestView,
  writtenAt: (part: string) => string,
): readonly string[] {
  const { action } = match.route;
  switch (action.kind) {
    case 'redirect':
      return [`redirects with ${action.status} to ${action.location(request)}${writtenAt('redirect')}`];
    case 'direct-response':
      return [`answers ${action.status} with ${action.body.length} bytes${writtenAt('directResponse')}`];
    case 'forward':
      return forwardingNotes(action, match, request, writtenAt);
    case 'tls-redirect':
    case 'non-forwarding':
      return [];
  }
}

/** The clusters that a request may go to, with what an endpoint will see. */
function legsOf(
  configuration: Configuration,
  table: RouteTable,
  action: ForwardAction,
  request: RequestView,
  routePath: string,
): readonly Leg[] {
  const { target } = action;
  const path = action.rewritePath?.(request.path) ?? request.path;
  const rewritten = action.rewriteAuthority?.(request);
  const leg = (cluster: string, percent: number, place: Place | undefined, hostRewrite = ''): Leg =>
    legOf(configuration, {
      cluster,
      percent,
      path,
      authority: action.autoHostRewrite
        ? undefined
        : (rewritten ?? (hostRewrite === '' ? request.authority : hostRewrite)),
      notFoundStatus: action.clusterNotFoundStatus,
      ...(place === undefined ? {} : { place }),
    });
  const at = (part: string): Place | undefined => placeOf(configuration, table.config.name, `${routePath}.${part}`);
  if (target.kind !== 'weighted') return [leg(pickCluster(action, 0, request).name, 100, at('route.cluster'))];
  return target.legs.map(({ name, weight, hostRewrite }, index) =>
    leg(name, (weight / target.totalWeight) * 100, at(`route.weightedClusters.clusters[${index}]`), hostRewrite),
  );
}
