import { compareText, type Diagnostic, gatewayRouteName, virtualHostName } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import { checkGatewayHosts, checkGatewayReferences, servesNothing } from '../gateways/gateway-checks.ts';
import { type GatewayPort, mergeGatewayPorts } from '../gateways/gateway-ports.ts';
import { commonHosts } from '../gateways/server-hosts.ts';
import { buildGatewayListener } from '../listeners/gateway-listener.ts';
import { boundAddress } from '../listeners/listener-address.ts';
import { type Gateway, namespaceOf, qualifiedName, refOfObject, selectsLabels } from '../mesh-objects.ts';
import { buildRouteConfiguration } from '../routes/route-configuration.ts';
import { buildEmptyVirtualHost, buildVirtualHost, type EncodedVirtualHost } from '../routes/virtual-host.ts';
import type { ClusterUse, RouteList } from '../routes/virtual-service-routes.ts';
import { virtualServiceScope } from '../virtual-services.ts';
import { PortClaims } from './port-claims.ts';
import { clusterFor } from './view-clusters.ts';
import type { ViewParts } from './view-parts.ts';
import { listOf, routeDiagnostics, routesFor, ruleDiagnostics, type ViewScope } from './view-scope.ts';

/**
 * A gateway proxy: the ports of all Gateways whose selector matches its labels, in whichever namespace they stand, the routes of the
 * VirtualServices bound to them, and only the clusters those lead to.
 */
export function compileGatewayView(scope: ViewScope): ViewParts {
  const { memo, snapshot, view, settings } = scope;
  const all = listOf(snapshot, 'Gateway');
  const selected = memo.steady(
    settings,
    view.key,
    all.filter((gateway) => selectsLabels(gateway.spec.selector, view.labels)),
  );
  const merged = memo.run(mergeGatewayPorts, selected);
  const diagnostics: Diagnostic[] = [
    ...merged.diagnostics,
    ...checkReferences(scope, all, selected),
    ...ruleDiagnostics(scope),
  ];

  const claims = new PortClaims(diagnostics);
  const listeners: CompiledResource[] = [];
  const routes: CompiledResource[] = [];
  const uses = new Map<string, ClusterUse>();
  const serving = new Set<Gateway>();
  for (const port of merged.ports) {
    const bound = boundAddress('0.0.0.0', port.number, view.binding);
    const [first] = port.servers;
    if (first === undefined) continue;
    const claimant = { resource: refOfObject(first.gateway), path: ['spec', 'servers', first.index, 'port'] };
    if (!claims.claim(bound, claimant)) continue;
    listeners.push(memo.run(buildGatewayListener, port, bound.address, bound.port, settings));
    const hosts = virtualHostsOf(scope, port, serving, uses, diagnostics);
    const virtualHosts = memo.steady(port, view.key, hosts);
    routes.push(memo.run(buildRouteConfiguration, virtualHosts, gatewayRouteName(port.number), settings));
  }
  for (const port of merged.ports) {
    for (const { gateway } of port.servers)
      if (!serving.has(gateway)) diagnostics.push(memo.run(servesNothing, gateway));
  }

  const clusters: CompiledResource[] = [];
  const endpoints: CompiledResource[] = [];
  for (const use of uses.values()) {
    const built = clusterFor(scope, use.backend, use.port, use.subset);
    diagnostics.push(...built.diagnostics);
    if (built.cluster !== undefined) clusters.push(built.cluster);
    if (built.endpoints !== undefined) endpoints.push(built.endpoints);
  }
  return { listeners, routes, clusters, endpoints, diagnostics };
}

/** The virtual hosts of a port: one for each host that a server and a VirtualService have in common, ordered by name. */
function virtualHostsOf(
  scope: ViewScope,
  port: GatewayPort,
  serving: Set<Gateway>,
  uses: Map<string, ClusterUse>,
  diagnostics: Diagnostic[],
): readonly EncodedVirtualHost[] {
  const { memo, settings } = scope;
  const listsByHost = new Map<string, Set<RouteList>>();
  const lists = new Set<RouteList>();
  for (const { gateway, server } of port.servers) {
    const gatewayName = qualifiedName(gateway);
    for (const virtualService of scope.virtualServices.get(gatewayName) ?? []) {
      const { hosts } = memo.run(virtualServiceScope, virtualService, settings);
      const common = memo.run(commonHosts, hosts, namespaceOf(virtualService), server, namespaceOf(gateway));
      if (common.length === 0) continue;
      serving.add(gateway);
      const list = routesFor(scope, virtualService, gatewayName, port.number);
      lists.add(list);
      if (list.routes.length === 0) continue;
      for (const host of common) {
        const found = listsByHost.get(host);
        if (found === undefined) listsByHost.set(host, new Set([list]));
        else found.add(list);
      }
    }
  }
  for (const list of lists) {
    diagnostics.push(...routeDiagnostics(scope, list));
    for (const use of list.clusters) uses.set(use.name, use);
  }
  const virtualHosts: EncodedVirtualHost[] = [];
  for (const [host, [first, ...others]] of listsByHost) {
    if (first === undefined) continue;
    virtualHosts.push(memo.run(buildVirtualHost, first, virtualHostName(host, port.number), host, settings, ...others));
  }
  // A listener without any virtual host answers 404, as one without the wanted one does.
  if (virtualHosts.length === 0)
    virtualHosts.push(memo.run(buildEmptyVirtualHost, port, virtualHostName('blackhole', port.number)));
  return virtualHosts.sort((a, b) => compareText(a.name, b.name));
}

function checkReferences(
  scope: ViewScope,
  all: readonly Gateway[],
  selected: readonly Gateway[],
): readonly Diagnostic[] {
  const { memo, settings } = scope;
  const virtualServices = listOf(scope.snapshot, 'VirtualService');
  const found: Diagnostic[] = [...memo.run(checkGatewayReferences, virtualServices, all, settings)];
  for (const gateway of selected) {
    for (const virtualService of scope.virtualServices.get(qualifiedName(gateway)) ?? []) {
      found.push(...memo.run(checkGatewayHosts, virtualService, gateway, settings));
    }
  }
  return found;
}
