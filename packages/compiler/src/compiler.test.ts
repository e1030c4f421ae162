import { CLUSTER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL } from '@heddle/envoy-api';
import { type AnyMeshObject, MeshSnapshot, viewOf } from '@heddle/model';
import { expect, test } from 'vitest';
import { createCompiler } from './compiler.ts';

const objects = [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80 }] },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name: 'front', namespace: 'shop' },
    spec: {
      selector: { istio: 'ingressgateway' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
    },
  },
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { hosts: ['*'], gateways: ['front'], http: [{ route: [{ destination: { host: 'web' } }] }] },
  },
] as unknown as readonly AnyMeshObject[];

test('compile: a gateway gets one cluster for the service its route leads to', () => {
  const snapshot = MeshSnapshot.of(objects.map((object) => ({ object })));
  const compiler = createCompiler();
  const view = viewOf(
    {
      id: 'router~127.0.0.1~gateway.istio-system~istio-system.svc.cluster.local',
      type: 'router',
      ip: '127.0.0.1',
      name: 'gateway',
      namespace: 'istio-system',
      dnsDomain: 'istio-system.svc.cluster.local',
      labels: { istio: 'ingressgateway' },
      capabilities: { dataPlane: 'envoy', minor: 40 },
    },
    compiler.selectorKeys(snapshot),
  );
  const compiled = compiler.compile(snapshot, view);
  expect([...(compiled.resources.get(CLUSTER_TYPE_URL)?.keys() ?? [])]).toEqual([
    'outbound|80||web.shop.svc.cluster.local',
  ]);
  expect([...(compiled.resources.get(ROUTE_CONFIGURATION_TYPE_URL)?.keys() ?? [])]).toEqual(['http.80']);
  expect(compiler.compile(snapshot, view)).toBe(compiled);
});
