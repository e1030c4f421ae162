import { MESH_CONFIG_NAME } from '@heddle/api';
import { clusterName, compareText, type Diagnostic, HTTP_PROXY_ROUTE, sidecarRouteName } from '@heddle/model';
import { outboundCapture } from '../capabilities.ts';
import { buildBlackHoleCluster, buildPassthroughCluster } from '../clusters/static-clusters.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Backend } from '../destination-rules.ts';
import { MESH_GATEWAY } from '../hosts/host-name.ts';
import { joinLists } from '../incremental/join-lists.ts';
import { boundAddress } from '../listeners/listener-address.ts';
import { buildHttpProxyListener, buildVirtualOutboundListener } from '../listeners/outbound-listeners.ts';
import type { Memo } from '../memo.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { buildCatchAllVirtualHost } from '../routes/default-routes.ts';
import { buildRouteConfiguration, type PortsInHosts } from '../routes/route-configuration.ts';
import type { ClusterUse, RouteList } from '../routes/route-list.ts';
import { type EncodedVirtualHost, encodeVirtualHost } from '../routes/virtual-host.ts';
import type { MeshSettings, OutboundTrafficPolicy } from '../settings.ts';
import { indexMeshHosts, type MeshHosts } from '../sidecar/mesh-hosts.ts';
import { type OutboundHosts, type OutboundTables, outboundHostsAt } from '../sidecar/outbound-virtual-hosts.ts';
import { type PortServices, servicesByPort } from '../sidecar/services-by-port.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';
import type { BackendTable } from './backend-table.ts';
import { clusterList } from './cluster-list.ts';
import { inboundParts } from './inbound-parts.ts';
import { outboundListenerParts, type SniffedPort } from './outbound-listener-parts.ts';
import { type Claimant, PortClaims } from './port-claims.ts';
import { sidecarOutlooks } from './sidecar-outlooks.ts';
import type { ViewParts } from './view-parts.ts';
import { viewPlugins } from './view-plugins.ts';
import {
  type RouteAudience,
  routeAudienceOf,
  routeDiagnostics,
  ruleDiagnostics,
  type ViewScope,
} from './view-scope.ts';

