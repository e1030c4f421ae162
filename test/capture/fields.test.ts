/*
 * Fields that only sidecars with redirections obey, so that the cases of test/parity cannot notice their absence: deleting any of them
 * must change what such a sidecar is sent. What Envoy then does is in capture.test.ts.
 */
import { parseObject, supportedFields } from '@heddle/api';
import { createCompiler } from '@heddle/compiler';
import { dump } from '@heddle/compiler/dump';
import { MeshSnapshot, viewOf } from '@heddle/model';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { deleteField } from '../parity/delete-field.ts';
import type { CaseObject } from '../parity/parity-case.ts';

const OBJECTS = parseAllDocuments(`
apiVersion: v1
kind: Service
metadata: { name: one, namespace: shop }
spec:
  clusterIP: 10.96.0.1
  selector: { app: one }
  ports: [{ name: tcp, port: 9000 }, { name: tcp-more, port: 9001 }, { name: tls, port: 443 }, { name: tls-more, port: 444 }, { name: any, port: 7000 }]
---
apiVersion: v1
kind: Service
metadata: { name: two, namespace: shop }
spec: { clusterIP: 10.96.0.2, selector: { app: two }, ports: [{ name: tcp, port: 9000 }, { name: tls, port: 443 }] }
---
apiVersion: v1
kind: Service
metadata: { name: three, namespace: shop }
spec: { clusterIP: 10.96.0.3, selector: { app: two }, ports: [{ name: tcp, port: 9100 }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: three, namespace: shop }
spec: { host: three, subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: one, namespace: shop }
spec:
  hosts: [one, a.test, b.test]
  gateways: [mesh, edge]
  tcp:
    - match: [{ port: 9001, sourceLabels: { app: other } }, { port: 9001, sourceNamespace: elsewhere }, { port: 9001, gateways: [edge] }]
      route: [{ destination: { host: three } }]
    - match: [{ port: 9000, destinationSubnets: [10.0.0.0/8] }]
      route: [{ destination: { host: two, port: { number: 443 } } }]
    - match: [{ port: 9000 }]
      route:
        - { destination: { host: three, subset: v1 }, weight: 30 }
        - { destination: { host: three, subset: v2 }, weight: 70 }
  tls:
    - match: [{ port: 444, sniHosts: [a.test], sourceLabels: { app: other } }]
      route: [{ destination: { host: two, port: { number: 443 } } }]
    - match: [{ port: 444, sniHosts: [a.test], sourceNamespace: elsewhere }]
      route: [{ destination: { host: two, port: { number: 443 } } }]
    - match: [{ port: 444, sniHosts: [a.test], gateways: [edge] }]
      route: [{ destination: { host: two, port: { number: 443 } } }]
    - match: [{ port: 443, sniHosts: [a.test], destinationSubnets: [10.0.0.0/8] }]
      route: [{ destination: { host: two, port: { number: 9000 } } }]
    - match: [{ port: 443, sniHosts: [b.test] }]
      route:
        - { destination: { host: three, subset: v1 }, weight: 30 }
        - { destination: { host: three, subset: v2 }, weight: 70 }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: shop }
spec: { outboundTrafficPolicy: { mode: REGISTRY_ONLY } }
---
apiVersion: mesh.istio.io/v1alpha1
kind: MeshConfig
metadata: { name: istio }
spec:
  proxyListenPort: 16001
  proxyInboundListenPort: 16006
  protocolDetectionTimeout: 1s
  connectTimeout: 3s
  tcpKeepalive: { probes: 3, time: 10s, interval: 5s }
  inboundTrafficPolicy: { mode: LOCALHOST }
`).map((document) => document.toJS() as CaseObject);

const FIELDS = [
  ...supportedFields('VirtualService').filter((field) => /^VirtualService\.spec\.(?:tcp|tls)\[\]/.test(field)),
  'Sidecar.spec.outboundTrafficPolicy.mode',
  ...[
    'proxyListenPort',
    'proxyInboundListenPort',
    'protocolDetectionTimeout',
    'connectTimeout',
    'tcpKeepalive.probes',
    'tcpKeepalive.time',
    'tcpKeepalive.interval',
    'inboundTrafficPolicy.mode',
  ].map((field) => `MeshConfig.spec.${field}`),
];

function sent(objects: readonly CaseObject[]): string {
  const sound = objects.flatMap((value) => {
    const { object } = parseObject(value);
    return object === undefined ? [] : [{ object }];
  });
  const snapshot = MeshSnapshot.of(sound);
  const compiler = createCompiler();
  const node = {
    id: 'sidecar~10.0.0.1~one.shop~shop.svc.cluster.local',
    type: 'sidecar',
    ip: '10.0.0.1',
    name: 'one',
    namespace: 'shop',
    dnsDomain: 'shop.svc.cluster.local',
    labels: { app: 'one' },
    capabilities: { dataPlane: 'envoy', minor: 40 },
  } as const;
  return JSON.stringify(dump(compiler.compile(snapshot, viewOf(node, compiler.selectorKeys(snapshot))).resources));
}

const whole = sent(OBJECTS);

test.each(FIELDS)('%s shows in what a sidecar is sent', (field) => {
  const without = deleteField(OBJECTS, field);
  expect(without).toBeDefined();
  expect(sent(without ?? [])).not.toBe(whole);
});
