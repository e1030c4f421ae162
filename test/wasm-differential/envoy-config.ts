import type { JsonObject } from '@bufbuild/protobuf';

const WASM = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

/** A cluster that speaks HTTP/2 to a port of this machine; without a port it has no endpoints. */
export function cluster(name: string, port?: number): JsonObject {
  const endpoint = { endpoint: { address: { socketAddress: { address: '127.0.0.1', portValue: port ?? 0 } } } };
  return {
    name,
    type: 'STATIC',
    connectTimeout: '1s',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
    loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: port === undefined ? [] : [endpoint] }] },
  };
}

/** A listener whose requests pass the probe on their way to the cluster "upstream". */
export function listener(name: string, port: number, config: JsonObject): JsonObject {
  const filters = [
    {
      name: 'probe',
      typedConfig: {
        '@type': WASM,
        config,
      },
    },
    {
      name: 'router',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
        suppressEnvoyHeaders: true,
      },
    },
  ];
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    statPrefix: name,
    codecType: 'HTTP2',
    generateRequestId: false,
    serverHeaderTransformation: 'PASS_THROUGH',
    httpFilters: filters,
    routeConfig: {
      name: 'routes',
      virtualHosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [{ name: 'the-route', match: { prefix: '/' }, route: { cluster: 'upstream' } }],
        },
      ],
    },
  };
  return {
    name,
    trafficDirection: 'INBOUND',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [
      { name: 'the-chain', filters: [{ name: 'envoy.filters.network.http_connection_manager', typedConfig: manager }] },
    ],
  };
}

/** What all listeners have in common: see `envoy.extensions.wasm.v3.PluginConfig`. */
export function pluginConfig(vmId: string, wasm: Uint8Array, plans: string): JsonObject {
  const text = (value: string) => ({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value });
  return {
    name: 'probe',
    rootId: 'probe-root',
    configuration: text('the plugin configuration'),
    vmConfig: {
      vmId,
      runtime: 'envoy.wasm.runtime.v8',
      code: { local: { inlineBytes: Buffer.from(wasm).toString('base64') } },
      configuration: text(plans),
      environmentVariables: { keyValues: { PROBE: 'yes' } },
    },
  };
}

/** A listener whose connections pass the probe on their way to the cluster "tcp". */
export function tcpListener(port: number, config: JsonObject): JsonObject {
  const filters = [
    {
      name: 'probe',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.wasm.v3.Wasm',
        config,
      },
    },
    {
      name: 'envoy.filters.network.tcp_proxy',
      typedConfig: {
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
        statPrefix: 'tcp',
        cluster: 'tcp',
      },
    },
  ];
  return {
    name: 'tcp',
    trafficDirection: 'INBOUND',
    address: { socketAddress: { address: '127.0.0.1', portValue: port } },
    filterChains: [{ name: 'the-chain', filters }],
  };
}
