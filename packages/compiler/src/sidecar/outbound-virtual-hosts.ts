import { compareText, type Diagnostic, virtualHostName } from '@heddle/model';
import { outboundCapture } from '../capabilities.ts';
import { MESH_GATEWAY } from '../hosts/host-name.ts';
import { hostDomain } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { defaultRoutes } from '../routes/default-routes.ts';
import type { PortsInHosts } from '../routes/route-configuration.ts';
import type { RouteList } from '../routes/route-list.ts';
import { buildMeshVirtualHost, type EncodedVirtualHost } from '../routes/virtual-host.ts';
import { meshRoutes, routeDiagnostics, type ViewScope } from '../views/view-scope.ts';
import type { VirtualServiceEntry } from '../virtual-services.ts';
import type { MeshHosts } from './mesh-hosts.ts';
import { serviceDomains } from './service-domains.ts';

/** A service with one of its ports. */
export interface ServicePort {
  readonly service: MeshService;
  readonly port: MeshPort;
}

/** The HTTP port on which hosts outside the registry are served too, if a VirtualService names them (as in Istio). */
const PORT_OF_UNKNOWN_HOSTS = 80;

interface Candidate {
  readonly host: string;
  /** Undefined for hosts that only a VirtualService knows. */
  readonly service: MeshService | undefined;
  readonly list: RouteList;
}

/**
 * The virtual hosts of one outbound HTTP port, ordered by name: first claim on a domain wins, those of VirtualServices (the oldest
 * first) before those of services nobody speaks for.
 *
 * @param onPort every service with this port, whatever its protocol
 * @param http those of them that speak HTTP on it
 */
export function outboundVirtualHosts(
  scope: ViewScope,
  portNumber: number,
  onPort: ReadonlySet<string>,
  http: readonly ServicePort[],
  meshHosts: MeshHosts,
  diagnostics: Diagnostic[],
  portsIn: PortsInHosts = 'ignored',
): readonly EncodedVirtualHost[] {
  const { memo, view, settings } = scope;
  const capturesPods = outboundCapture(view) === 'redirected';
  const candidates = collectCandidates(scope, portNumber, onPort, http, meshHosts, diagnostics);
  const fullNames = new Set(candidates.flatMap(({ service }) => (service === undefined ? [] : [service.host])));
  const names = new Set<string>();
  // The last virtual host has every name that no other has.
  const taken = new Set<string>(['*']);
  const virtualHosts: EncodedVirtualHost[] = [];
  for (const { host, service, list } of candidates) {
    const name = virtualHostName(host, portNumber);
    if (names.has(name)) continue;
    names.add(name);
    const domains =
      service === undefined
        ? memo.run(outsideDomains, list, host)
        : memo.run(serviceDomains, service, view.namespace, settings.clusterDomain, capturesPods);
    const unclaimed = domains.filter((domain) => {
      // A shortened name never stands in for a service that has it as its full name.
      if (taken.has(domain) || (domain !== host && fullNames.has(domain))) return false;
      taken.add(domain);
      return true;
    });
    if (unclaimed.length === 0) continue;
    const free = unclaimed.length === domains.length ? domains : memo.steady(domains, portNumber, unclaimed);
    const written = portsIn === 'ignored' ? free : memo.run(domainsWithPort, free, portNumber);
    virtualHosts.push(memo.run(buildMeshVirtualHost, list, host, portNumber, written, settings));
  }
  return virtualHosts.sort((a, b) => compareText(a.name, b.name));
}

function collectCandidates(
  scope: ViewScope,
  portNumber: number,
  onPort: ReadonlySet<string>,
  http: readonly ServicePort[],
  meshHosts: MeshHosts,
  diagnostics: Diagnostic[],
): readonly Candidate[] {
  const { memo, settings } = scope;
  const decided = new Map<VirtualServiceEntry, ServicePort[]>();
  const undecided: ServicePort[] = [];
  for (const entry of http) {
    const virtualService = meshHosts.decidingFor(entry.service.host);
    if (virtualService === undefined) undecided.push(entry);
    else pushTo(decided, virtualService, entry);
  }
  const candidates: Candidate[] = [];
  for (const virtualService of scope.virtualServices.byGateway.get(MESH_GATEWAY) ?? []) {
    const services = decided.get(virtualService) ?? [];
    if (services.length === 0 && portNumber !== PORT_OF_UNKNOWN_HOSTS) continue;
    const list = meshRoutes(scope, virtualService, portNumber);
    diagnostics.push(...routeDiagnostics(scope, list));
    if (list.routes.length === 0) {
      // Nothing in it is for sidecars on this port.
      undecided.push(...services);
      continue;
    }
    for (const host of virtualService.hosts.keys()) {
      const covers = services.some(({ service }) => host.startsWith('*') && service.host.endsWith(host.slice(1)));
      if (!onPort.has(host) && !covers) candidates.push({ host, service: undefined, list });
    }
    for (const { service } of services) candidates.push({ host: service.host, service, list });
  }
  for (const { service, port } of undecided.sort((a, b) => compareText(a.service.host, b.service.host))) {
    const backend = scope.backends.backend(service.host);
    if (backend === undefined) continue;
    candidates.push({ host: service.host, service, list: memo.run(defaultRoutes, port, backend, settings) });
  }
  return candidates;
}

function pushTo<Key, Item>(lists: Map<Key, Item[]>, key: Key, item: Item): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** The domains as callers write them who name the port too; HTTP's own port may be left out (RFC 9110, section 4.2.1). */
function domainsWithPort(_memo: Memo, domains: readonly string[], port: number): readonly string[] {
  const withPort = domains.map((domain) => `${domain}:${port}`);
  return port === 80 ? [...domains, ...withPort] : withPort;
}

/** The domain of a host that only a VirtualService knows. */
function outsideDomains(_memo: Memo, _list: RouteList, host: string): readonly string[] {
  return [hostDomain(host)];
}
