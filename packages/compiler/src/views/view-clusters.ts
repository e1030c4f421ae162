import { type Diagnostic, diagnostic, formatRef, type ProxyType } from '@heddle/model';
import { cannotDo, outboundCapture } from '../capabilities.ts';
import { type ClusterAbilities, clusterAbilitiesOf, inabilities } from '../clusters/cluster-abilities.ts';
import { buildLoadAssignment, subsetEndpoints } from '../clusters/load-assignment.ts';
import { buildServiceCluster, type ClusterDiscovery } from '../clusters/service-cluster.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Backend } from '../destination-rules.ts';
import type { Memo } from '../memo.ts';
import { refOfObject } from '../mesh-objects.ts';
import {
  type EndpointsResult,
  externalEndpoint,
  serviceEndpoints,
  serviceEntryEndpoints,
} from '../registry/endpoints.ts';
import { externalNameOf, type MeshPort, type ServiceSource } from '../registry/mesh-service.ts';
import { isHttp2 } from '../registry/port-protocol.ts';
import type { Workload } from '../registry/workload.ts';
import type { WorkloadIndex } from '../registry/workload-index.ts';
import type { ClusterUse } from '../routes/route-list.ts';
import type { MeshSettings } from '../settings.ts';
import { wantsTls } from '../tls/upstream-context.ts';
import { type EffectivePolicy, policyFor } from '../traffic-policy.ts';
import type { ViewScope, WorkloadLookup } from './view-scope.ts';

