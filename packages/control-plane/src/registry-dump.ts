import type { JsonObject } from '@bufbuild/protobuf';
import type { ListedPort, ListedService, ServiceEndpoint } from '@heddle/compiler';
import type { AnyMeshObject, MeshSnapshot } from '@heddle/model';

/** istiod's numbers for how a service's addresses are found (`model.Resolution`). */
const RESOLUTIONS: Readonly<Record<ListedService['resolution'], number>> = {
  endpoints: 0,
  dns: 1,
  'dns-round-robin': 2,
  none: 3,
};

/** `model.Healthy`: endpoints that are not ready are not listed. */
const HEALTHY = 1;

/**
 * Configuration objects as Kubernetes writes them: what istiod's `/debug/configz` shows. Workloads, Services and Namespaces are not
 * configuration in that sense (and the environment of containers is nobody's business).
 */
export function configObjects(snapshot: MeshSnapshot): readonly AnyMeshObject[] {
  return [...snapshot.objects()].flatMap(({ object }) => (isConfiguration(object) ? [object] : []));
}

/** Objects of Kubernetes' own groups (`v1`, `apps/v1`) are what configuration is about; the groups of others have a dot. */
function isConfiguration({ apiVersion }: AnyMeshObject): boolean {
  return /^[^/]*\./.test(apiVersion);
}

/** The hosts of the mesh in the shape of istiod's `/debug/registryz`, which Kiali reads (`model.Service`). */
export function* registryServices(
  services: readonly ListedService[],
  snapshot: MeshSnapshot,
): IterableIterator<JsonObject> {
  for (const service of services) {
    const isEntry = service.declaredBy[0]?.kind === 'ServiceEntry';
    const object = isEntry
      ? snapshot.get('ServiceEntry', service.namespace, service.name)
      : snapshot.get('Service', service.namespace, service.name);
    const { labels, creationTimestamp } = object?.metadata ?? {};
    const selector = object?.kind === 'Service' ? object.spec.selector : undefined;
    yield {
      Attributes: {
        ServiceRegistry: isEntry ? 'External' : 'Kubernetes',
        Name: service.name,
        Namespace: service.namespace,
        Labels: { ...labels },
        ...(selector === undefined ? {} : { LabelSelectors: { ...selector } }),
      },
      ports: service.ports.map(portJson),
      ...(creationTimestamp === undefined ? {} : { creationTime: creationTimestamp }),
      hostname: service.host,
      clusterVIPs: service.addresses.length === 0 ? {} : { Addresses: { Kubernetes: [...service.addresses] } },
      defaultAddress: service.addresses[0] ?? '0.0.0.0',
      Resolution: RESOLUTIONS[service.resolution],
      MeshExternal: object?.kind === 'ServiceEntry' && object.spec.location !== 'MESH_INTERNAL',
    };
  }
}

/** Every endpoint in the shape of istiod's `/debug/endpointz`, by `HOST:PORT_NAME`. */
export function* serviceInstances(services: readonly ListedService[]): IterableIterator<JsonObject> {
  for (const { host, ports } of services) {
    for (const port of ports) {
      yield {
        svc: `${host}:${port.name}`,
        ep: port.endpoints.map((endpoint) => ({
          service: { hostname: host },
          servicePort: portJson(port),
          endpoint: endpointJson(host, port, endpoint),
        })),
      };
    }
  }
}

/** The same as text, one endpoint a line: `/debug/endpointz?brief`. */
export function serviceInstancesBrief(services: readonly ListedService[]): string {
  return services
    .flatMap(({ host, ports }) =>
      ports.flatMap((port) =>
        port.endpoints.map(
          (endpoint) =>
            `${host}:${port.name} ${endpoint.address}:${endpoint.port} ${JSON.stringify(endpoint.labels)}\n`,
        ),
      ),
    )
    .join('');
}

function portJson({ name, number, protocol }: ListedPort): JsonObject {
  return { ...(name === '' ? {} : { name }), port: number, protocol: protocol.toUpperCase() };
}

function endpointJson(host: string, port: ListedPort, endpoint: ServiceEndpoint): JsonObject {
  return {
    Address: endpoint.address,
    Addresses: [endpoint.address],
    EndpointPort: endpoint.port,
    ServicePortName: port.name,
    Labels: { ...endpoint.labels },
    LbWeight: endpoint.weight,
    Namespace: endpoint.ref.namespace,
    WorkloadName: endpoint.ref.name,
    HostName: host,
    HealthStatus: HEALTHY,
  };
}