/** The outbound side of a sidecar: everything that its workload may call. */
export function compileSidecarView(whole: ViewScope): ViewParts {
  const { scope, outlooks, policy: ownPolicy } = sidecarOutlooks(whole);
  const { memo, settings, view } = scope;
  // Nothing but what becomes of unknown destinations depends on it: clusters are shared with sidecars of the other policy.
  const withPolicy = memo.run(settingsWithPolicy, settings, ownPolicy ?? settings.outboundTrafficPolicy);
  const diagnostics: Diagnostic[] = [...ruleDiagnostics(scope)];
  const capture = outboundCapture(view);
  const claims = new PortClaims(diagnostics);
  const plugins = viewPlugins(scope);
  for (const one of plugins.diagnostics) diagnostics.push(one);
  if (capture === 'redirected') claimRedirectedPorts(claims, settings);
  const listeners: CompiledResource[] = [];
  const routes: CompiledResource[] = [];
  const audience = routeAudienceOf(scope);
  const tablesOf = (virtualServices: readonly VirtualServiceEntry[]): OutboundTables => {
    const meshHosts = memo.run(indexMeshHosts, virtualServices);
    for (const one of meshHosts.diagnostics) diagnostics.push(one);
    return memo.run(outboundTables, scope.backends, virtualServices, meshHosts, audience);
  };
  const tables = outlooks.map(({ virtualServices }) => tablesOf(virtualServices));
  const lists = new Set<RouteList>();
  const listenerScope = withPolicy === settings ? scope : { ...scope, settings: withPolicy };
  const served = outboundListenerParts(listenerScope, outlooks, claims, diagnostics, plugins);
  listeners.push(...served.listeners);
  // Without an original destination there is nowhere to pass requests on to.
  const policy = capture === 'redirected' ? withPolicy.outboundTrafficPolicy : 'REGISTRY_ONLY';
  const catchAll = memo.run(catchAllFor, settings, policy);
  for (const [number, outlook] of served.sharedPorts) {
    const services = outlooks[outlook]?.byPort.get(number);
    const table = tables[outlook];
    if (services === undefined || table === undefined) continue;
    const hosts = outboundHosts(scope, number, services, table, 'ignored');
    for (const list of hosts.lists) lists.add(list);
    const virtualHosts = memo.run(withCatchAll, hosts.virtualHosts, catchAll);
    const port = services.http[0]?.port;
    routes.push(memo.run(buildRouteConfiguration, virtualHosts, sidecarRouteName(number), port, settings));
  }
  for (const sniffed of served.sniffed) {
    const table = tables[sniffed.outlook];
    if (table === undefined) continue;
    const hosts = sniffedHosts(scope, sniffed, table);
    for (const list of hosts.lists) lists.add(list);
    const virtualHosts = memo.run(onlyForEveryName, hosts.virtualHosts, sniffed.routes);
    routes.push(memo.run(buildRouteConfiguration, virtualHosts, sniffed.routes, sniffed.port, settings));
  }
  for (const list of lists) for (const one of routeDiagnostics(scope, list)) diagnostics.push(one);
  if (settings.proxyHttpPort > 0) {
    const bound = boundAddress(LOOPBACK, settings.proxyHttpPort, view.binding);
    if (claims.claim(bound, meshConfigClaim('proxyHttpPort'))) {
      const filters = plugins.filtersAt('CLIENT', settings.proxyHttpPort);
      listeners.push(memo.run(buildHttpProxyListener, settings, bound.address, bound.port, filters));
      const virtualServices = scope.virtualServices.byGateway.get(MESH_GATEWAY) ?? NO_VIRTUAL_SERVICES;
      const byPort = servicesByPort(memo, scope.registry.services);
      routes.push(httpProxyRoutes(scope, byPort, tablesOf(virtualServices)));
    }
  }

  const found = memo.evolve(joinLists, memo.each(diagnosticsOfService, scope.registry.services));
  for (const one of found) diagnostics.push(one);
  const uses = memo.evolve(joinLists, memo.each(clustersOfBackend, scope.backends.all));
  const outbound = clusterList(scope, uses);
  for (const one of outbound.diagnostics) diagnostics.push(one);
  const clusters = [...outbound.clusters];
  if (capture === 'redirected') {
    listeners.push(memo.run(buildVirtualOutboundListener, withPolicy));
    clusters.push(memo.run(buildBlackHoleCluster, settings), memo.run(buildPassthroughCluster, settings));
    const inbound = inboundParts(scope, plugins);
    listeners.push(inbound.listener);
    clusters.push(...inbound.clusters);
    diagnostics.push(...inbound.diagnostics);
  }
  return {
    listeners,
    routes,
    clusters,
    endpoints: outbound.endpoints,
    secrets: outbound.secrets,
    extensions: plugins.resources,
    diagnostics,
  };
}

function diagnosticsOfService(_memo: Memo, { diagnostics }: MeshService): readonly Diagnostic[] {
  return diagnostics;
}

/** The clusters of a service: one for each port, and for each port and subset. */
function clustersOfBackend(_memo: Memo, backend: Backend): readonly ClusterUse[] {
  const { host, ports } = backend.service;
  return ports.flatMap(({ number: port }) =>
    ['', ...backend.subsets.keys()].map((subset) => {
      const name = clusterName({ direction: 'outbound', port, subset, host });
      return { name, backend, port, subset };
    }),
  );
}

const NO_VIRTUAL_SERVICES: readonly never[] = [];

function settingsWithPolicy(
  _memo: Memo,
  settings: MeshSettings,
  outboundTrafficPolicy: OutboundTrafficPolicy,
): MeshSettings {
  return settings.outboundTrafficPolicy === outboundTrafficPolicy ? settings : { ...settings, outboundTrafficPolicy };
}

/** Only the workload itself may use its sidecar as proxy. */
const LOOPBACK = '127.0.0.1';

function meshConfigClaim(field: string): Claimant {
  return { resource: { kind: 'MeshConfig', namespace: '', name: MESH_CONFIG_NAME }, path: ['spec', field] };
}

