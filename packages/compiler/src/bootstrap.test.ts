import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { BootstrapSchema } from '@heddle/envoy-api/bootstrap';
import { Cluster_DiscoveryType } from '@heddle/envoy-api/cluster';
import { HttpConnectionManagerSchema } from '@heddle/envoy-api/http-connection-manager';
import { expect, test } from 'vitest';
import { compileFixture } from '../fixtures/compile-fixture.ts';
import { staticBootstrap } from './bootstrap.ts';
import { toEnvoyJson } from './dump.ts';

const node = {
  id: 'router~127.0.0.1~gateway.istio-system~istio-system.svc.cluster.local',
  cluster: 'istio-ingressgateway',
};

test('staticBootstrap: routes and endpoints stand inside, and nothing asks for a control plane', () => {
  const bootstrap = staticBootstrap(compileFixture('canary').resources, {
    node,
    admin: { address: '127.0.0.1', port: 9901 },
  });
  const [listener] = bootstrap.staticResources?.listeners ?? [];
  const config = listener?.filterChains[0]?.filters[0]?.configType;
  const manager = config?.case === 'typedConfig' ? anyUnpack(config.value, HttpConnectionManagerSchema) : undefined;
  expect(manager?.routeSpecifier.case).toBe('routeConfig');
  const clusters = bootstrap.staticResources?.clusters ?? [];
  expect(clusters.map((cluster) => cluster.clusterDiscoveryType.value)).toEqual([
    Cluster_DiscoveryType.STATIC,
    Cluster_DiscoveryType.STATIC,
  ]);
  expect(clusters.map((cluster) => cluster.loadAssignment?.endpoints[0]?.lbEndpoints.length)).toEqual([1, 1]);
  const json = JSON.stringify(toEnvoyJson(BootstrapSchema, bootstrap));
  expect(json).not.toMatch(/"ads"|edsClusterConfig|"rds"/);
  expect(json).toContain('"portValue":9901');
  expect(bootstrap.layeredRuntime?.layers[0]?.layerSpecifier.value).toEqual({
    're2.max_program_size.error_level': 32_768,
  });
});

test('staticBootstrap: names that proxies resolve, and passing through, stay as they are', () => {
  const bootstrap = staticBootstrap(compileFixture('service-entries').resources, { node });
  const types = (bootstrap.staticResources?.clusters ?? []).map(
    ({ clusterDiscoveryType }) => clusterDiscoveryType.value,
  );
  expect(types).toContain(Cluster_DiscoveryType.STRICT_DNS);
  expect(types).toContain(Cluster_DiscoveryType.ORIGINAL_DST);
  expect(types).not.toContain(Cluster_DiscoveryType.EDS);
  expect(bootstrap.admin).toBeUndefined();
});
