import { compareText, type Diagnostic, virtualHostName } from '@heddle/model';
import { canDo } from '../capabilities.ts';
import { isIpv6Address } from '../hosts/ip-address.ts';
import type { VirtualService } from '../mesh-objects.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { defaultRoutes } from '../routes/default-routes.ts';
import { buildVirtualHost, type EncodedVirtualHost } from '../routes/virtual-host.ts';
import type { RouteList } from '../routes/virtual-service-routes.ts';
import { routeDiagnostics, routesFor, type ViewScope } from '../views/view-scope.ts';
import { virtualServiceScope } from '../virtual-services.ts';
import { MESH_GATEWAY } from '../hosts/host-name.ts';
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
): readonly EncodedVirtualHost[] {
  const { memo, view, settings } = scope;
  const capturesPods = view.binding === undefined && canDo(view.capabilities, 'original-dst');
  const candidates = collectCandidates(scope, portNumber, onPort, http, meshHosts, diagnostics);
  const fullNames = new Set(candidates.flatMap(({ service }) => (service === undefined ? [] : [service.host])));
  const names = new Set<string>();
  const taken = new Set<string>();
  const virtualHosts: EncodedVirtualHost[] = [];
  for (const { host, service, list } of candidates) {
    const name = virtualHostName(host, portNumber);
    if (names.has(name)) continue;
    names.add(name);
    const domains = service === undefined ? [bracketed(host)] : serviceDomains(service, view.namespace, settings.clusterDomain, capturesPods);
    const free = domains.filter((domain) => {
      // A shortened name never stands in for a service that has it as its full name.
      if (taken.has(domain) || (domain !== host && fullNames.has(domain))) return false;
      taken.add(domain);
      return true;
    });
    if (free.length === 0) continue;
    virtualHosts.push(memo.run(buildVirtualHost, list, name, free.join(' '), settings));
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
  const decided = new Map<VirtualService, ServicePort[]>();
  const undecided: ServicePort[] = [];
  for (const entry of http) {
    const virtualService = meshHosts.decidingFor(entry.service.host);
    if (virtualService === undefined) undecided.push(entry);
    else decided.set(virtualService, [...(decided.get(virtualService) ?? []), entry]);
  }
  const candidates: Candidate[] = [];
  for (const virtualService of scope.virtualServices.get(MESH_GATEWAY) ?? []) {
    const services = decided.get(virtualService) ?? [];
    if (services.length === 0 && portNumber !== PORT_OF_UNKNOWN_HOSTS) continue;
    const list = routesFor(scope, virtualService, MESH_GATEWAY, portNumber);
    diagnostics.push(...routeDiagnostics(scope, list));
    if (list.routes.length === 0) {
      // Nothing in it is for sidecars on this port.
      undecided.push(...services);
      continue;
    }
    for (const host of memo.run(virtualServiceScope, virtualService, settings).hosts.keys()) {
      const covers = services.some(({ service }) => host.startsWith('*') && service.host.endsWith(host.slice(1)));
      if (!onPort.has(host) && !covers) candidates.push({ host, service: undefined, list });
    }
    for (const { service } of services) candidates.push({ host: service.host, service, list });
  }
  for (const { service, port } of undecided.sort((a, b) => compareText(a.service.host, b.service.host))) {
    candidates.push({ host: service.host, service, list: memo.run(defaultRoutes, port, service) });
  }
  return candidates;
}

function bracketed(host: string): string {
  return isIpv6Address(host) ? `[${host}]` : host;
}
