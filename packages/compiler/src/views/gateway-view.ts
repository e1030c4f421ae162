import { type Diagnostic, gatewayRouteName, selectsLabels, virtualHostName } from '@heddle/model';
import { buildBlackHoleCluster } from '../clusters/static-clusters.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import { checkGatewayReferences, servesNothing } from '../gateways/gateway-checks.ts';
import { type GatewayPort, mergeGatewayPorts } from '../gateways/gateway-ports.ts';
import { checkHiddenRoutes } from '../gateways/hidden-routes.ts';
import { joinLists } from '../incremental/join-lists.ts';
import { buildChainedListener } from '../listeners/gateway-chains.ts';
import { buildGatewayListener } from '../listeners/gateway-listener.ts';
import { boundAddress } from '../listeners/listener-address.ts';
import type { Memo } from '../memo.ts';
import { type Gateway, refOfObject } from '../mesh-objects.ts';
import { buildRouteConfiguration } from '../routes/route-configuration.ts';
import type { ClusterUse } from '../routes/route-list.ts';
import { buildEmptyVirtualHost, type EncodedVirtualHost } from '../routes/virtual-host.ts';
import { clusterList } from './cluster-list.ts';
import { gatewayChains } from './gateway-chains.ts';
import { idleGateways, routesAtPort, type ServedPort } from './gateway-port-routes.ts';
import { PortClaims } from './port-claims.ts';
import type { ViewParts } from './view-parts.ts';
import { viewPlugins } from './view-plugins.ts';
import { listOf, problemDiagnostics, routeAudienceOf, ruleDiagnostics, type ViewScope } from './view-scope.ts';

/**
 * A gateway proxy: the ports of all Gateways whose selector matches its labels, in whichever namespace they stand, the routes of the
 * VirtualServices bound to them, and only the clusters those lead to.
 */
export function compileGatewayView(scope: ViewScope): ViewParts {
  const { memo, snapshot, view, settings } = scope;
  const all = listOf(snapshot, 'Gateway');
  const selected = memo.run(selectGateways, all, JSON.stringify(view.labels));
  const merged = memo.run(mergeGatewayPorts, selected);
  const diagnostics: Diagnostic[] = [
    ...merged.diagnostics,
    ...memo.run(checkGatewayReferences, scope.virtualServices, all),
    ...memo.run(checkHiddenRoutes, listOf(snapshot, 'VirtualService'), selected, view.namespace, settings),
    ...ruleDiagnostics(scope),
  ];

  const plugins = viewPlugins(scope);
  for (const one of plugins.diagnostics) diagnostics.push(one);
  const claims = new PortClaims(diagnostics);
  const audience = routeAudienceOf(scope);
  const listeners: CompiledResource[] = [];
  const routes: CompiledResource[] = [];
  const secrets = new Map<string, CompiledResource>();
  let refuses = false;
  const served = merged.ports.map((port): ServedPort => {
    const bound = boundAddress('0.0.0.0', port.number, view.binding);
    const [first] = port.servers;
    if (first === undefined) return { servers: port.servers, routes: undefined };
    const claimant = {
      resource: refOfObject(first.entry.gateway),
      path: ['spec', 'servers', first.server.index, 'port'],
    };
    if (!claims.claim(bound, claimant)) return { servers: port.servers, routes: undefined };
    const filters = plugins.filtersAt('CLIENT', port.number);
    if (port.layer !== 'http') {
      const { parts, routes: found } = gatewayChains(scope, port, audience, filters);
      for (const one of parts.diagnostics) diagnostics.push(one);
      if (parts.chains.length > 0) {
        const chains = memo.steady(settings, `${view.key} ${port.number} chains`, parts.chains);
        listeners.push(memo.run(buildChainedListener, port, bound.address, bound.port, chains));
        routes.push(...parts.routes);
        for (const secret of parts.secrets) secrets.set(secret.resource.name, secret);
        refuses ||= parts.refuses;
      }
      return { servers: port.servers, routes: found };
    }
    listeners.push(memo.run(buildGatewayListener, port, bound.address, bound.port, settings, filters));
    const { byGateway } = scope.virtualServices;
    const { number, servers } = port;
    const found = memo.run(routesAtPort, servers, byGateway, scope.backends, audience, number, settings);
    for (const one of found.diagnostics) diagnostics.push(one);
    for (const list of found.broken) diagnostics.push(...problemDiagnostics(scope, list));
    // A listener without any virtual host answers 404, as one without the wanted one does.
    const virtualHosts = found.virtualHosts.length > 0 ? found.virtualHosts : memo.run(noVirtualHosts, port);
    routes.push(memo.run(buildRouteConfiguration, virtualHosts, gatewayRouteName(number), port, settings));
    return { servers, routes: found };
  });
  for (const { gateway } of idleGateways(served)) diagnostics.push(memo.run(servesNothing, gateway));
  const uses = memo.evolve(
    joinLists,
    served.flatMap(({ routes: found }) => (found === undefined ? [] : [found.uses])),
  );
  const clusters = clusterList(scope, memo.run(distinctUses, uses));
  for (const one of clusters.diagnostics) diagnostics.push(one);
  for (const secret of clusters.secrets) secrets.set(secret.resource.name, secret);
  return {
    listeners,
    routes,
    clusters: refuses ? [...clusters.clusters, memo.run(buildBlackHoleCluster, settings)] : clusters.clusters,
    endpoints: clusters.endpoints,
    secrets: [...secrets.values()],
    extensions: plugins.resources,
    diagnostics,
  };
}

function noVirtualHosts(memo: Memo, port: GatewayPort): readonly EncodedVirtualHost[] {
  return [memo.run(buildEmptyVirtualHost, port, virtualHostName('blackhole', port.number))];
}

/** The clusters of all ports, each once. */
function distinctUses(_memo: Memo, uses: readonly ClusterUse[]): readonly ClusterUse[] {
  const distinct = new Map(uses.map((use) => [use.name, use]));
  return distinct.size === uses.length ? uses : [...distinct.values()];
}

/** The Gateways whose selector a proxy's labels match; the labels come as JSON. */
function selectGateways(_memo: Memo, gateways: readonly Gateway[], labels: string): readonly Gateway[] {
  const parsed = JSON.parse(labels) as Readonly<Record<string, string>>;
  return gateways.filter((gateway) => selectsLabels(gateway.spec.selector, parsed));
}
