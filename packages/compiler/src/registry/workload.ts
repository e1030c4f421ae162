import {
  ADDRESS_ANNOTATION,
  BOUND_PORTS_ANNOTATION,
  type Diagnostic,
  diagnostic,
  type FieldPath,
  type ResourceRef,
} from '@heddle/model';
import { isIpAddress } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import { type Deployment, type Pod, refOfObject } from '../mesh-objects.ts';

/** Something that runs and may be selected by services. */
export interface Workload {
  readonly ref: ResourceRef;
  /** IP address. */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Container ports by name. */
  readonly namedPorts: ReadonlyMap<string, number>;
  /** Container port to the port really listened on, for workloads that share an address. */
  readonly boundPorts: ReadonlyMap<number, number>;
  readonly ready: boolean;
}

/** A workload, or why an object runs none. */
export interface WorkloadResult {
  readonly workload: Workload | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

interface PodTemplate {
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
  readonly containers: readonly Container[];
  readonly metadataPath: FieldPath;
}

interface Container {
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
}

/**
 * The workload that a Pod is: at its annotated address, or at `status.podIP`. Pods that have ended run nothing. Readiness is the
 * condition `Ready` (Kubernetes, "Pod Lifecycle"); a Pod with an annotated address and no status is taken as ready, as whoever wrote
 * the annotation says that it runs.
 */
export function podWorkload(_memo: Memo, pod: Pod): WorkloadResult {
  const { status, spec, metadata } = pod;
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return { workload: undefined, diagnostics: [] };
  const condition = status?.conditions?.find((candidate) => candidate.type === 'Ready');
  const annotated = metadata.annotations?.[ADDRESS_ANNOTATION] !== undefined;
  const template: PodTemplate = {
    labels: metadata.labels,
    annotations: metadata.annotations,
    containers: [...(spec.containers ?? []), ...(spec.initContainers ?? [])],
    metadataPath: ['metadata'],
  };
  const ready = condition === undefined ? annotated : condition.status === 'True';
  return workload(refOfObject(pod), template, status?.podIP, ready && metadata.deletionTimestamp === undefined);
}

/**
 * The workload that a Deployment is where nobody makes Pods of it: its pod template's annotations say where it runs already. One for
 * the Deployment, however many replicas it asks for; none if it asks for none. A Deployment without the annotation gives nothing
 * here: in a cluster its Pods are objects of their own.
 */
export function deploymentWorkload(_memo: Memo, deployment: Deployment): WorkloadResult {
  const { template, replicas } = deployment.spec;
  const annotations = template?.metadata?.annotations;
  if (annotations?.[ADDRESS_ANNOTATION] === undefined || replicas === 0)
    return { workload: undefined, diagnostics: [] };
  const pod: PodTemplate = {
    labels: template?.metadata?.labels,
    annotations,
    containers: [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])],
    metadataPath: ['spec', 'template', 'metadata'],
  };
  return workload(refOfObject(deployment), pod, undefined, true);
}

function workload(ref: ResourceRef, pod: PodTemplate, podIp: string | undefined, ready: boolean): WorkloadResult {
  const diagnostics: Diagnostic[] = [];
  const annotation = pod.annotations?.[ADDRESS_ANNOTATION];
  const address = annotation ?? podIp;
  if (address === undefined || address === '') return { workload: undefined, diagnostics };
  if (!isIpAddress(address)) {
    const path =
      annotation === undefined ? ['status', 'podIP'] : [...pod.metadataPath, 'annotations', ADDRESS_ANNOTATION];
    const message = `"${address}" is no IP address`;
    diagnostics.push(diagnostic('HED104', { resource: ref, path, message, effect: 'the workload gets no traffic' }));
    return { workload: undefined, diagnostics };
  }
  const namedPorts = new Map<string, number>();
  for (const container of pod.containers) {
    for (const port of container.ports ?? []) {
      if (port.name === undefined || (port.protocol ?? 'TCP') !== 'TCP' || namedPorts.has(port.name)) continue;
      namedPorts.set(port.name, port.containerPort);
    }
  }
  const boundPorts = annotation === undefined ? new Map<number, number>() : readBoundPorts(ref, pod, diagnostics);
  return { workload: { ref, address, labels: pod.labels ?? {}, namedPorts, boundPorts, ready }, diagnostics };
}

function readBoundPorts(ref: ResourceRef, pod: PodTemplate, diagnostics: Diagnostic[]): ReadonlyMap<number, number> {
  const ports = new Map<number, number>();
  for (const entry of (pod.annotations?.[BOUND_PORTS_ANNOTATION] ?? '').split(',')) {
    if (entry.trim() === '') continue;
    const match = /^\s*(\d{1,5})\s*=\s*(\d{1,5})\s*$/.exec(entry);
    const [from, to] = [Number(match?.[1]), Number(match?.[2])];
    if (from >= 1 && from <= 65535 && to >= 1 && to <= 65535) {
      ports.set(from, to);
      continue;
    }
    diagnostics.push(
      diagnostic('HED104', {
        resource: ref,
        path: [...pod.metadataPath, 'annotations', BOUND_PORTS_ANNOTATION],
        message: `"${entry.trim()}" is no pair of ports, wanted CONTAINER_PORT=REAL_PORT`,
        effect: 'the container port is taken as the real one',
      }),
    );
  }
  return ports;
}
