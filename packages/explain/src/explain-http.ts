import type { HttpConnectionManager } from '@heddle/envoy-api/http-connection-manager';
import type { RouteConfiguration } from '@heddle/envoy-api/route';
import {
  compileRouteConfiguration,
  firstHeader,
  isGrpcContentType,
  matchRoute,
  type RouteTable,
  RoutingError,
  tlsRedirectLocation,
} from '@heddle/routing';
import { answered } from './answered.ts';
import { legStep } from './cluster-legs.ts';
import type { Configuration } from './configuration.ts';
import { explainPlugins } from './explain-plugins.ts';
import type { RequestToExplain } from './explain-request.ts';
import { explainRoute } from './explain-route.ts';
import { explainVirtualHost } from './explain-virtual-host.ts';
import type { Outcome, Place, Step } from './explanation.ts';
import { mirrorsOf, retriesOf, timeoutMsOf } from './forwarding.ts';
import { faultsOf, preflightAnswer } from './http-filters.ts';
import { readRequest } from './read-request.ts';
import { legsOf } from './route-legs.ts';

/** The way of a request from the connection manager on. */
export function explainHttp(
  configuration: Configuration,
  manager: HttpConnectionManager,
  request: RequestToExplain,
  chainPlace: Place | undefined,
  steps: Step[],
): Outcome {
  const outcome = followRequest(configuration, manager, request, chainPlace, steps);
  const contentType = firstHeader(request.headers, 'content-type');
  if (outcome.kind !== 'answered' || !isGrpcContentType(contentType)) return outcome;
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
  // Plugins come before routes count: whatever they change is what the routes see.
  const refused = explainPlugins(configuration, manager, steps);
  if (refused !== undefined) return refused;
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
  const faults = faultsOf(manager, match);
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
