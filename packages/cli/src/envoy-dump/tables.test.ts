import type { JsonValue } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { readDump } from './read-dump.ts';
import { dumpTable } from './tables.ts';

const HCM = 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const TCP = 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy';
const istio = (kind: string, name: string) => ({
  filterMetadata: { istio: { config: `/apis/networking.istio.io/v1/namespaces/shop/${kind}/${name}` } },
});
const filter = (type: string, config: object) => [{ name: 'x', typedConfig: { '@type': type, ...config } }];

const listeners = {
  '@type': 'type.googleapis.com/envoy.admin.v3.ListenersConfigDump',
  staticListeners: [
    { listener: { name: 'probe', address: { socketAddress: { address: '0.0.0.0', portValue: 15021 } } } },
  ],
  dynamicListeners: [
    {
      name: 'tcp',
      warmingState: {
        listener: {
          name: 'tcp',
          address: { socketAddress: { address: '10.0.0.1', portValue: 9000 } },
          additionalAddresses: [{ address: { socketAddress: { address: '::1', portValue: 9000 } } }],
          filterChains: [
            {
              filterChainMatch: { serverNames: ['a.com', 'b.com'], transportProtocol: 'tls' },
              filters: filter(TCP, { cluster: 'outbound|9000||db.shop.svc' }),
            },
            {
              filterChainMatch: {
                prefixRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }],
                destinationPort: 80,
                applicationProtocols: ['http/1.1', 'http/1.0', 'h2c'],
              },
              filters: filter(TCP, { weightedClusters: { clusters: [{ name: 'a|b' }, { name: 'c|d' }] } }),
            },
          ],
          defaultFilterChain: { filters: filter(TCP, { cluster: 'PassthroughCluster' }) },
        },
      },
    },
    {
      name: 'web',
      activeState: {
        listener: {
          name: 'web',
          address: { socketAddress: { address: '0.0.0.0', portValue: 80 } },
          filterChains: [{ filters: filter(HCM, { rds: { routeConfigName: 'http.80' } }) }],
        },
      },
    },
    {
      name: 'inline',
      activeState: {
        listener: {
          name: 'inline',
          address: { socketAddress: { address: '0.0.0.0', portValue: 8080 } },
          filterChains: [
            {
              filters: filter(HCM, {
                routeConfig: {
                  virtualHosts: [{ domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'x' } }] }],
                },
              }),
            },
            {
              filters: filter(HCM, {
                routeConfig: {
                  virtualHosts: [
                    {
                      domains: ['a', 'b'],
                      routes: [{ match: { path: '/x' } }, { match: { safeRegex: { regex: 'r' } } }],
                    },
                  ],
                },
              }),
            },
          ],
        },
      },
      errorState: { details: 'refused' },
    },
  ],
};

const routes = {
  '@type': 'type.googleapis.com/envoy.admin.v3.RoutesConfigDump',
  dynamicRouteConfigs: [
    {
      routeConfig: {
        name: 'http.80',
        virtualHosts: [
          {
            name: 'cart:80',
            domains: ['cart', 'cart.shop', 'cart.shop.svc'],
            routes: [
              {
                match: { prefix: '/a', headers: [{ name: 'end-user' }], queryParameters: [{ name: 'q' }] },
                metadata: istio('virtual-service', 'cart'),
              },
              { match: { prefix: '/' }, directResponse: { status: 404 } },
            ],
          },
          { name: 'none', domains: ['*'] },
        ],
      },
    },
    { routeConfig: { name: '80', virtualHosts: [] } },
    { routeConfig: { name: '9', virtualHosts: [] } },
  ],
};

const clusters = {
  '@type': 'type.googleapis.com/envoy.admin.v3.ClustersConfigDump',
  staticClusters: [{ cluster: { name: 'xds-grpc', type: 'STRICT_DNS' } }],
  dynamicActiveClusters: [
    { cluster: { name: 'outbound|80|v1|cart.shop.svc', type: 'EDS', metadata: istio('destination-rule', 'cart') } },
    { cluster: { name: 'custom', clusterType: { name: 'envoy.clusters.dns' } } },
  ],
  dynamicWarmingClusters: [{ cluster: { name: 'inbound|8080||' } }],
};

const endpoints = {
  '@type': 'type.googleapis.com/envoy.admin.v3.EndpointsConfigDump',
  staticEndpointConfigs: [
    {
      endpointConfig: {
        clusterName: 'pipe',
        endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path: '/run/x' } } } }] }],
      },
    },
  ],
  dynamicEndpointConfigs: [
    {
      endpointConfig: {
        clusterName: 'a',
        endpoints: [
          {
            locality: { region: 'eu', zone: 'eu-1' },
            lbEndpoints: [
              {
                endpoint: { address: { socketAddress: { address: '10.0.0.9', portValue: 80 } } },
                healthStatus: 'UNKNOWN',
              },
              {
                endpoint: { address: { socketAddress: { address: 'fd00::1', portValue: 80 } } },
                healthStatus: 'DRAINING',
              },
            ],
          },
        ],
      },
    },
    { endpointConfig: { clusterName: 'empty' } },
  ],
};

