import { parseObject } from '@heddle/api';
import { type AnyMeshObject, MeshSnapshot } from '@heddle/model';
import { expect, test } from 'vitest';
import { serviceVariables } from './service-variables.ts';
import { calledPorts } from './sidecar-ports.ts';

const service = (name: string, namespace: string, spec: object) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec,
});

const objects = [
  service('book-ratings', 'shop', {
    ports: [
      { name: 'grpc-web', port: 9090 },
      { name: 'http', port: 80 },
    ],
  }),
  service('pods', 'shop', { clusterIP: 'None', ports: [{ name: 'http', port: 81 }] }),
  service('elsewhere', 'other', { ports: [{ port: 82 }] }),
  service('later', 'shop', { ports: [{ port: 83 }] }),
  {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: 'news', namespace: 'shop' },
    spec: { hosts: ['news.example'], ports: [{ number: 84, name: 'http', protocol: 'HTTP' }], resolution: 'DNS' },
  },
];
const snapshot = MeshSnapshot.of(objects.map((object) => ({ object: parseObject(object).object as AnyMeshObject })));

test('serviceVariables names the services of the namespace as Kubernetes does, at the ports of the sidecar', () => {
  const bound = new Map([
    [9090, 40001],
    [80, 40002],
    [81, 40003],
    [82, 40004],
  ]);
  expect(serviceVariables(snapshot, 'shop', '127.0.0.1', (port) => bound.get(port))).toEqual({
    BOOK_RATINGS_SERVICE_HOST: '127.0.0.1',
    BOOK_RATINGS_SERVICE_PORT: '40001',
    BOOK_RATINGS_SERVICE_PORT_GRPC_WEB: '40001',
    BOOK_RATINGS_SERVICE_PORT_HTTP: '40002',
  });
});

test('calledPorts lists the ports of Services and ServiceEntries of every namespace', () => {
  expect(calledPorts(snapshot)).toEqual(new Set([80, 81, 82, 83, 84, 9090]));
});
