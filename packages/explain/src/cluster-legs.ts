import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import { type Cluster, Cluster_DiscoveryType } from '@heddle/envoy-api/cluster';
import { HealthStatus } from '@heddle/envoy-api/core';
import type { ClusterLoadAssignment } from '@heddle/envoy-api/endpoint';
import { formatRef } from '@heddle/model';
import type { Configuration } from './configuration.ts';
import type { Endpoint, Leg, Place, Step } from './explanation.ts';
import { MAX_NEAR } from './near.ts';

/** A cluster that is chosen, before anybody looked whether it exists. */
export interface ChosenCluster {
  readonly cluster: string;
  readonly percent: number;
  readonly path: string;
  readonly authority: string | undefined;
  /** What is answered if there is no such cluster. */
  readonly notFoundStatus: number;
  readonly place?: Place;
}

/** The leg of a chosen cluster: what it leads to. */
export function legOf(configuration: Configuration, chosen: ChosenCluster): Leg {
  const { notFoundStatus, ...leg } = chosen;
  const cluster = configuration.cluster(chosen.cluster);
  if (cluster === undefined) {
    return { ...leg, leadsTo: 'no cluster', status: notFoundStatus, flag: 'NC', endpoints: [] };
  }
  if (discoveryOf(cluster) === Cluster_DiscoveryType.ORIGINAL_DST) {
    return { ...leg, leadsTo: 'original destination', endpoints: [] };
  }
  const endpoints = endpointsOf(configuration, cluster);
  if (endpoints.length === 0) {
    return { ...leg, leadsTo: 'no healthy endpoint', status: 503, flag: 'UH', endpoints };
  }
  return { ...leg, leadsTo: 'endpoint', endpoints };
}

function discoveryOf({ clusterDiscoveryType: discovery }: Cluster): Cluster_DiscoveryType | undefined {
  return discovery.case === 'type' ? discovery.value : undefined;
}

function endpointsOf(configuration: Configuration, cluster: Cluster): readonly Endpoint[] {
  const byControlPlane = discoveryOf(cluster) === Cluster_DiscoveryType.EDS;
  const name = cluster.edsClusterConfig?.serviceName || cluster.name;
  const assignment = byControlPlane ? configuration.loadAssignment(name) : cluster.loadAssignment;
  return assignment === undefined
    ? []
    : healthyEndpoints(configuration, assignment, byControlPlane ? name : undefined, cluster.name);
}

function healthyEndpoints(
  configuration: Configuration,
  assignment: ClusterLoadAssignment,
  resource: string | undefined,
  cluster: string,
): readonly Endpoint[] {
  const found: { readonly priority: number; readonly endpoint: Endpoint }[] = [];
  for (const [localityIndex, { lbEndpoints, priority }] of assignment.endpoints.entries()) {
    for (const [index, { hostIdentifier, healthStatus, loadBalancingWeight }] of lbEndpoints.entries()) {
      if (healthStatus === HealthStatus.UNHEALTHY || healthStatus === HealthStatus.DRAINING) continue;
      if (hostIdentifier.case !== 'endpoint') continue;
      const address = hostIdentifier.value.address?.address;
      if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') continue;
      const path = `endpoints[${localityIndex}].lbEndpoints[${index}]`;
      const place =
        resource === undefined
          ? configuration.place(CLUSTER_TYPE_URL, cluster, `loadAssignment.${path}`)
          : configuration.place(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, resource, path);
      const endpoint: Endpoint = {
        address: address.value.address,
        port: address.value.portSpecifier.value,
        weight: loadBalancingWeight ?? 1,
        ...(place === undefined ? {} : { place }),
      };
      found.push({ priority, endpoint });
    }
  }
  // Only the first priority that has somebody gets requests.
  const first = Math.min(...found.map(({ priority }) => priority));
  return found.filter(({ priority }) => priority === first).map(({ endpoint }) => endpoint);
}

/** The steps of a leg: its cluster, and who is behind it. */
export function legStep(configuration: Configuration, leg: Leg): readonly Step[] {
  const share = leg.percent === 100 ? '' : ` for ${formatPercent(leg.percent)} of the requests`;
  const origin = configuration.place(CLUSTER_TYPE_URL, leg.cluster);
  const named = leg.place ?? origin;
  const place = named === undefined ? {} : { place: named };
  if (leg.leadsTo === 'no cluster') {
    const reason = `the destination${share} does not exist: no service has this host, port or subset`;
    return [{ step: 'cluster', passed: false, name: leg.cluster, ...place, reason, notes: [], near: [] }];
  }
  const cluster = configuration.cluster(leg.cluster);
  const notes = cluster?.transportSocket === undefined ? [] : ['the proxy speaks TLS to the endpoints'];
  const chosen: Step = {
    step: 'cluster',
    passed: true,
    name: leg.cluster,
    ...place,
    reason: leg.percent === 100 ? 'the only destination' : `it gets ${formatPercent(leg.percent)} of the requests`,
    notes,
    near: [],
  };
  const declared = origin === undefined ? {} : { place: origin };
  switch (leg.leadsTo) {
    case 'original destination':
      return [
        chosen,
        {
          step: 'endpoints',
          passed: true,
          name: '',
          reason: 'the address that the caller connected to',
          notes: [],
          near: [],
        },
      ];
    case 'no healthy endpoint':
      return [
        chosen,
        {
          step: 'endpoints',
          passed: false,
          name: '',
          ...declared,
          reason: 'no workload of the service runs and is ready',
          notes: [],
          near: [],
        },
      ];
    case 'endpoint': {
      const [first] = leg.endpoints;
      return [
        chosen,
        {
          step: 'endpoints',
          passed: true,
          name: leg.endpoints.map(({ address, port }) => `${address}:${port}`).join(', '),
          ...(first?.place === undefined ? {} : { place: first.place }),
          reason:
            leg.endpoints.length === 1
              ? 'the only one'
              : `one of ${leg.endpoints.length}, as the load balancer chooses`,
          notes: leg.endpoints.length === 1 ? [] : endpointNotes(leg.endpoints),
          near: [],
        },
      ];
    }
  }
}

/** Who is behind each address, and how much it gets where that differs. */
function endpointNotes(endpoints: readonly Endpoint[]): readonly string[] {
  const total = endpoints.reduce((sum, { weight }) => sum + weight, 0);
  const even = endpoints.every(({ weight }) => weight === endpoints[0]?.weight);
  const notes = endpoints.slice(0, MAX_NEAR).map(({ address, port, weight, place }) => {
    const share = even ? '' : ` gets ${formatPercent((weight / total) * 100)}`;
    return `${address}:${port}${share}${place === undefined ? '' : `: ${formatRef(place.object)}`}`;
  });
  return endpoints.length > MAX_NEAR ? [...notes, `and ${endpoints.length - MAX_NEAR} more`] : notes;
}

/** `33.3 %`, `10 %`. */
export function formatPercent(percent: number): string {
  return `${Math.round(percent * 10) / 10} %`;
}
