import { suggest } from '@heddle/api';
import {
  clusterName,
  type Diagnostic,
  diagnostic,
  type FieldPath,
  formatRef,
  likelyHost,
  type ResourceRef,
} from '@heddle/model';
import type { Backend } from '../destination-rules.ts';

/** What a route's leg leads to. */
export interface ResolvedDestination {
  readonly host: string;
  readonly port: number;
  readonly subset: string;
  /** The cluster's name, whether it exists or not: a request to one that does not is answered with 503 (NC). */
  readonly cluster: string;
  /** What does not exist. */
  readonly missing: 'host' | 'port' | 'subset' | undefined;
}

/**
 * Follows Istio's `GetDestinationCluster`: without a port, a service's only port, else the port that the route stands on. What does not
 * exist is routed to all the same, so that it costs only the requests that choose it.
 */
export function resolveDestination(
  host: string,
  wantedSubset: string | undefined,
  wantedPort: number | undefined,
  backend: Backend | undefined,
  listenerPort: number,
): ResolvedDestination {
  const subset = wantedSubset ?? '';
  const ports = backend?.service.ports ?? [];
  const port = wantedPort ?? (ports.length === 1 && ports[0] !== undefined ? ports[0].number : listenerPort);
  const missing =
    backend === undefined
      ? 'host'
      : !backend.service.portsByNumber.has(port)
        ? 'port'
        : subset !== '' && !backend.subsets.has(subset)
          ? 'subset'
          : undefined;
  return { host, port, subset, cluster: clusterName({ direction: 'outbound', port, subset, host }), missing };
}

/** A leg that leads nowhere, with its place in the object that has it. */
export interface DestinationProblem extends ResolvedDestination {
  readonly missing: 'host' | 'port' | 'subset';
  readonly backend: Backend | undefined;
  readonly resource: ResourceRef;
  /** Whether the destination names a port. */
  readonly portWritten: boolean;
  /** Of the `destination`. */
  readonly path: FieldPath;
}

const EFFECT = 'requests that are sent there are answered with 503 (no cluster)';

/** What declares a host that exists, and is not exported to the namespace that wants to reach it. */
export interface HiddenService {
  readonly ref: ResourceRef;
  /** The namespace of the proxies that do not see it. */
  readonly from: string;
}

/** Says what is wrong with a destination and what was probably meant. */
export function destinationDiagnostic(
  problem: DestinationProblem,
  knownHosts: Iterable<string>,
  hidden: HiddenService | undefined,
): Diagnostic {
  const { host, port, subset, backend, resource, path } = problem;
  if (hidden !== undefined) {
    return diagnostic('HED211', {
      resource,
      path: [...path, 'host'],
      message: `${formatRef(hidden.ref)} with the host "${host}" is not exported to namespace "${hidden.from}"`,
      effect: EFFECT,
      fix: `add "${hidden.from}" to what it is exported to`,
    });
  }
  if (problem.missing === 'host') {
    const near = likelyHost(host, [...knownHosts]);
    return diagnostic('IST0101', {
      resource,
      path: [...path, 'host'],
      message: `no service has the host "${host}"`,
      effect: EFFECT,
      fix: near === undefined ? 'name a Service, or the host of a ServiceEntry' : `did you mean "${near}"?`,
    });
  }
  if (problem.missing === 'port') {
    const known = (backend?.service.ports ?? []).map((candidate) => candidate.number).join(', ');
    return diagnostic('HED202', {
      resource,
      path: problem.portWritten ? [...path, 'port', 'number'] : path,
      message: problem.portWritten
        ? `"${host}" has no port ${port}${known === '' ? '' : `, only ${known}`}`
        : `no port is given, and "${host}" has ${known === '' ? 'none' : `several: ${known}`}`,
      effect: EFFECT,
      fix: known === '' ? 'declare the port in the service' : `set port.number to one of ${known}`,
    });
  }
  const near = suggest(subset, backend?.subsets.keys() ?? []);
  const known = [...(backend?.subsets.keys() ?? [])].map((name) => `"${name}"`).join(', ');
  return diagnostic('IST0101', {
    resource,
    path: [...path, 'subset'],
    message: `no DestinationRule declares a subset "${subset}" for "${host}"${known === '' ? '' : `, only ${known}`}`,
    effect: EFFECT,
    fix: near === undefined ? `declare the subset in a DestinationRule for "${host}"` : `did you mean "${near}"?`,
  });
}
