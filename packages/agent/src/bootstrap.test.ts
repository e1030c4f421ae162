import { create, fromJson } from '@bufbuild/protobuf';
import { loadRegistry } from '@heddle/envoy-api';
import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { TransportSocketSchema } from '@heddle/envoy-api/core';
import { describe, expect, test } from 'vitest';
import { type BootstrapOptions, bootstrapToJson, buildBootstrap, parseAddress } from './bootstrap.ts';

const node = { id: 'sidecar~10.0.0.1~cart-1.shop~shop.svc.cluster.local' };

/** The value at a path such as `admin/address`, with numbers as list positions. */
function at(value: unknown, path: string): unknown {
  return path.split('/').reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key], value);
}

describe('buildBootstrap', () => {
  const ads = { adsAddress: '127.0.0.1:15010' };
  const cluster = 'static_resources/clusters/0';
  const cases: [string, Partial<BootstrapOptions>, string, unknown][] = [
    ['the node id', {}, 'node/id', node.id],
    ['the id as cluster', {}, 'node/cluster', node.id],
    ['a cluster', { node: { ...node, cluster: 'cart.shop' } }, 'node/cluster', 'cart.shop'],
    [
      'metadata',
      { node: { ...node, metadata: { LABELS: { app: 'cart' } } } },
      'node/metadata',
      { LABELS: { app: 'cart' } },
    ],
    [
      'a locality',
      { node: { ...node, locality: { region: 'r', zone: 'z', subZone: '' } } },
      'node/locality',
      { region: 'r', zone: 'z' },
    ],
    [
      'an admin interface on a free port of loopback',
      {},
      'admin',
      { address: { socket_address: { address: '127.0.0.1', port_value: 0 } }, ignore_global_conn_limit: true },
    ],
    [
      'an admin port',
      { adminAddress: '[::1]:9901' },
      'admin/address/socket_address',
      { address: '::1', port_value: 9901 },
    ],
    ['an admin socket', { adminPath: '/run/admin.sock' }, 'admin/address', { pipe: { path: '/run/admin.sock' } }],
    [
      'a limit on connections',
      { maxDownstreamConnections: 7 },
      'overload_manager/resource_monitors/0/typed_config/max_active_downstream_connections',
      '7',
    ],
    ['runtime values', { runtime: { a: 1 } }, 'layered_runtime/layers/0/static_layer/a', 1],
    [
      'room for regular expressions',
      {},
      'layered_runtime/layers/0/static_layer',
      { 're2.max_program_size.error_level': 32_768 },
    ],
    ['no discovery', {}, 'dynamic_resources', undefined],
    [
      'static resources',
      { staticResources: { clusters: [{ name: 'own' }] } },
      'static_resources/clusters',
      [{ name: 'own' }],
    ],
    [
      'delta ADS',
      ads,
      'dynamic_resources/ads_config',
      {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [
          {
            envoy_grpc: {
              cluster_name: 'xds-grpc',
              retry_policy: { retry_back_off: { base_interval: '0.100s', max_interval: '5s' } },
            },
          },
        ],
      },
    ],
    ['a time limit for connecting', ads, `${cluster}/connect_timeout`, '1s'],
    [
      'TCP keep-alive',
      ads,
      `${cluster}/upstream_connection_options/tcp_keepalive`,
      { keepalive_time: 30, keepalive_interval: 10, keepalive_probes: 3 },
    ],
    ['state-of-the-world ADS', { ...ads, delta: false }, 'dynamic_resources/ads_config/api_type', 'GRPC'],
    [
      'the control plane as a cluster',
      ads,
      'dynamic_resources/ads_config/grpc_services/0/envoy_grpc/cluster_name',
      'xds-grpc',
    ],
    [
      'listeners over ADS, waited for without end',
      ads,
      'dynamic_resources/lds_config',
      { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' },
    ],
    [
      'clusters over ADS, waited for a while',
      { ...ads, initialFetchTimeoutMs: 1500 },
      'dynamic_resources/cds_config/initial_fetch_timeout',
      '1.500s',
    ],
    [
      'an address of the control plane',
      ads,
      `${cluster}/load_assignment/endpoints/0/lb_endpoints/0/endpoint/address/socket_address/port_value`,
      15010,
    ],
    ['a fixed address as it is', ads, `${cluster}/type`, 'STATIC'],
    ['a name resolved', { adsAddress: 'istiod.istio-system.svc:15010' }, `${cluster}/type`, 'STRICT_DNS'],
    ['a Unix socket as it is', { adsAddress: 'unix:/run/xds.sock' }, `${cluster}/type`, 'STATIC'],
    [
      'keep-alive pings',
      ads,
      `${cluster}/typed_extension_protocol_options/envoy.extensions.upstreams.http.v3.HttpProtocolOptions` +
        '/explicit_http_config/http2_protocol_options/connection_keepalive',
      { interval: '30s', timeout: '10s' },
    ],
    [
      'TLS',
      { ...ads, adsTransportSocket: create(TransportSocketSchema, { name: 'envoy.transport_sockets.tls' }) },
      `${cluster}/transport_socket/name`,
      'envoy.transport_sockets.tls',
    ],
    [
      'labels of metrics',
      { statsTags: [{ tag_name: 'code', regex: '(code=(.*?);)' }] },
      'stats_config/stats_tags/0',
      { tag_name: 'code', regex: '(code=(.*?);)' },
    ],
  ];

  test.each(cases)('has %s', async (_, options, path, expected) => {
    const json = await bootstrapToJson(buildBootstrap({ node, ...options }));
    expect(at(json, path)).toEqual(expected);
  });

  test('prints what parses to the same', async () => {
    const bootstrap = buildBootstrap({ node, ...ads, runtime: { a: { b: 'c' } } });
    const json = await bootstrapToJson(bootstrap);
    expect(fromJson(BootstrapSchema, json, { registry: await loadRegistry() })).toEqual(bootstrap);
  });

  test('keeps own clusters beside that of the control plane', () => {
    const bootstrap = buildBootstrap({ node, ...ads, staticResources: { clusters: [{ name: 'own' }] } });
    expect(bootstrap.staticResources?.clusters.map(({ name }) => name)).toEqual(['own', 'xds-grpc']);
  });
});

describe('parseAddress', () => {
  test.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['[::1]:0', '::1', 0],
    ['localhost:65535', 'localhost', 65_535],
  ])('%s', (text, address, port) => {
    const value = { address, portSpecifier: { case: 'portValue', value: port } };
    expect(parseAddress(text).address).toMatchObject({ case: 'socketAddress', value });
  });

  test.each([
    '',
    '127.0.0.1',
    ':80',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '::1:80',
    '[::1]',
    '[name]:80',
    'a b:c',
    'unix:',
    '1:-1',
  ])('refuses "%s"', (text) => {
    expect(() => parseAddress(text)).toThrow(`Cannot parse address "${text}"`);
  });
});
