import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '@heddle/envoy-api';
import { Cluster_DiscoveryType, ClusterSchema } from '@heddle/envoy-api/cluster';
import { ClusterLoadAssignmentSchema, type LbEndpointSchema } from '@heddle/envoy-api/endpoint';
import { RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { RouteConfigurationSchema, type RouteSchema } from '@heddle/envoy-api/route';
import { type CompiledView, type ResourceSet, type XdsResource, xdsResource } from '@heddle/model';

/** Configuration source of everything here: the same aggregated stream. */
const ADS = {
  resourceApiVersion: 2,
  configSourceSpecifier: { case: 'ads', value: {} },
  initialFetchTimeout: { seconds: 2n },
} as const;

function encode<Schema extends DescMessage>(
  typeUrl: string,
  name: string,
  schema: Schema,
  message: MessageInitShape<Schema>,
): XdsResource {
  return xdsResource(typeUrl, name, toBinary(schema, create(schema, message)));
}

/** A cluster whose endpoints come by EDS. */
export function cluster(name: string, connectTimeoutSeconds = 1n): XdsResource {
  return encode(CLUSTER_TYPE_URL, name, ClusterSchema, {
    name,
    connectTimeout: { seconds: connectTimeoutSeconds },
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
    edsClusterConfig: { edsConfig: ADS },
  });
}

/** Endpoints on 127.0.0.1. */
export function endpoints(name: string, ports: readonly number[]): XdsResource {
  return encode(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name, ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: [
      {
        lbEndpoints: ports.map(
          (portValue): MessageInitShape<typeof LbEndpointSchema> => ({
            hostIdentifier: {
              case: 'endpoint',
              value: {
                address: {
                  address: {
                    case: 'socketAddress',
                    value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: portValue } },
                  },
                },
              },
            },
          }),
        ),
      },
    ],
  });
}

/** A listener on 127.0.0.1 whose routes come by RDS. */
export function listener(name: string, port: number, routeConfigName: string): XdsResource {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: name,
    routeSpecifier: { case: 'rds', value: { routeConfigName, configSource: ADS } },
    httpFilters: [
      {
        name: 'envoy.filters.http.router',
        configType: { case: 'typedConfig', value: anyPack(RouterSchema, create(RouterSchema)) },
      },
    ],
  });
  return encode(LISTENER_TYPE_URL, name, ListenerSchema, {
    name,
    address: {
      address: {
        case: 'socketAddress',
        value: { address: '127.0.0.1', portSpecifier: { case: 'portValue', value: port } },
      },
    },
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            configType: { case: 'typedConfig', value: anyPack(HttpConnectionManagerSchema, manager) },
          },
        ],
      },
    ],
  });
}

/** Routes by path prefix to clusters. */
export function routes(name: string, byPrefix: Readonly<Record<string, string>>): XdsResource {
  return encode(ROUTE_CONFIGURATION_TYPE_URL, name, RouteConfigurationSchema, {
    name,
    virtualHosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: Object.entries(byPrefix).map(
          ([prefix, value]): MessageInitShape<typeof RouteSchema> => ({
            match: { pathSpecifier: { case: 'prefix', value: prefix } },
            action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value } } },
          }),
        ),
      },
    ],
  });
}

/** What a view offers: the resources, sorted into their types. */
export function viewOffering(resources: readonly XdsResource[]): CompiledView {
  const byType = new Map<string, Map<string, XdsResource>>();
  for (const resource of resources) {
    const names = byType.get(resource.typeUrl) ?? new Map<string, XdsResource>();
    byType.set(resource.typeUrl, names.set(resource.name, resource));
  }
  return { resources: byType satisfies ResourceSet, diagnostics: [], provenance: () => undefined };
}