/** A cluster with its endpoints, if those are resources of their own. */
export interface ViewCluster {
  readonly cluster: CompiledResource | undefined;
  readonly endpoints: CompiledResource | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** What clusters depend on of the proxy that gets them. */
export interface ClusterAudience {
  readonly type: ProxyType;
  /** Connections arrive with the address they were meant for. */
  readonly captures: boolean;
  readonly abilities: ClusterAbilities;
}

/** The same object for all views whose clusters are the same. */
export function clusterAudienceOf({ memo, settings, view }: ViewScope): ClusterAudience {
  const captures = view.type === 'sidecar' && outboundCapture(view) === 'redirected';
  return memo.run(clusterAudience, settings, view.type, captures, clusterAbilitiesOf(memo, settings, view));
}

function clusterAudience(
  _memo: Memo,
  _settings: MeshSettings,
  type: ProxyType,
  captures: boolean,
  abilities: ClusterAbilities,
): ClusterAudience {
  return { type, captures, abilities };
}

/** The workloads behind a cluster, and what is wrong with those of their namespace; the same lists as long as nothing of that changes. */
export interface WorkloadSelection {
  readonly workloads: readonly Workload[];
  readonly diagnostics: readonly Diagnostic[];
}

export function selectionFor(memo: Memo, workloads: WorkloadLookup, { backend, port }: ClusterUse): WorkloadSelection {
  // Port numbers of several objects make one host's service; all Kubernetes Services among them stand in its namespace.
  const index = workloads(backend.service.namespace);
  const source = backend.service.portsByNumber.get(port)?.source;
  return {
    workloads: source === undefined ? NO_WORKLOADS : selectedWorkloads(memo, source, index),
    diagnostics: index.diagnostics,
  };
}

/** The cluster of a service's port, or of one of its subsets, for an audience. Undefined where its proxies cannot have it. */
export function clusterFor(
  memo: Memo,
  audience: ClusterAudience,
  { name, backend, port, subset }: ClusterUse,
  workloads: readonly Workload[],
  workloadDiagnostics: readonly Diagnostic[],
  settings: MeshSettings,
): ViewCluster {
  return memo.latest(name, viewCluster, audience, backend, port, subset, workloads, workloadDiagnostics, settings);
}

function viewCluster(
  memo: Memo,
  audience: ClusterAudience,
  backend: Backend,
  port: number,
  subset: string,
  workloads: readonly Workload[],
  workloadDiagnostics: readonly Diagnostic[],
  settings: MeshSettings,
): ViewCluster {
  const meshPort = backend.service.portsByNumber.get(port);
  if (meshPort === undefined) return { cluster: undefined, endpoints: undefined, diagnostics: [] };
  if (isHttp2(meshPort.protocol) && !audience.abilities.http2) {
    const effect = 'requests to this port are answered with 503 (no cluster)';
    return {
      cluster: undefined,
      endpoints: undefined,
      diagnostics: [cannotDo('heddle.http2.upstream', meshPort.source.ref, meshPort.path, effect)],
    };
  }
  const policy = policyFor(backend, port, subset);
  const { tls } = policy;
  if (tls !== undefined && wantsTls(tls.value) && !audience.abilities.upstreamTls) {
    const effect = 'requests to this port are answered with 503 (no cluster)';
    const { resource, path } = tls.origin;
    const diagnostics = [cannotDo('heddle.tls.upstream', resource, path, effect)];
    return { cluster: undefined, endpoints: undefined, diagnostics };
  }
  const diagnostics: Diagnostic[] = [...backend.diagnostics, ...inabilities(audience.abilities, meshPort, policy)];
  const discovery = discoveryFor(audience, backend, meshPort, policy, diagnostics);
  const result = discovery === 'original-dst' ? undefined : endpointsFor(memo, meshPort, workloads);
  diagnostics.push(...(result?.diagnostics ?? []));
  if (result !== undefined && meshPort.source.object.kind === 'Service') diagnostics.push(...workloadDiagnostics);
  const labels = backend.subsets.get(subset)?.subset.labels;
  if (result === undefined || discovery !== 'eds') {
    // Envoy refuses LOGICAL_DNS clusters with more or fewer than one endpoint.
    const single = subsetEndpoints(result?.endpoints ?? [], labels).length === 1;
    const possible = discovery === 'logical-dns' && !single ? 'strict-dns' : discovery;
    const cluster = memo.run(
      buildServiceCluster,
      backend,
      port,
      subset,
      possible,
      audience.abilities,
      settings,
      result,
    );
    return { cluster, endpoints: undefined, diagnostics };
  }
  const cluster = memo.run(
    buildServiceCluster,
    backend,
    port,
    subset,
    discovery,
    audience.abilities,
    settings,
    undefined,
  );
  const endpoints = memo.run(buildLoadAssignment, result, cluster.resource.name, labels);
  if (result.endpoints.length === 0) diagnostics.push(memo.run(nobodyRuns, meshPort.source));
  else if (subsetEndpoints(result.endpoints, labels).length === 0) diagnostics.push(...emptySubset(backend, subset));
  return { cluster, endpoints, diagnostics };
}

/** How the proxy finds the endpoints of a port. */
function discoveryFor(
  audience: ClusterAudience,
  backend: Backend,
  port: MeshPort,
  { loadBalancer }: EffectivePolicy,
  diagnostics: Diagnostic[],
): ClusterDiscovery {
  if (loadBalancer?.value.simple === 'PASSTHROUGH') {
    if (audience.captures) return 'original-dst';
    const { resource, path } = loadBalancer.origin;
    const effect = 'LEAST_REQUEST is used';
    diagnostics.push(cannotDo('heddle.cluster.original-dst', resource, [...path, 'simple'], effect));
  }
  switch (port.source.resolution) {
    case 'dns':
      return 'strict-dns';
    case 'dns-round-robin':
      return 'logical-dns';
    case 'none':
      if (audience.captures) return 'original-dst';
      if (audience.type === 'sidecar') {
        const effect = 'requests to it are answered with 503 (no healthy upstream)';
        diagnostics.push(cannotDo('heddle.cluster.original-dst', port.source.ref, ['spec', 'resolution'], effect));
      }
      return 'eds';
    case 'endpoints':
      // Callers of a headless service have chosen the pod already.
      return backend.service.headless && audience.captures ? 'original-dst' : 'eds';
  }
}

const NO_WORKLOADS: readonly never[] = [];

/** The workloads that a service selects, ready or not; the same list as long as none of them changes. */
export function selectedWorkloads(memo: Memo, source: ServiceSource, index: WorkloadIndex): readonly Workload[] {
  const { object } = source;
  if (object.kind !== 'Service') return NO_WORKLOADS;
  const selector = object.spec.selector ?? {};
  const labels = Object.keys(selector).length;
  if (labels === 0) return NO_WORKLOADS;
  const selected = index.select(selector);
  return labels === 1 ? selected : memo.steady(source, 'workloads', selected);
}

/** The endpoints of a port, from whichever objects give them, for the workloads that its service selects. */
export function endpointsFor(memo: Memo, port: MeshPort, workloads: readonly Workload[]): EndpointsResult {
  const { object } = port.source;
  if (object.kind === 'ServiceEntry') return memo.run(serviceEntryEndpoints, object, port);
  const externalName = externalNameOf(object);
  if (externalName !== undefined) return memo.run(externalEndpoint, port, externalName);
  // Owned by the port, and only the latest: neither Pods nor Services that changed are kept for it.
  return memo.latest('', serviceEndpoints, port, workloads, object.spec.publishNotReadyAddresses === true);
}

/** HED206 for a subset whose labels none of the service's workloads has. */
function emptySubset(backend: Backend, name: string): readonly Diagnostic[] {
  const found = backend.subsets.get(name);
  if (found === undefined) return [];
  const { rule, subset, index } = found;
  const labels = Object.entries(subset.labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return [
    diagnostic('HED206', {
      resource: refOfObject(rule),
      path: ['spec', 'subsets', index, 'labels'],
      message: `no running workload of "${backend.service.host}" has the labels ${labels.join(',')}`,
      effect: 'requests to the subset are answered with 503 (no healthy upstream)',
    }),
  ];
}

function nobodyRuns(_memo: Memo, source: ServiceSource): Diagnostic {
  const { object, ref } = source;
  const selector = object.kind === 'Service' ? Object.entries(object.spec.selector ?? {}) : [];
  const labels = selector.map(([key, value]) => `${key}=${value}`).join(',');
  const message =
    object.kind === 'ServiceEntry'
      ? 'it lists no endpoints'
      : selector.length === 0
        ? 'it has no selector'
        : `no workload with the labels ${labels} runs and is ready`;
  return diagnostic('HED206', {
    resource: ref,
    path: object.kind === 'Service' && selector.length > 0 ? ['spec', 'selector'] : ['spec'],
    message,
    effect: `requests to ${formatRef(ref)} are answered with 503 (no healthy upstream)`,
  });
}
