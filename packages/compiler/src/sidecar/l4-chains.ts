import { clusterName, type Diagnostic } from '@heddle/model';
import { hostIsWithin, MESH_GATEWAY } from '../hosts/host-name.ts';
import type { OutboundChain } from '../listeners/outbound-entry.ts';
import { qualifiedName } from '../mesh-objects.ts';
import type { MeshPort, MeshService } from '../registry/mesh-service.ts';
import { type L4RouteList, l4DestinationHosts, l4Routes } from '../routes/l4-routes.ts';
import { l4Diagnostics } from '../views/l4-diagnostics.ts';
import type { ViewScope } from '../views/view-scope.ts';
import { sourceInput, type VirtualServiceEntry } from '../virtual-services.ts';

/** Where connections to a service's port arrive, as far as its chains depend on it. */
export interface L4Place {
  /** Blocks of destinations that are the service's; empty where the listener's own address says it. */
  readonly blocks: readonly string[];
  /** Whether only the server name tells the service from others on the listener. */
  readonly shared: boolean;
}

/** The port of a service speaks TLS, which the sidecar passes through. */
export function isTls(port: MeshPort): boolean {
  return port.protocol === 'tls' || port.protocol === 'https';
}

/**
 * The chains of a service's port that speaks no HTTP: those of the VirtualServices that name the host, by `tls` rules for ports with TLS
 * and `tcp` rules for others, and else, or behind them, one to the service itself.
 */
export function l4Chains(
  scope: ViewScope,
  virtualServices: readonly VirtualServiceEntry[],
  service: MeshService,
  port: MeshPort,
  place: L4Place,
  diagnostics: Diagnostic[],
): readonly OutboundChain[] {
  const layer = isTls(port) ? 'tls' : 'tcp';
  const chains: OutboundChain[] = [];
  const seen = new Set<string>();
  for (const entry of virtualServices) {
    if ((entry.virtualService.spec[layer]?.length ?? 0) === 0) continue;
    if (![...entry.hosts.keys()].some((host) => hostIsWithin(service.host, host))) continue;
    const list = routesOf(scope, entry, layer, port.number);
    diagnostics.push(...l4Diagnostics.ofList(scope, list));
    for (const route of list.routes) {
      const blocks = route.destinationSubnets.length > 0 ? route.destinationSubnets : place.blocks;
      const serverNames = route.sniHosts.filter(isServerName);
      const key = JSON.stringify([blocks, serverNames]);
      // Of two matches that ask a connection the same the first decides.
      if (seen.has(key)) continue;
      seen.add(key);
      chains.push({
        blocks,
        serverNames,
        legs: route.legs,
        statPrefix: statPrefix(entry),
        origin: { resource: route.resource, path: route.path },
      });
      if (layer === 'tcp' && route.destinationSubnets.length === 0) return chains;
    }
  }
  if (layer === 'tls' && chains.length > 0) return chains;
  const own = ownChain(service, port, place);
  if (!seen.has(JSON.stringify([own.blocks, own.serverNames]))) chains.push(own);
  return chains;
}

function routesOf(scope: ViewScope, entry: VirtualServiceEntry, layer: 'tls' | 'tcp', port: number): L4RouteList {
  const { memo, backends, settings, view } = scope;
  const object = entry.virtualService;
  const used = memo.run(l4DestinationHosts, object, settings).map((host) => backends.backend(host));
  return memo.run(l4Routes, object, layer, MESH_GATEWAY, port, sourceInput(entry, view), settings, ...used);
}

function ownChain(service: MeshService, port: MeshPort, place: L4Place): OutboundChain {
  const cluster = clusterName({ direction: 'outbound', port: port.number, subset: '', host: service.host });
  const byName = isTls(port) && place.shared && isServerName(service.host);
  return {
    blocks: place.blocks,
    serverNames: byName ? [service.host] : [],
    legs: [{ cluster, weight: 1 }],
    statPrefix: cluster,
    origin: { resource: port.source.ref, path: port.path },
  };
}

/** `NAME.NAMESPACE`. */
function statPrefix({ virtualService }: VirtualServiceEntry): string {
  return qualifiedName(virtualService).split('/').reverse().join('.');
}

/** A name, or everything below one; Envoy takes no other wildcards, and `*` stands for every name. */
function isServerName(host: string): boolean {
  return !host.includes('*') || /^\*\.[^*]+$/.test(host);
}
