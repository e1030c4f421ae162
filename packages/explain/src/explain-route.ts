import {
  type CompiledRoute,
  type CompiledVirtualHost,
  type RequestView,
  type RouteMatchResult,
  type RouteTable,
  reportMatch,
} from '@heddle/routing';
import type { Configuration } from './configuration.ts';
import type { Near, Place, Step } from './explanation.ts';
import { forwardingNotes } from './forwarding.ts';
import { matchWords, wholeMatchWords } from './match-words.ts';
import { MAX_NEAR, withPlace } from './near.ts';
import { placeInRoutes } from './place-in-routes.ts';

/** The route of a request: why this one, which ones before it were not, and which would have come later. */
export function explainRoute(
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
        ? placeInRoutes(configuration, resource, path)
        : (placeInRoutes(configuration, resource, `${path}.match.${failing.field}`) ??
          placeInRoutes(configuration, resource, path));
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
  const place = placeInRoutes(configuration, resource, routePath);
  const step = withPlace(
    {
      step: 'route' as const,
      passed: route.action.kind === 'forward',
      name: routeName(route, match.routeIndex),
      reason,
      notes: actionNotes(match, request, (part) =>
        positionText(placeInRoutes(configuration, resource, `${routePath}.${part}`)),
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
