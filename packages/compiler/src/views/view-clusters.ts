import { type Diagnostic, diagnostic, formatRef } from '@heddle/model';
import { canDo, cannotDo } from '../capabilities.ts';
import { buildLoadAssignment } from '../clusters/load-assignment.ts';
import { buildServiceCluster, type ClusterDiscovery, loadBalancerOf } from '../clusters/service-cluster.ts';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Backend } from '../destination-rules.ts';
import type { Memo } from '../memo.ts';
import { type EndpointsResult, serviceEndpoints, serviceEntryEndpoints } from '../registry/endpoints.ts';
import type { MeshPort, ServiceSource } from '../registry/mesh-service.ts';
import { isHttp2 } from '../registry/port-protocol.ts';
import { indexWorkloads } from '../registry/workload-index.ts';
import { listInNamespace, type ViewScope } from './view-scope.ts';

/** A cluster with its endpoints, if those are resources of their own. */
export interface ViewCluster {
  readonly cluster: CompiledResource | undefined;
  readonly endpoints: CompiledResource | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** The cluster of a service's port, or of one of its subsets, for this view. Undefined where the proxy cannot have it. */
export function clusterFor(scope: ViewScope, backend: Backend, port: number, subset: string): ViewCluster {
  const { memo, settings, view } = scope;
  const meshPort = backend.service.portsByNumber.get(port);
  if (meshPort === undefined) return { cluster: undefined, endpoints: undefined, diagnostics: [] };
  if (isHttp2(meshPort.protocol) && !canDo(view.capabilities, 'upstream-http2')) {
    const effect = 'requests to this port are answered with 503 (no cluster)';
    return {
      cluster: undefined,
      endpoints: undefined,
      diagnostics: [cannotDo('upstream-http2', meshPort.source.ref, meshPort.path, effect)],
    };
  }
  const diagnostics: Diagnostic[] = [...backend.diagnostics];
  const discovery = discoveryFor(scope, backend, meshPort, subset, diagnostics);
  const result = endpointsFor(scope, meshPort);
  if (discovery === 'original-dst') {
    const cluster = memo.run(buildServiceCluster, backend, port, subset, discovery, settings, undefined);
    return { cluster, endpoints: undefined, diagnostics };
  }
  if (discovery !== 'eds') {
    const cluster = memo.run(buildServiceCluster, backend, port, subset, discovery, settings, result);
    return { cluster, endpoints: undefined, diagnostics: [...diagnostics, ...result.diagnostics] };
  }
  const cluster = memo.run(buildServiceCluster, backend, port, subset, discovery, settings, undefined);
  const labels = backend.subsets.get(subset)?.subset.labels;
  const endpoints = memo.run(buildLoadAssignment, result, cluster.resource.name, labels);
  if (result.endpoints.length === 0) diagnostics.push(memo.run(nobodyRuns, meshPort.source));
  return { cluster, endpoints, diagnostics };
}

/** How the proxy finds the endpoints of a port. */
function discoveryFor(
  scope: ViewScope,
  backend: Backend,
  port: MeshPort,
  subset: string,
  diagnostics: Diagnostic[],
): ClusterDiscovery {
  const { view } = scope;
  const { resolution } = port.source;
  const { loadBalancer, origin } = loadBalancerOf(backend, subset);
  // Only a sidecar whose listeners take over connections knows where these wanted to go.
  const captures = view.type === 'sidecar' && view.binding === undefined && canDo(view.capabilities, 'original-dst');
  if (loadBalancer === 'PASSTHROUGH') {
    if (captures) return 'original-dst';
    if (origin !== undefined) {
      const effect = 'LEAST_REQUEST is used';
      diagnostics.push(cannotDo('original-dst', origin.resource, origin.path, effect));
    }
  }
  switch (resolution) {
    case 'dns':
      return 'strict-dns';
    case 'dns-round-robin':
      return 'logical-dns';
    case 'none':
      if (captures) return 'original-dst';
      if (scope.view.type === 'sidecar') {
        const effect = 'only the endpoints listed in the ServiceEntry are used';
        diagnostics.push(cannotDo('original-dst', port.source.ref, ['spec', 'resolution'], effect));
      }
      return 'eds';
    case 'endpoints':
      // Callers of a headless service have chosen the pod already.
      return backend.service.headless && captures ? 'original-dst' : 'eds';
  }
}

const NO_WORKLOADS: readonly never[] = [];

/** The endpoints of a port, from whichever objects give them. */
export function endpointsFor(scope: ViewScope, port: MeshPort): EndpointsResult {
  const { memo, snapshot } = scope;
  const { object, ref } = port.source;
  if (object.kind === 'ServiceEntry') return memo.run(serviceEntryEndpoints, object, port);
  const pods = listInNamespace(snapshot, 'Pod', ref.namespace);
  const deployments = listInNamespace(snapshot, 'Deployment', ref.namespace);
  const index = memo.run(indexWorkloads, pods, deployments);
  const selector = object.spec.selector ?? {};
  const selected = Object.keys(selector).length === 0 ? NO_WORKLOADS : index.select(selector);
  const workloads = memo.steady(port.source, 'workloads', selected);
  return memo.run(serviceEndpoints, workloads, port, object.spec.publishNotReadyAddresses === true);
}

function nobodyRuns(_memo: Memo, source: ServiceSource): Diagnostic {
  const { object, ref } = source;
  const selector = object.kind === 'Service' ? Object.entries(object.spec.selector ?? {}) : [];
  const labels = selector.map(([key, value]) => `${key}=${value}`).join(',');
  const message =
    object.kind === 'ServiceEntry'
      ? 'lists no endpoints'
      : selector.length === 0
        ? 'has no selector'
        : `no workload with the labels ${labels} runs and is ready`;
  return diagnostic('HED206', {
    resource: ref,
    path: object.kind === 'Service' && selector.length > 0 ? ['spec', 'selector'] : ['spec'],
    message,
    effect: `requests to ${formatRef(ref)} are answered with 503 (no healthy upstream)`,
  });
}
