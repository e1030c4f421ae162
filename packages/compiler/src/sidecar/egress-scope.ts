import type { FieldPath } from '@heddle/model';
import { hostIsWithin, MESH_GATEWAY, narrowerHost } from '../hosts/host-name.ts';
import type { Memo } from '../memo.ts';
import { namespaceOf, type Sidecar } from '../mesh-objects.ts';
import type { MeshService } from '../registry/mesh-service.ts';
import type { ServiceRegistry } from '../registry/service-registry.ts';
import { l4DestinationHosts } from '../routes/l4-routes.ts';
import { destinationHosts } from '../routes/virtual-service-routes.ts';
import type { MeshSettings } from '../settings.ts';
import type { VirtualServiceEntry, VirtualServiceIndex } from '../virtual-services.ts';

/** One `egress` of a Sidecar: what a workload may call, on one port or on all that no other one speaks of. */
export interface EgressListener {
  /** Undefined for the services' own ports. */
  readonly port: EgressPort | undefined;
  readonly services: readonly MeshService[];
  readonly virtualServices: readonly VirtualServiceEntry[];
}

/** A port that a Sidecar names, with its place. */
export interface EgressPort {
  readonly number: number;
  readonly protocol: string;
  readonly sidecar: Sidecar;
  readonly path: FieldPath;
}

/** What a Sidecar lets the proxies of a namespace know. */
export interface EgressScope {
  readonly listeners: readonly EgressListener[];
  /** The services of all listeners, and those that their VirtualServices lead to: what needs clusters. Ordered by host. */
  readonly registry: ServiceRegistry;
  readonly virtualServices: VirtualServiceIndex;
}

/** Narrows what a namespace sees to what a Sidecar's `egress` names; its `.` is the namespace of the proxies. */
export function egressScope(
  memo: Memo,
  sidecar: Sidecar,
  registry: ServiceRegistry,
  index: VirtualServiceIndex,
  namespace: string,
  settings: MeshSettings,
): EgressScope {
  const ofMesh = index.byGateway.get(MESH_GATEWAY) ?? [];
  const listeners = (sidecar.spec.egress ?? []).map(({ port, hosts }, position): EgressListener => {
    const wanted = hosts.map((text) => parseSidecarHost(text, namespace));
    const number = port?.number ?? 0;
    return {
      port:
        port === undefined
          ? undefined
          : { number, protocol: port.protocol ?? 'TCP', sidecar, path: ['spec', 'egress', position, 'port'] },
      services: registry.services.filter((service) =>
        wanted.some((one) => allowsHost(one, service.namespace, service.host)),
      ),
      virtualServices: ofMesh.filter((entry) => wanted.some((one) => allowsRoutes(one, entry))),
    };
  });
  const services = new Set(listeners.flatMap((listener) => listener.services));
  const virtualServices = new Set(listeners.flatMap((listener) => listener.virtualServices));
  for (const { virtualService } of virtualServices) {
    const leadsTo = [
      ...memo.run(destinationHosts, virtualService, settings),
      ...memo.run(l4DestinationHosts, virtualService, settings),
    ];
    for (const host of leadsTo) {
      const service = registry.byHost.get(host);
      if (service !== undefined) services.add(service);
    }
  }
  const known = registry.services.filter((service) => services.has(service));
  const entries = ofMesh.filter((entry) => virtualServices.has(entry));
  return {
    listeners,
    registry: { services: known, byHost: new Map(known.map((service) => [service.host, service])) },
    virtualServices: { entries, byGateway: new Map([[MESH_GATEWAY, entries]]) },
  };
}

interface SidecarHost {
  /** Undefined for every namespace, empty for none. */
  readonly namespace: string | undefined;
  readonly host: string;
}

/** `NAMESPACE/HOST`; excluded namespaces (`~shop/…`), which validation reports as not applied, name nothing. */
function parseSidecarHost(text: string, ownNamespace: string): SidecarHost {
  const slash = text.indexOf('/');
  const namespace = text.slice(0, slash);
  const host = text.slice(slash + 1).toLowerCase();
  if (namespace === '*') return { namespace: undefined, host };
  if (namespace.startsWith('~')) return { namespace: '', host };
  return { namespace: namespace === '.' ? ownNamespace : namespace, host };
}

function allowsHost(wanted: SidecarHost, namespace: string, host: string): boolean {
  return (wanted.namespace === undefined || wanted.namespace === namespace) && hostIsWithin(host, wanted.host);
}

/** A VirtualService is known where one of its hosts, or a part of a wildcard, is. */
function allowsRoutes(wanted: SidecarHost, { virtualService, hosts }: VirtualServiceEntry): boolean {
  if (wanted.namespace !== undefined && wanted.namespace !== namespaceOf(virtualService)) return false;
  return [...hosts.keys()].some((host) => narrowerHost(host, wanted.host) !== undefined);
}
