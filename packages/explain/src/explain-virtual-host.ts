import { create } from '@bufbuild/protobuf';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { compileRouteConfiguration, type RequestView, type RouteMatchResult, type RouteTable } from '@heddle/routing';
import type { Configuration } from './configuration.ts';
import type { Near, Step } from './explanation.ts';
import { MAX_NEAR, withPlace } from './near.ts';
import { placeInRoutes } from './place-in-routes.ts';

/** The virtual host of a request, by its place in the table. */
export function explainVirtualHost(
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
    near.push(
      withPlace({ name: config.name, reason }, placeInRoutes(configuration, resource, `virtualHosts[${index}]`)),
    );
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
  const place = placeInRoutes(configuration, resource, `virtualHosts[${found}]`);
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
