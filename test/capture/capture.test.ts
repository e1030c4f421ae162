/*
 * Sidecars as they are in a cluster: pods are network namespaces, connections are redirected by the kernel as Istio's init container
 * has it, and real Envoys get what the compiler makes for them. The access logs say which cluster and chain served a call.
 */
import process from 'node:process';
import { SUPPORTED_ENVOY_MINORS } from '@heddle/model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { type CapturedMesh, startCapturedMesh } from './captured-mesh.ts';
import { whyNoPods } from './pod-network.ts';
import type { Call } from './workload-program.ts';

const { oldest, newest } = SUPPORTED_ENVOY_MINORS;
const envoys: { readonly version: string; readonly envoy: string }[] = [];
for (const minor of [newest, oldest]) {
  const envoy = await requireEnvoy(`1.${minor}`);
  if (envoy !== undefined) envoys.push({ version: `1.${minor}`, envoy });
}
const lacking = whyNoPods();
if (lacking !== undefined) {
  if (process.env['CI']) throw new Error(`Sidecars cannot be tested with real redirections: ${lacking}`);
  console.warn(`Tests of sidecars with real redirections are skipped: ${lacking}`);
}

/** Everything but what becomes of destinations that the mesh does not know. */
const BASE = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.10, selector: { app: server }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: shop }
spec: { clusterIP: 10.96.0.11, selector: { app: server }, ports: [{ name: tcp, port: 9000 }, { name: mysql, port: 3306 }] }
---
apiVersion: v1
kind: Service
metadata: { name: auto, namespace: shop }
spec: { clusterIP: 10.96.0.12, selector: { app: server }, ports: [{ name: one, port: 7000 }, { name: two, port: 7001 }] }
---
apiVersion: v1
kind: Service
metadata: { name: local, namespace: shop }
spec: { clusterIP: 10.96.0.15, selector: { app: server }, ports: [{ name: http, port: 8090 }] }
---
apiVersion: v1
kind: Service
metadata: { name: greeter, namespace: shop }
spec: { clusterIP: 10.96.0.16, selector: { app: server }, ports: [{ name: unknown, port: 3307, targetPort: 3306 }] }
---
apiVersion: v1
kind: Service
metadata: { name: mixed, namespace: shop }
spec: { clusterIP: 10.96.0.13, selector: { app: server }, ports: [{ name: tcp, port: 80, targetPort: 9000 }] }
---
apiVersion: v1
kind: Service
metadata: { name: pods, namespace: shop }
spec: { clusterIP: None, selector: { app: server }, ports: [{ name: tcp, port: 9000 }, { name: http, port: 8080 }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: block, namespace: shop }
spec:
  hosts: [block.test]
  addresses: [10.77.0.4/31]
  resolution: NONE
  ports: [{ number: 9000, name: tcp, protocol: TCP }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: named, namespace: shop }
spec:
  hosts: [named.test, '*.below.test']
  resolution: NONE
  ports: [{ number: 443, name: tls, protocol: TLS }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: static, namespace: shop }
spec:
  hosts: [static.test]
  addresses: [10.96.0.20]
  resolution: STATIC
  ports: [{ number: 9100, name: tcp, protocol: TCP }, { number: 443, name: tls, protocol: TLS }]
  endpoints: [{ address: '\${outside}', ports: { tcp: 9000 } }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: external, namespace: shop }
spec:
  hosts: [external.test]
  resolution: NONE
  ports: [{ number: 8080, name: http, protocol: HTTP }]
---
apiVersion: v1
kind: Service
metadata: { name: routed, namespace: shop }
spec: { clusterIP: 10.96.0.14, selector: { app: nobody }, ports: [{ name: tcp, port: 9000 }, { name: tls, port: 443 }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: routed, namespace: shop }
spec:
  hosts: [routed, one.routed.test, two.routed.test]
  tcp:
    - match: [{ port: 9000, sourceLabels: { app: other } }]
      route: [{ destination: { host: web, port: { number: 80 } } }]
    - match: [{ port: 9000 }]
      route: [{ destination: { host: echo, port: { number: 9000 } } }]
  tls:
    - match: [{ port: 443, sniHosts: [one.routed.test] }]
      route: [{ destination: { host: echo, port: { number: 9000 } } }]
    - match: [{ port: 443, sniHosts: [two.routed.test] }]
      route: [{ destination: { host: static.test, port: { number: 443 } } }]
`;

/** Ports that are not Istio's own, so that somebody would notice if they were not obeyed. */
const PORTS = { outbound: 16_001, inbound: 16_006 };

const settings = (more: string): string => `
apiVersion: mesh.istio.io/v1alpha1
kind: MeshConfig
metadata: { name: istio }
spec: { proxyListenPort: ${PORTS.outbound}, proxyInboundListenPort: ${PORTS.inbound}${more === '' ? '' : `, ${more}`} }
`;
const SERVICES = `${BASE}---${settings('')}`;

const runs = envoys.length > 0 ? envoys : [{ version: 'that cannot be had', envoy: '' }];

describe.skipIf(lacking !== undefined || envoys.length === 0).each(runs)(
  'captured sidecars with Envoy $version',
  ({ envoy }) => {
    let mesh: CapturedMesh;
    beforeAll(async () => {
      mesh = await startCapturedMesh(
        envoy,
        [
          { name: 'client', labels: { app: 'client' }, serves: {}, captured: true },
          {
            name: 'server',
            labels: { app: 'server' },
            serves: { http: [8080, 7001, 7777], tcp: [9000, 7000, 7778], greeting: [3306], local: [8090] },
            captured: true,
          },
          {
            name: 'outside',
            labels: { app: 'outside' },
            serves: { http: [80, 8080], tcp: [9000, 443, 9443] },
            captured: false,
          },
        ],
        PORTS,
      );
      await mesh.configure(SERVICES);
    }, 60_000);
    afterAll(() => mesh?.close());

    const call = ({ from = 'client', ...given }: Given) =>
      mesh.call(from, { ...given, address: resolve(given.address) });
    const resolve = (address: string): string => (/^\d/.test(address) ? address : mesh.ipOf(address));

    test.each<[string, Given, unknown]>([
      [
        'HTTP to a service',
        { kind: 'http', address: '10.96.0.10', port: 80, host: 'web', path: '/a' },
        {
          status: 200,
          text: 'server web /a',
          log: [
            'client outbound|80||web.shop.svc.cluster.local - - default',
            'server inbound|8080|| 0.0.0.0_8080 - default',
          ],
        },
      ],
      [
        'TCP to a service',
        { kind: 'tcp', address: '10.96.0.11', port: 9000 },
        {
          text: 'server heard',
          log: ['client outbound|9000||echo.shop.svc.cluster.local - - -', 'server inbound|9000|| 0.0.0.0_9000 - -'],
        },
      ],
      [
        'a server that speaks first',
        { kind: 'silent', address: '10.96.0.11', port: 3306 },
        {
          text: 'server greets',
          log: ['client outbound|3306||echo.shop.svc.cluster.local - - -', 'server inbound|3306|| 0.0.0.0_3306 - -'],
        },
      ],
      [
        'HTTP to a host that the mesh does not know, on a port that it knows',
        { kind: 'http', address: 'outside', port: 80, host: 'unknown.test' },
        { status: 200, text: 'outside unknown.test /', log: ['client PassthroughCluster - - allow_any'] },
      ],
      [
        'a port that the mesh does not know',
        { kind: 'tcp', address: 'outside', port: 9443 },
        { text: 'outside heard', log: ['client PassthroughCluster virtualOutbound-catchall-tcp - -'] },
      ],
      [
        'TLS to a host that the mesh does not know, on a port that it knows',
        { kind: 'tls', address: 'outside', port: 443, serverName: 'a.test' },
        { text: 'outside heard', log: ['client PassthroughCluster PassthroughFilterChain - -'] },
      ],
      [
        'HTTP on a port of undeclared protocol',
        { kind: 'http', address: '10.96.0.12', port: 7001, host: 'any' },
        {
          status: 200,
          text: 'server any /',
          log: [
            'client outbound|7001||auto.shop.svc.cluster.local - - default',
            'server inbound|7001|| 0.0.0.0_7001 - default',
          ],
        },
      ],
      [
        'TCP on a port of undeclared protocol',
        { kind: 'tcp', address: '10.96.0.12', port: 7000 },
        {
          text: 'server heard',
          log: ['client outbound|7000||auto.shop.svc.cluster.local - - -', 'server inbound|7000|| 0.0.0.0_7000 - -'],
        },
      ],
      [
        'TCP on a port that is HTTP for another service',
        { kind: 'tcp', address: '10.96.0.13', port: 80 },
        {
          text: 'server heard',
          log: ['client outbound|80||mixed.shop.svc.cluster.local - - -', 'server inbound|9000|| 0.0.0.0_9000 - -'],
        },
      ],
      [
        'TCP to a pod of a headless service',
        { kind: 'tcp', address: 'server', port: 9000 },
        {
          text: 'server heard',
          log: ['client outbound|9000||pods.shop.svc.cluster.local - - -', 'server inbound|9000|| 0.0.0.0_9000 - -'],
        },
      ],
      [
        'HTTP to a pod of a headless service',
        { kind: 'http', address: 'server', port: 8080, host: 'server.pods.shop.svc.cluster.local' },
        {
          status: 200,
          text: 'server server.pods.shop.svc.cluster.local /',
          log: [
            'client outbound|8080||pods.shop.svc.cluster.local - - default',
            'server inbound|8080|| 0.0.0.0_8080 - default',
          ],
        },
      ],
      [
        'TCP to an address block of a ServiceEntry',
        { kind: 'tcp', address: 'outside', port: 9000 },
        { text: 'outside heard', log: ['client outbound|9000||block.test - - -'] },
      ],
      [
        'TLS to a host of a ServiceEntry without address',
        { kind: 'tls', address: 'outside', port: 443, serverName: 'named.test' },
        { text: 'outside heard', log: ['client outbound|443||named.test - - -'] },
      ],
      [
        'TLS to a host below a wildcard',
        { kind: 'tls', address: 'outside', port: 443, serverName: 'a.below.test' },
        { text: 'outside heard', log: ['client outbound|443||*.below.test - - -'] },
      ],
      [
        'TCP to an address of a ServiceEntry with endpoints',
        { kind: 'tcp', address: '10.96.0.20', port: 9100 },
        { text: 'outside heard', log: ['client outbound|9100||static.test - - -'] },
      ],
      [
        'HTTP to a host of a ServiceEntry without endpoints',
        { kind: 'http', address: 'outside', port: 8080, host: 'external.test' },
        { status: 200, text: 'outside external.test /', log: ['client outbound|8080||external.test - - default'] },
      ],
      [
        'TCP that a VirtualService routes',
        { kind: 'tcp', address: '10.96.0.14', port: 9000 },
        {
          text: 'server heard',
          log: ['client outbound|9000||echo.shop.svc.cluster.local - - -', 'server inbound|9000|| 0.0.0.0_9000 - -'],
        },
      ],
      [
        'TLS that a VirtualService routes by server name',
        { kind: 'tls', address: '10.96.0.14', port: 443, serverName: 'one.routed.test' },
        {
          text: 'server heard',
          log: ['client outbound|9000||echo.shop.svc.cluster.local - - -', 'server inbound|9000|| 0.0.0.0_9000 - -'],
        },
      ],
      [
        'TLS that a VirtualService routes by another server name',
        { kind: 'tls', address: '10.96.0.14', port: 443, serverName: 'two.routed.test' },
        { text: 'outside heard', log: ['client outbound|443||static.test - - -'] },
      ],
      [
        'a workload without sidecar calling a service’s port',
        { from: 'outside', kind: 'http', address: 'server', port: 8080 },
        {
          status: 200,
          text: expect.stringMatching('server 10.77.0.3'),
          log: ['server inbound|8080|| 0.0.0.0_8080 - default'],
        },
      ],
      [
        'HTTP to a port of no service',
        { from: 'outside', kind: 'http', address: 'server', port: 7777 },
        {
          status: 200,
          text: expect.stringMatching('server 10.77.0.3'),
          log: ['server InboundPassthroughCluster virtualInbound-catchall-http - default'],
        },
      ],
      [
        'TCP to a port of no service',
        { from: 'outside', kind: 'tcp', address: 'server', port: 7778 },
        { text: 'server heard', log: ['server InboundPassthroughCluster virtualInbound - -'] },
      ],
      [
        'the redirections’ own port, which would be a circle',
        { from: 'outside', kind: 'tcp', address: 'server', port: PORTS.inbound },
        { text: '', log: ['server BlackHoleCluster virtualInbound-blackhole UH -'] },
      ],
    ])('%s', async (_, given, expected) => {
      const { error: _error, ...answer } = await call(given);
      expect(answer).toEqual(expected);
    });

    describe('with a Sidecar', () => {
      beforeAll(() =>
        mesh.configure(`${SERVICES}---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: client, namespace: shop }
spec:
  workloadSelector: { labels: { app: client } }
  egress:
    - { port: { number: 8081, protocol: HTTP, name: http }, hosts: [./web.shop.svc.cluster.local] }
    - { port: { number: 9001, protocol: TCP, name: tcp }, hosts: [./routed.shop.svc.cluster.local] }
    - hosts: [./web.shop.svc.cluster.local, ./named.test]
  outboundTrafficPolicy: { mode: REGISTRY_ONLY }
`),
      );
      afterAll(() => mesh.configure(SERVICES));

      test.each<[string, Given, unknown]>([
        [
          'a service that it names',
          { kind: 'http', address: '10.96.0.10', port: 80, host: 'web' },
          expect.objectContaining({ status: 200, text: 'server web /' }),
        ],
        [
          'a service that it does not name',
          { kind: 'tcp', address: '10.96.0.11', port: 9000 },
          { text: '', log: ['client BlackHoleCluster virtualOutbound-catchall-tcp UH -'] },
        ],
        [
          'a host that it names',
          { kind: 'tls', address: 'outside', port: 443, serverName: 'named.test' },
          { text: 'outside heard', log: ['client outbound|443||named.test - - -'] },
        ],
        [
          'a host that it does not name',
          { kind: 'http', address: 'outside', port: 80, host: 'unknown.test' },
          { status: 502, text: '', log: ['client - - - block_all'] },
        ],
        [
          'the workload of another sidecar, for which it does not speak',
          { from: 'server', kind: 'http', address: 'outside', port: 80, host: 'unknown.test' },
          { status: 200, text: 'outside unknown.test /', log: ['server PassthroughCluster - - allow_any'] },
        ],
      ])('%s', async (_, given, expected) => {
        const { error: _error, ...answer } = await call(given);
        expect(answer).toEqual(expected);
      });
    });

    describe('with REGISTRY_ONLY', () => {
      beforeAll(() => mesh.configure(`${BASE}---${settings('outboundTrafficPolicy: { mode: REGISTRY_ONLY }')}`));
      afterAll(() => mesh.configure(SERVICES));

      test.each<[string, Given, unknown]>([
        [
          'an unknown host on a known HTTP port',
          { kind: 'http', address: 'outside', port: 80, host: 'unknown.test' },
          { status: 502, text: '', log: ['client - - - block_all'] },
        ],
        [
          'an unknown port',
          { kind: 'tcp', address: 'outside', port: 9443 },
          { text: '', log: ['client BlackHoleCluster virtualOutbound-catchall-tcp UH -'] },
        ],
        [
          'TLS to an unknown host on a known port',
          { kind: 'tls', address: 'outside', port: 443, serverName: 'a.test' },
          { text: '', log: ['client BlackHoleCluster PassthroughFilterChain UH -'] },
        ],
        [
          'a known host',
          { kind: 'tls', address: 'outside', port: 443, serverName: 'named.test' },
          { text: 'outside heard', log: ['client outbound|443||named.test - - -'] },
        ],
      ])('%s', async (_, given, expected) => {
        const { error: _error, ...answer } = await call(given);
        expect(answer).toEqual(expected);
      });
    });

    test('inboundTrafficPolicy decides whether a workload is spoken to at 127.0.0.1', async () => {
      const given: Given = { kind: 'http', address: '10.96.0.15', port: 8090, host: 'local' };
      expect(await call(given)).toMatchObject({ status: 503 });
      await mesh.configure(`${BASE}---${settings('inboundTrafficPolicy: { mode: LOCALHOST }')}`);
      expect(await call(given)).toMatchObject({ status: 200, text: 'server local /' });
      await mesh.configure(SERVICES);
    });

    test('protocolDetectionTimeout decides for how long a port of undeclared protocol waits for its client', async () => {
      await mesh.configure(`${BASE}---${settings('protocolDetectionTimeout: 100ms')}`);
      expect(await call({ kind: 'silent', address: '10.96.0.16', port: 3307 })).toMatchObject({
        text: 'server greets',
      });
      await mesh.configure(SERVICES);
      expect(await call({ kind: 'silent', address: '10.96.0.16', port: 3307 })).toMatchObject({
        text: '',
        error: 'silence',
      });
    });
  },
);

type Given = Call & { readonly from?: string };
