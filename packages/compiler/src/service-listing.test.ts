import { type AnyMeshObject, MeshSnapshot } from '@heddle/model';
import { expect, test } from 'vitest';
import { createCompiler } from './compiler.ts';

const pod = (name: string, ready: boolean, labels: Record<string, string> = { app: 'cart' }): AnyMeshObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop', labels },
  spec: { containers: [{ name: 'web', ports: [{ name: 'web', containerPort: 8080 }] }] },
  status: { podIP: `10.0.0.${name.length}`, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

const service: AnyMeshObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'cart', namespace: 'shop' },
  spec: {
    clusterIP: '10.96.0.1',
    selector: { app: 'cart' },
    ports: [
      { name: 'http', port: 80, targetPort: 'web' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  },
};

const entry: AnyMeshObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'ServiceEntry',
  metadata: { name: 'payments', namespace: 'shop' },
  spec: {
    hosts: ['pay.example.com'],
    ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
    resolution: 'STATIC',
    endpoints: [{ address: '192.0.2.1' }, { address: '192.0.2.2', ports: { tls: 8443 } }],
  },
};

test('services: lists each host with its ports, endpoints and workloads that are not ready', () => {
  const objects = [service, entry, pod('a', true), pod('bb', false), pod('ccc', true, { app: 'other' })];
  const services = createCompiler().services(MeshSnapshot.of(objects.map((object) => ({ object }))));
  expect(services).toMatchObject([
    {
      host: 'cart.shop.svc.cluster.local',
      name: 'cart',
      namespace: 'shop',
      addresses: ['10.96.0.1'],
      resolution: 'endpoints',
      declaredBy: [{ kind: 'Service', name: 'cart' }],
      ports: [
        {
          number: 80,
          name: 'http',
          protocol: 'http',
          endpoints: [{ address: '10.0.0.1', port: 8080, ref: { kind: 'Pod', name: 'a' } }],
          notReady: [{ kind: 'Pod', namespace: 'shop', name: 'bb' }],
        },
      ],
    },
    {
      host: 'pay.example.com',
      ports: [
        {
          number: 443,
          endpoints: [
            { address: '192.0.2.1', port: 443 },
            { address: '192.0.2.2', port: 8443 },
          ],
          notReady: [],
        },
      ],
    },
  ]);
  expect(services[0]?.ports).toHaveLength(1);
});