/** The ports of the kernel's redirections are the sidecar's own: services at them go without a listener of their own. */
function claimRedirectedPorts(claims: PortClaims, settings: MeshSettings): void {
  claims.claim({ address: '0.0.0.0', port: settings.proxyListenPort }, meshConfigClaim('proxyListenPort'));
  claims.claim(
    { address: '0.0.0.0', port: settings.proxyInboundListenPort },
    meshConfigClaim('proxyInboundListenPort'),
  );
}

/**
 * The routes of the HTTP proxy port: the hosts of all ports, told apart by the port that the request names. Whom the mesh does not know
 * is refused whatever the policy says: a request to a proxy has no original destination but the proxy.
 */
function httpProxyRoutes(
  scope: ViewScope,
  byPort: ReadonlyMap<number, PortServices>,
  tables: OutboundTables,
): CompiledResource {
  const { memo, settings } = scope;
  const ports = byPort.has(80) ? byPort : new Map([...byPort, [80, NO_SERVICES]]);
  // What is wrong with the routes is told where the ports are served.
  const hosts = [...ports].map(
    ([number, services]) => outboundHosts(scope, number, services, tables, 'matched').virtualHosts,
  );
  const all = memo.run(inOrderOfNames, memo.evolve(joinLists, hosts));
  const virtualHosts = memo.run(withCatchAll, all, memo.run(catchAllFor, settings, 'REGISTRY_ONLY'));
  return memo.run(buildRouteConfiguration, virtualHosts, HTTP_PROXY_ROUTE, undefined, settings, 'matched');
}

const NO_SERVICES: PortServices = { onPort: new Set(), http: [], declared: undefined, others: [] };

function outboundTables(
  _memo: Memo,
  backends: BackendTable,
  virtualServices: readonly VirtualServiceEntry[],
  meshHosts: MeshHosts,
  audience: RouteAudience,
): OutboundTables {
  return { backends, virtualServices, meshHosts, audience };
}

function outboundHosts(
  { memo, view, settings }: ViewScope,
  port: number,
  services: PortServices,
  tables: OutboundTables,
  portsIn: PortsInHosts,
): OutboundHosts {
  const capturesPods = outboundCapture(view) === 'redirected';
  return memo.run(outboundHostsAt, services.http, services, port, capturesPods, portsIn, tables, settings);
}

function inOrderOfNames(_memo: Memo, hosts: readonly EncodedVirtualHost[]): readonly EncodedVirtualHost[] {
  return [...hosts].sort((a, b) => compareText(a.name, b.name));
}

/** The last virtual host is the one for hosts that no other has. */
function withCatchAll(
  _memo: Memo,
  hosts: readonly EncodedVirtualHost[],
  catchAll: EncodedVirtualHost,
): readonly EncodedVirtualHost[] {
  return [...hosts, catchAll];
}

/** The routes of one service's port, whose listener stands at the service's own address. */
function sniffedHosts(
  { memo, view, settings }: ViewScope,
  { service, port }: SniffedPort,
  tables: OutboundTables,
): OutboundHosts {
  const capturesPods = outboundCapture(view) === 'redirected';
  const alone = memo.run(onlyPort, service, port);
  return memo.run(outboundHostsAt, alone.http, alone, port.number, capturesPods, 'ignored', tables, settings);
}

function onlyPort(_memo: Memo, service: MeshService, port: MeshPort): PortServices {
  return { onPort: new Set([service.host]), http: [{ service, port }], declared: undefined, others: [] };
}

/** Whoever calls a service's own address means the service, whatever name the request has; `name` is the virtual host's. */
function onlyForEveryName(
  _memo: Memo,
  hosts: readonly EncodedVirtualHost[],
  name: string,
): readonly EncodedVirtualHost[] {
  return hosts
    .filter((host) => host.name === name)
    .map((host) => encodeVirtualHost(host.name, ['*'], host.routes, host.origin, host.diagnostics));
}

function catchAllFor(_memo: Memo, _settings: MeshSettings, policy: OutboundTrafficPolicy): EncodedVirtualHost {
  return buildCatchAllVirtualHost(policy);
}
