import { compareText, type Diagnostic, gatewayRouteName, virtualHostName } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { checkGatewayReferences, servesNothing } from '../gateways/gateway-checks.ts';
import { type GatewayEntry, type GatewayPort, mergeGatewayPorts } from '../gateways/gateway-ports.ts';
import { checkHiddenRoutes } from '../gateways/hidden-routes.ts';
import { buildGatewayListener } from '../listeners/gateway-listener.ts';
import { boundAddress } from '../listeners/listener-address.ts';
import type { Memo } from '../memo.ts';
import { type Gateway, refOfObject, selectsLabels } from '../mesh-objects.ts';
import { buildRouteConfiguration } from '../routes/route-configuration.ts';
import type { ClusterUse, RouteList } from '../routes/route-list.ts';
import { buildEmptyVirtualHost, buildGatewayVirtualHost, type EncodedVirtualHost } from '../routes/virtual-host.ts';
import { PortClaims } from './port-claims.ts';
import { clusterAudienceOf, clusterFor } from './view-clusters.ts';
import type { ViewParts } from './view-parts.ts';
import { gatewayRoutes, listOf, routeDiagnostics, ruleDiagnostics, type ViewScope } from './view-scope.ts';

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

  const claims = new PortClaims(diagnostics);
  const listeners: CompiledResource[] = [];
  const routes: CompiledResource[] = [];
  const uses = new Map<string, ClusterUse>();
  const serving = new Set<GatewayEntry>();
  for (const port of merged.ports) {
    const bound = boundAddress('0.0.0.0', port.number, view.binding);
    const [first] = port.servers;
    if (first === undefined) continue;
    const claimant = {
      resource: refOfObject(first.entry.gateway),
      path: ['spec', 'servers', first.server.index, 'port'],
    };
    if (!claims.claim(bound, claimant)) continue;
    listeners.push(memo.run(buildGatewayListener, port, bound.address, bound.port, settings));
    const hosts = virtualHostsOf(scope, port, serving, uses, diagnostics);
    const virtualHosts = memo.steady(settings, `${view.key} ${port.number}`, hosts);
    routes.push(memo.run(buildRouteConfiguration, virtualHosts, gatewayRouteName(port.number), port, settings));
  }
  for (const port of merged.ports) {
    for (const { entry } of port.servers)
      if (!serving.has(entry)) diagnostics.push(memo.run(servesNothing, entry.gateway));
  }

  const clusters: CompiledResource[] = [];
  const endpoints: CompiledResource[] = [];
  const audience = clusterAudienceOf(scope);
  for (const use of uses.values()) {
    const built = clusterFor(scope, audience, use);
    if (built.diagnostics.length > 0) diagnostics.push(...built.diagnostics);
    if (built.cluster !== undefined) clusters.push(built.cluster);
    if (built.endpoints !== undefined) endpoints.push(built.endpoints);
  }
  return { listeners, routes, clusters, endpoints, diagnostics };
}

/** The Gateways whose selector a proxy's labels match; the labels come as JSON. */
function selectGateways(_memo: Memo, gateways: readonly Gateway[], labels: string): readonly Gateway[] {
  const parsed = JSON.parse(labels) as Readonly<Record<string, string>>;
  return gateways.filter((gateway) => selectsLabels(gateway.spec.selector, parsed));
}

/** The virtual hosts of a port: one for each host that a server and a VirtualService have in common, ordered by name. */
function virtualHostsOf(
  scope: ViewScope,
  port: GatewayPort,
  serving: Set<GatewayEntry>,
  uses: Map<string, ClusterUse>,
  diagnostics: Diagnostic[],
): readonly EncodedVirtualHost[] {
  const { memo, settings } = scope;
  const listsByHost = new Map<string, RouteList[]>();
  const lists = new Set<RouteList>();
  for (const source of port.servers) {
    for (const virtualService of scope.virtualServices.byGateway.get(source.entry.name) ?? []) {
      const { hosts, list, diagnostics: found } = gatewayRoutes(scope, virtualService, source);
      if (found.length > 0) diagnostics.push(...found);
      if (hosts.length === 0) continue;
      serving.add(source.entry);
      lists.add(list);
      if (list.routes.length === 0) continue;
      for (const host of hosts) {
        const known = listsByHost.get(host);
        if (known === undefined) listsByHost.set(host, [list]);
        else known.push(list);
      }
    }
  }
  for (const list of lists) {
    if (list.diagnostics.length + list.problems.length > 0) diagnostics.push(...routeDiagnostics(scope, list));
    for (const use of list.clusters) uses.set(use.name, use);
  }
  const virtualHosts: EncodedVirtualHost[] = [];
  for (const [host, [first, ...others]] of listsByHost) {
    if (first === undefined) continue;
    virtualHosts.push(memo.run(buildGatewayVirtualHost, first, host, port.number, settings, ...others));
  }
  // A listener without any virtual host answers 404, as one without the wanted one does.
  if (virtualHosts.length === 0)
    virtualHosts.push(memo.run(buildEmptyVirtualHost, port, virtualHostName('blackhole', port.number)));
  return virtualHosts.sort((a, b) => compareText(a.name, b.name));
}
