import { create } from '@bufbuild/protobuf';
import { type Node, NodeSchema } from '@heddle/envoy-api/core';
import type { AnyMeshObject, SourcedObject } from '@heddle/model';

/** How large the mesh is that the benchmarks serve. */
export interface MeshSize {
  readonly services: number;
  readonly endpointsPerService: number;
}

/** The namespace of all services and of all proxies. */
export const MESH_NAMESPACE = 'load';

/**
 * One of the proxies, as it introduces itself. All of them see the same services; proxies of different workloads are in views of their
 * own, since Services may select them.
 */
export function sidecarNode(index: number, workloads = 1): Node {
  return create(NodeSchema, {
    id: `sidecar~10.200.${index >> 8}.${index & 255}~client-${index}.${MESH_NAMESPACE}~${MESH_NAMESPACE}.svc.cluster.local`,
    cluster: `client.${MESH_NAMESPACE}`,
    metadata: { NAMESPACE: MESH_NAMESPACE, LABELS: { app: `client-${index % workloads}` } },
    userAgentName: 'envoy',
    // Older than on-demand discovery, so that everything is pushed.
    userAgentVersionType: { case: 'userAgentBuildVersion', value: { version: { majorNumber: 1, minorNumber: 36 } } },
  });
}

/** How every marker address begins, and its length. */
export const MARKER_PREFIX = '10.199.';
export const MARKER_LENGTH = '10.199.100.100'.length;

/**
 * The address by which a client recognises change number `index`: always of the same length, so that a recorded response can be
 * turned into that of another change by overwriting bytes. Repeats after 10,000.
 */
export function markerAddress(index: number): string {
  return `${MARKER_PREFIX}${100 + (Math.floor(index / 100) % 100)}.${100 + (index % 100)}`;
}

/** The number of the change that an address marks; undefined for any other address. */
export function markerIndex(address: string): number | undefined {
  const match = /^10\.199\.1(\d\d)\.1(\d\d)$/.exec(address);
  return match === null ? undefined : Number(match[1]) * 100 + Number(match[2]);
}

/** A Services-and-Pods mesh whose first Pod of each Service can be given another address, and whose Services can be annotated. */
export class BenchMesh {
  #objects: readonly SourcedObject[];
  readonly #size: MeshSize;

  constructor(size: MeshSize) {
    this.#size = size;
    this.#objects = Array.from({ length: size.services }, (_, index) => [
      service(index),
      ...Array.from({ length: size.endpointsPerService }, (_unused, replica) => pod(index, replica)),
    ])
      .flat()
      .map(sourced);
  }

  get objects(): readonly SourcedObject[] {
    return this.#objects;
  }

  /** The Service that change number `index` concerns. */
  serviceOf(index: number): number {
    return index % this.#size.services;
  }

  /** Gives the first Pod of a Service another address: one endpoint changes. */
  changeEndpoint(index: number): readonly SourcedObject[] {
    const position = this.serviceOf(index) * (1 + this.#size.endpointsPerService) + 1;
    this.#objects = this.#objects.with(position, sourced(pod(this.serviceOf(index), 0, markerAddress(index))));
    return this.#objects;
  }

  /** Annotates a Service: nothing that a proxy sees changes. */
  changeAnnotation(index: number): readonly SourcedObject[] {
    const position = this.serviceOf(index) * (1 + this.#size.endpointsPerService);
    const annotated = service(this.serviceOf(index), { 'example.com/round': String(index) });
    this.#objects = this.#objects.with(position, sourced(annotated));
    return this.#objects;
  }
}

function sourced(object: AnyMeshObject): SourcedObject {
  return { object };
}

/** Always of the same length, too. */
export function serviceName(index: number): string {
  return `svc-${String(index).padStart(4, '0')}`;
}

function service(index: number, annotations: Readonly<Record<string, string>> = {}): AnyMeshObject {
  const name = serviceName(index);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: MESH_NAMESPACE, annotations },
    spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  } as unknown as AnyMeshObject;
}

function pod(index: number, replica: number, podIP = podAddress(index, replica)): AnyMeshObject {
  const app = serviceName(index);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${app}-${replica}`, namespace: MESH_NAMESPACE, labels: { app, version: 'v1' } },
    spec: { containers: [{ name: 'web', image: 'web', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { podIP, phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  } as unknown as AnyMeshObject;
}

function podAddress(index: number, replica: number): string {
  const number = index * 16 + replica;
  return `10.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}
