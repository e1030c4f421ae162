import { HealthStatus } from '@heddle/envoy-api/core';
import type { ClusterLoadAssignment, LbEndpoint } from '@heddle/envoy-api/endpoint';
import type { UpstreamAddress } from '../upstream-transport.ts';
import type { HostHealth } from './host-set.ts';

/** An endpoint as the load assignment states it; a host name still unresolved stays a name. */
export interface ConfiguredEndpoint {
  readonly address: UpstreamAddress;
  /** The endpoint's `hostname`, else its address when that is a name. */
  readonly hostname: string | undefined;
  readonly weight: number;
  readonly health: HostHealth;
  readonly priority: number;
}

/** The endpoints of an `envoy.config.endpoint.v3.ClusterLoadAssignment`; those that cannot be reached become problems. */
export function configuredEndpoints(assignment: ClusterLoadAssignment, problems: string[]): ConfiguredEndpoint[] {
  const endpoints: ConfiguredEndpoint[] = [];
  for (const locality of assignment.endpoints) {
    for (const lbEndpoint of locality.lbEndpoints) {
      const address = addressOf(lbEndpoint, problems);
      if (address === undefined) continue;
      endpoints.push({
        address,
        hostname: hostnameOf(lbEndpoint, address),
        weight: lbEndpoint.loadBalancingWeight ?? 1,
        health: healthOf(lbEndpoint.healthStatus),
        priority: locality.priority,
      });
    }
  }
  return endpoints;
}

function addressOf(lbEndpoint: LbEndpoint, problems: string[]): UpstreamAddress | undefined {
  if (lbEndpoint.hostIdentifier.case !== 'endpoint') {
    problems.push('endpoint_name is not implemented, wanted an endpoint with an address');
    return undefined;
  }
  const address = lbEndpoint.hostIdentifier.value.address?.address;
  if (address?.case !== 'socketAddress' || address.value.portSpecifier.case !== 'portValue') {
    problems.push(`an endpoint has address "${address?.case ?? 'none'}", wanted socket_address with port_value`);
    return undefined;
  }
  return { host: address.value.address, port: address.value.portSpecifier.value };
}

function hostnameOf(lbEndpoint: LbEndpoint, address: UpstreamAddress): string | undefined {
  const given = lbEndpoint.hostIdentifier.case === 'endpoint' ? lbEndpoint.hostIdentifier.value.hostname : '';
  if (given !== '') return given;
  return /^[\d.]+$/.test(address.host) || address.host.includes(':') ? undefined : address.host;
}

// UNKNOWN counts as healthy; DRAINING and TIMEOUT as unhealthy (Envoy, "Health status of an endpoint").
function healthOf(status: HealthStatus): HostHealth {
  switch (status) {
    case HealthStatus.UNKNOWN:
    case HealthStatus.HEALTHY:
      return 'healthy';
    case HealthStatus.DEGRADED:
      return 'degraded';
    default:
      return 'unhealthy';
  }
}
