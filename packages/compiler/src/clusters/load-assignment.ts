import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL } from '@heddle/envoy-api';
import { HealthStatus } from '@heddle/envoy-api/core';
import { ClusterLoadAssignmentSchema } from '@heddle/envoy-api/endpoint';
import { compareText, type Diagnostic, type Origin, selectsLabels, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Memo } from '../memo.ts';
import type { EndpointsResult, ServiceEndpoint } from '../registry/endpoints.ts';

type Labels = Readonly<Record<string, string>>;

/** The endpoints of a cluster as a resource; `labels` are those of its subset. Present even if there are none. */
export function buildLoadAssignment(
  _memo: Memo,
  result: EndpointsResult,
  clusterName: string,
  labels: Labels | undefined,
): CompiledResource {
  const endpoints = subsetEndpoints(result.endpoints, labels);
  const message = create(ClusterLoadAssignmentSchema, loadAssignment(clusterName, endpoints));
  const bytes = toBinary(ClusterLoadAssignmentSchema, message);
  const provenance = (): ReadonlyMap<string, Origin> =>
    new Map(
      endpoints.map((endpoint, index) => [
        `endpoints[0].lbEndpoints[${index}]`,
        { resource: endpoint.ref, path: [] } satisfies Origin,
      ]),
    );
  const diagnostics: readonly Diagnostic[] = result.diagnostics;
  return { resource: xdsResource(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, clusterName, bytes), diagnostics, provenance };
}

/** The message: one locality, whose weight is that of its endpoints together, as Istio has it. */
export function loadAssignment(
  clusterName: string,
  endpoints: readonly ServiceEndpoint[],
): MessageInitShape<typeof ClusterLoadAssignmentSchema> {
  if (endpoints.length === 0) return { clusterName };
  return {
    clusterName,
    endpoints: [
      {
        locality: {},
        loadBalancingWeight: endpoints.reduce((sum, endpoint) => sum + endpoint.weight, 0),
        lbEndpoints: endpoints.map(({ address, port, weight }) => ({
          hostIdentifier: {
            case: 'endpoint',
            value: {
              address: {
                address: {
                  case: 'socketAddress',
                  value: { address, portSpecifier: { case: 'portValue', value: port } },
                },
              },
            },
          },
          healthStatus: HealthStatus.HEALTHY,
          loadBalancingWeight: weight,
        })),
      },
    ],
  };
}

/**
 * The endpoints with these labels in a fixed order, each address and port once: Envoy counts a repeated endpoint twice in some policies
 * and once in others.
 */
export function subsetEndpoints(
  endpoints: readonly ServiceEndpoint[],
  labels: Labels | undefined,
): readonly ServiceEndpoint[] {
  const byAddress = new Map<string, ServiceEndpoint>();
  for (const endpoint of endpoints) {
    if (!selectsLabels(labels, endpoint.labels)) continue;
    const key = `${endpoint.address} ${endpoint.port}`;
    if (!byAddress.has(key)) byAddress.set(key, endpoint);
  }
  return [...byAddress.values()].sort((a, b) => compareText(a.address, b.address) || a.port - b.port);
}