const extension = (name: string, typedConfig: object) => ({ ecdsFilter: { name, typedConfig } });
const wasm = (config: object) => ({ '@type': 'x/envoy.extensions.filters.http.wasm.v3.Wasm', config });
const extensions = {
  '@type': 'type.googleapis.com/envoy.admin.v3.EcdsConfigDump',
  ecdsFilters: [
    extension('remote', wasm({ vmConfig: { code: { remote: { httpUri: { uri: 'http://m' } } } } })),
    extension(
      'file',
      wasm({ rootId: 'second', failurePolicy: 'FAIL_OPEN', vmConfig: { code: { local: { filename: '/a.wasm' } } } }),
    ),
    extension('inline', wasm({ vmConfig: { code: { local: { inlineBytes: 'AGFzbQ==' } } } })),
    extension('other', { '@type': 'x/some.Filter' }),
    { ...extension('bad', wasm({})), errorState: { details: 'no vm' } },
  ],
};

/** The same in the spelling of Envoy's admin interface. */
function snakeCase(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key.startsWith('@') ? key : key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(one),
    ]),
  );
}

const ours = {
  configs: [clusters, { '@type': 'x.BootstrapConfigDump' }, listeners, routes, endpoints, extensions],
} as JsonValue;

describe.each([
  ['protobuf JSON', ours],
  ["Envoy's JSON", snakeCase(ours)],
])('dumpTable: %s', (_, json) => {
  const dump = readDump(json);
  const cells = (type: Parameters<typeof dumpTable>[1]) =>
    dumpTable(dump as NonNullable<typeof dump>, type)
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {5,}/));

  test('listeners by port, a line for each filter chain', () => {
    expect(cells('listener')).toEqual([
      ['ADDRESSES', 'PORT', 'MATCH', 'DESTINATION'],
      ['0.0.0.0', '80', 'ALL', 'Route: http.80'],
      ['0.0.0.0', '8080', 'ALL', 'Cluster: x'],
      ['0.0.0.0', '8080', 'ALL', 'Inline Route: a/b /x, regex r'],
      ['10.0.0.1,::1', '9000', 'SNI: a.com,b.com; Trans: tls', 'Cluster: outbound|9000||db.shop.svc'],
      ['10.0.0.1,::1', '9000', 'App: HTTP; Addr: 10.0.0.0/8:80', 'Cluster: a|b, c|d'],
      ['10.0.0.1,::1', '9000', 'ALL', 'PassthroughCluster'],
      ['0.0.0.0', '15021', 'ALL', 'nothing'],
    ]);
  });

  test('routes by name, a line for each route', () => {
    expect(cells('route')).toEqual([
      ['NAME', 'VHOST NAME', 'DOMAINS', 'MATCH', 'VIRTUAL SERVICE'],
      ['9', '-', '-', '-'],
      ['80', '-', '-', '-'],
      ['http.80', 'cart:80', 'cart, cart.shop + 1 more...', '/a* header end-user query q', 'cart.shop'],
      ['http.80', 'cart:80', 'cart, cart.shop + 1 more...', '/*', '404'],
      ['http.80', 'none', '*', '-', '404'],
    ]);
  });

  test('clusters by host', () => {
    expect(cells('cluster')).toEqual([
      ['SERVICE FQDN', 'PORT', 'SUBSET', 'DIRECTION', 'TYPE', 'DESTINATION RULE'],
      ['', '8080', '-', 'inbound', 'STATIC'],
      ['cart.shop.svc', '80', 'v1', 'outbound', 'EDS', 'cart.shop'],
      ['custom', '-', '-', '-', 'envoy.clusters.dns'],
      ['xds-grpc', '-', '-', '-', 'STRICT_DNS'],
    ]);
  });

  test('endpoints by cluster', () => {
    expect(cells('endpoint')).toEqual([
      ['ENDPOINT', 'STATUS', 'LOCALITY', 'CLUSTER'],
      ['10.0.0.9:80', 'HEALTHY', 'eu/eu-1', 'a'],
      ['[fd00::1]:80', 'DRAINING', 'eu/eu-1', 'a'],
      ['-', 'NO ENDPOINTS', 'empty'],
      ['/run/x', 'HEALTHY', 'pipe'],
    ]);
  });

  test('configurations of filters by name', () => {
    expect(cells('ecds')).toEqual([
      ['ECDS NAME', 'TYPE', 'MODULE', 'PLUGIN', 'WHEN IT FAILS'],
      ['bad', 'Wasm', '-', '-', 'FAIL_CLOSED'],
      ['file', 'Wasm', '/a.wasm', 'second', 'FAIL_OPEN'],
      ['inline', 'Wasm', 'inline', '-', 'FAIL_CLOSED'],
      ['other', 'Filter', '-', '-', '-'],
      ['remote', 'Wasm', 'http://m', '-', 'FAIL_CLOSED'],
    ]);
    expect(dump?.ecds.find(({ name }) => name === 'bad')).toMatchObject({ error: 'no vm' });
  });

  test('what was rejected keeps its reason', () => {
    expect(dump?.listener.find(({ error }) => error !== undefined)).toMatchObject({ name: 'inline', error: 'refused' });
  });
});

test.each([[null], [[]], [{}], [{ configs: 1 }], ['text']])('readDump: %j is no dump', (value) => {
  expect(readDump(value as JsonValue)).toBeUndefined();
});
