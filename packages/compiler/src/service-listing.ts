import type { MeshSnapshot, ResourceRef } from '@heddle/model';
import type { Memo } from './memo.ts';
import type { ServiceEndpoint } from './registry/endpoints.ts';
import type { MeshPort, MeshService, Resolution } from './registry/mesh-service.ts';
import type { PortProtocol } from './registry/port-protocol.ts';
import { buildServiceRegistry } from './registry/service-registry.ts';
import type { MeshSettings } from './settings.ts';
import { endpointsFor, selectedWorkloads } from './views/view-clusters.ts';
import { listOf, workloadLookup } from './views/view-scope.ts';

/** A host that the mesh knows, whichever Services and ServiceEntries declare it. */
export interface ListedService {
  readonly host: string;
  /** Of the first object that declares it. */
  readonly name: string;
  readonly namespace: string;
  /** IP addresses by which callers reach it. */
  readonly addresses: readonly string[];
  readonly ports: readonly ListedPort[];
  /** The declaring objects; the first one decides where they differ. */
  readonly declaredBy: readonly ResourceRef[];
  /** How addresses are found, as the first object says. */
  readonly resolution: Resolution;
}

export interface ListedPort {
  readonly number: number;
  readonly name: string;
  readonly protocol: PortProtocol;
  /** Those that get traffic. */
  readonly endpoints: readonly ServiceEndpoint[];
  /** Workloads that the service selects and that are not ready. */
  readonly notReady: readonly ResourceRef[];
}

/** Every host of the mesh with its ports and endpoints, ordered by host: the part of a snapshot that no view narrows down. */
export function listServices(memo: Memo, snapshot: MeshSnapshot, settings: MeshSettings): readonly ListedService[] {
  const services = listOf(snapshot, 'Service');
  const registry = memo.run(buildServiceRegistry, services, listOf(snapshot, 'ServiceEntry'), settings);
  const workloads = workloadLookup(memo, snapshot);
  const listPort = (port: MeshPort): ListedPort => {
    const index = workloads(port.source.ref.namespace);
    const selected = selectedWorkloads(memo, port.source, index);
    return {
      number: port.number,
      name: port.name,
      protocol: port.protocol,
      endpoints: endpointsFor(memo, port, selected).endpoints,
      notReady: selected.filter(({ ready }) => !ready).map(({ ref }) => ref),
    };
  };
  return registry.services.map((service: MeshService) => ({
    host: service.host,
    name: service.name,
    namespace: service.namespace,
    addresses: service.addresses,
    ports: service.ports.map(listPort),
    declaredBy: service.sources.map(({ ref }) => ref),
    resolution: service.sources[0]?.resolution ?? 'endpoints',
  }));
}
