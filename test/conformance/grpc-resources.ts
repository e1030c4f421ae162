import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, LISTENER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import { ClusterLoadAssignmentSchema, type LbEndpointSchema } from '@heddle/envoy-api/endpoint';
import { RouterSchema } from '@heddle/envoy-api/extensions/filters/http/router';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { RouteConfigurationSchema } from '@heddle/envoy-api/route';
import { type XdsResource, xdsResource } from '@heddle/model';

// Resources in the shape that gRPC clients understand: gRFC A27 (listeners, routes, clusters, endpoints).

const ADS = { resourceApiVersion: 2, configSourceSpecifier: { case: 'ads', value: {} } } as const;

/** A listener for `xds:///NAME`, with its routes in it or by RDS. */
export function apiListener(
  name: string,
  routes: { readonly toCluster: string } | { readonly byName: string },
): XdsResource {
  const manager = create(HttpConnectionManagerSchema, {
    routeSpecifier:
      'byName' in routes
        ? { case: 'rds', value: { routeConfigName: routes.byName, configSource: ADS } }
        : { case: 'routeConfig', value: routesToCluster(name, routes.toCluster) },
    httpFilters: [
      { name: 'router', configType: { case: 'typedConfig', value: anyPack(RouterSchema, create(RouterSchema)) } },
    ],
  });
  const listener = create(ListenerSchema, {
    name,
    apiListener: { apiListener: anyPack(HttpConnectionManagerSchema, manager) },
  });
  return xdsResource(LISTENER_TYPE_URL, name, toBinary(ListenerSchema, listener));
}

/** Routes for every host. gRPC looks for the virtual host by the name in the target. */
export function allToCluster(name: string, cluster: string): XdsResource {
  const routes = create(RouteConfigurationSchema, routesToCluster(name, cluster));
  return xdsResource(ROUTE_CONFIGURATION_TYPE_URL, name, toBinary(RouteConfigurationSchema, routes));
}

/** Endpoints on 127.0.0.1 in one locality: without locality and weight gRPC leaves them out. */
export function localityEndpoints(name: string, ports: readonly number[]): XdsResource {
  const assignment = create(ClusterLoadAssignmentSchema, {
    clusterName: name,
    endpoints: [
      {
        locality: { region: 'here' },
        loadBalancingWeight: 1,
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
  return xdsResource(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name, toBinary(ClusterLoadAssignmentSchema, assignment));
}

function routesToCluster(name: string, cluster: string): MessageInitShape<typeof RouteConfigurationSchema> {
  return {
    name,
    virtualHosts: [
      {
        name: 'all',
        domains: ['*'],
        routes: [
          {
            match: { pathSpecifier: { case: 'prefix', value: '' } },
            action: { case: 'route', value: { clusterSpecifier: { case: 'cluster', value: cluster } } },
          },
        ],
      },
    ],
  };
}
