import type { JsonValue } from '@bufbuild/protobuf';
import { field, list, originOf, text, texts } from './envoy-json.ts';

/** How many domains of a virtual host are named; the rest is counted. */
const SHOWN_DOMAINS = 2;

/** One row for each route of a route configuration: its name, virtual host, domains, match, and the VirtualService it comes from. */
export function routeRows(configuration: JsonValue): readonly (readonly string[])[] {
  const name = text(configuration, 'name');
  const hosts = list(configuration, 'virtualHosts');
  if (hosts.length === 0) return [[name, '-', '-', '-', '']];
  return hosts.flatMap((host) => {
    const where = [name, text(host, 'name'), describeDomains(texts(host, 'domains'))];
    const routes = list(host, 'routes');
    if (routes.length === 0) return [[...where, '-', '404']];
    return routes.map((route) => [
      ...where,
      describeMatch(field(route, 'match')),
      originOf(route, 'virtual-service') || withoutObject(route),
    ]);
  });
}

function describeDomains(domains: readonly string[]): string {
  const rest = domains.length - SHOWN_DOMAINS;
  return rest <= 0 ? domains.join(', ') : `${domains.slice(0, SHOWN_DOMAINS).join(', ')} + ${rest} more...`;
}

/** What answers where no VirtualService does: a status. */
function withoutObject(route: JsonValue): string {
  return text(route, 'directResponse', 'status');
}

/** `/prefix*`, `/path`, `regex …`, and the names of headers and query parameters that matter. */
export function describeMatch(match: JsonValue | undefined): string {
  const prefix = text(match, 'prefix') || text(match, 'pathSeparatedPrefix');
  const regex = text(match, 'safeRegex', 'regex');
  const parts = [
    prefix === '' ? '' : `${prefix}*`,
    text(match, 'path'),
    regex === '' ? '' : `regex ${regex}`,
    ...list(match, 'headers').map((header) => `header ${text(header, 'name')}`),
    ...list(match, 'queryParameters').map((parameter) => `query ${text(parameter, 'name')}`),
  ];
  return parts.filter((part) => part !== '').join(' ');
}
