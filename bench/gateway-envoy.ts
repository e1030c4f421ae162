/** One listener, `routes` routes and one cluster as an Envoy bootstrap; the last route matches. */
export function envoyBootstrap(port: number, backendPort: number, routes: number) {
  return { staticResources: { listeners: [benchListener(port, routes)], clusters: [benchCluster(backendPort)] } };
}

/** The listener in Envoy's JSON. */
export function benchListener(port: number, routes: number) {
  const many = Array.from({ length: routes - 1 }, (_, i) => ({
    match: { prefix: `/service-${i}/` },
    route: { cluster: 'backend', timeout: '0s' },
  }));
  return {
    name: 'bench',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typedConfig: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              statPrefix: 'bench',
              useRemoteAddress: true,
              normalizePath: true,
              mergeSlashes: true,
              serverName: 'istio-envoy',
              streamIdleTimeout: '300s',
              accessLog: [
                {
                  name: 'file',
                  typedConfig: {
                    '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
                    path: '/dev/null',
                  },
                },
              ],
              httpFilters: [
                {
                  name: 'envoy.filters.http.router',
                  typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                },
              ],
              routeConfig: {
                name: 'bench',
                virtualHosts: [
                  {
                    name: 'all',
                    domains: ['*'],
                    retryPolicy: { retryOn: 'connect-failure,refused-stream,unavailable,cancelled', numRetries: 2 },
                    routes: [...many, { match: { prefix: '/' }, route: { cluster: 'backend', timeout: '0s' } }],
                  },
                ],
              },
            },
          },
        ],
      },
    ],
  };
}

/** The cluster in Envoy's JSON. */
export function benchCluster(backendPort: number) {
  return {
    name: 'backend',
    type: 'STATIC',
    connectTimeout: '10s',
    lbPolicy: 'LEAST_REQUEST',
    loadAssignment: {
      clusterName: 'backend',
      endpoints: [
        {
          lbEndpoints: [{ endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: backendPort } } } }],
        },
      ],
    },
  };
}
