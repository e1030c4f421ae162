import { type Diagnostic, diagnostic, formatRef, type ResourceRef } from '@heddle/model';
import { isIpAddress } from '../hosts/ip-address.ts';
import type { Memo } from '../memo.ts';
import type { ServiceEntry } from '../mesh-objects.ts';
import type { MeshPort } from './mesh-service.ts';
import type { Workload } from './workload.ts';

/** One address that serves a port of a service. */
export interface ServiceEndpoint {
  /** IP address, or a host name where the proxy resolves names. */
  readonly address: string;
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Relative to the other endpoints; 1 unless given. */
  readonly weight: number;
  readonly ref: ResourceRef;
}

export interface EndpointsResult {
  readonly endpoints: readonly ServiceEndpoint[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The endpoints of one port of a Kubernetes Service among the workloads it selects. Only ready ones, unless the service publishes
 * those that are not ready too (as headless services of databases do).
 */
export function serviceEndpoints(
  _memo: Memo,
  port: MeshPort,
  workloads: readonly Workload[],
  publishNotReady: boolean,
): EndpointsResult {
  const endpoints: ServiceEndpoint[] = [];
  const lacking: Workload[] = [];
  for (const workload of workloads) {
    if (!workload.ready && !publishNotReady) continue;
    const containerPort = typeof port.target === 'number' ? port.target : workload.namedPorts.get(port.target);
    if (containerPort === undefined) {
      lacking.push(workload);
      continue;
    }
    const number = workload.boundPorts.get(containerPort) ?? containerPort;
    endpoints.push({ address: workload.address, port: number, labels: workload.labels, weight: 1, ref: workload.ref });
  }
  const [first] = lacking;
  const diagnostics =
    first === undefined
      ? []
      : [
          diagnostic('HED208', {
            resource: port.source.ref,
            path: [...port.path, 'targetPort'],
            message: `no container of ${formatRef(first.ref)}${lacking.length > 1 ? ` and ${lacking.length - 1} more` : ''} has a port named "${port.target}"`,
            effect: 'the workload gets no traffic on this port',
            fix: `name a container port "${port.target}", or give the port by number`,
          }),
        ];
  return { endpoints, diagnostics };
}

/** The name behind a Service of type ExternalName, which the proxy resolves. Its ports are the service's: there is no pod to have names for them. */
export function externalEndpoint(_memo: Memo, port: MeshPort, externalName: string): EndpointsResult {
  const target = typeof port.target === 'number' ? port.target : port.number;
  const endpoint = { address: externalName, port: target, labels: {}, weight: 1, ref: port.source.ref };
  return { endpoints: [endpoint], diagnostics: [] };
}

/**
 * The endpoints of one port that a ServiceEntry lists. Without any, a host that the proxy resolves stands for itself. Addresses that the
 * control plane hands out must be IP addresses (Envoy accepts no names there).
 */
export function serviceEntryEndpoints(_memo: Memo, entry: ServiceEntry, port: MeshPort): EndpointsResult {
  const { source } = port;
  const resolvedByProxy = source.resolution === 'dns' || source.resolution === 'dns-round-robin';
  const target = typeof port.target === 'number' ? port.target : port.number;
  const listed = entry.spec.endpoints ?? [];
  if (listed.length === 0 && resolvedByProxy) {
    const wildcard = source.host.startsWith('*');
    return {
      endpoints: wildcard ? [] : [{ address: source.host, port: target, labels: {}, weight: 1, ref: source.ref }],
      diagnostics: wildcard ? [unresolvableWildcard(source.ref, source.host)] : [],
    };
  }
  const endpoints: ServiceEndpoint[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const [index, endpoint] of listed.entries()) {
    const address = endpoint.address ?? '';
    if (!resolvedByProxy && !isIpAddress(address)) {
      diagnostics.push(
        diagnostic('HED104', {
          resource: source.ref,
          path: ['spec', 'endpoints', index, 'address'],
          message: `"${address}" is no IP address, which resolution ${entry.spec.resolution ?? 'NONE'} wants`,
          effect: 'the endpoint gets no traffic',
          fix: 'give an IP address, or use resolution DNS',
        }),
      );
      continue;
    }
    const number = endpoint.ports?.[port.name] ?? target;
    // A weight of zero is written as "not set" by those who use Istio's API types.
    const weight = endpoint.weight === undefined || endpoint.weight === 0 ? 1 : endpoint.weight;
    endpoints.push({ address, port: number, labels: endpoint.labels ?? {}, weight, ref: source.ref });
  }
  return { endpoints, diagnostics };
}

function unresolvableWildcard(ref: ResourceRef, host: string): Diagnostic {
  return diagnostic('HED104', {
    resource: ref,
    path: ['spec', 'hosts'],
    message: `"${host}" is a wildcard, which DNS cannot resolve`,
    effect: 'requests to it are answered with 503',
    fix: 'list spec.endpoints, or use resolution NONE',
  });
}
