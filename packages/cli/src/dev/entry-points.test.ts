import { parseObject } from '@heddle/api';
import { type AnyMeshObject, MeshSnapshot } from '@heddle/model';
import { expect, test } from 'vitest';
import { INGRESS_LABELS } from './data-plane.ts';
import { entryPoints } from './entry-points.ts';

const istio = (kind: string, name: string, spec: object) => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name, namespace: 'shop' },
  spec,
});
const server = (number: number, protocol: string, tls?: object) => ({
  port: { number, name: `p${number}`, protocol },
  hosts: ['shop.example'],
  ...(tls === undefined ? {} : { tls }),
});

test('entryPoints lists the servers that anybody may speak HTTP or HTTPS with', () => {
  const objects = [
    istio('Gateway', 'door', {
      selector: { istio: 'ingressgateway' },
      servers: [
        server(80, 'HTTP'),
        server(443, 'HTTPS', { mode: 'SIMPLE', credentialName: 'shop' }),
        server(444, 'HTTPS', { mode: 'MUTUAL', credentialName: 'shop' }),
        server(445, 'TLS', { mode: 'PASSTHROUGH' }),
        server(446, 'TCP'),
      ],
    }),
    istio('Gateway', 'elsewhere', { selector: { istio: 'egressgateway' }, servers: [server(81, 'HTTP')] }),
    istio('VirtualService', 'front', {
      hosts: ['*'],
      gateways: ['door', 'elsewhere'],
      http: [{ match: [{ uri: { prefix: '/books' } }], route: [{ destination: { host: 'front' } }] }],
    }),
  ];
  const snapshot = MeshSnapshot.of(objects.map((object) => ({ object: parseObject(object).object as AnyMeshObject })));
  const leadsTo = 'door/front → front';
  expect(entryPoints(snapshot, INGRESS_LABELS)).toEqual([
    { port: 80, tls: false, host: 'shop.example', path: '/books', leadsTo },
    { port: 443, tls: true, host: 'shop.example', path: '/books', leadsTo },
  ]);
});
