/*
 * Sidecars as they are in a cluster: pods are network namespaces, connections are redirected by the kernel as Istio's init container
 * has it, and real Envoys get what the compiler makes for them. The access logs say which cluster and chain served a call.
 */
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { type CapturedMesh, startCapturedMesh } from './captured-mesh.ts';
import { whyNoPods } from './pod-network.ts';
import type { Call } from './workload-program.ts';

const envoy = await requireEnvoy();
const lacking = whyNoPods();
if (lacking !== undefined) {
  if (process.env['CI']) throw new Error(`Sidecars cannot be tested with real redirections: ${lacking}`);
  console.warn(`Tests of sidecars with real redirections are skipped: ${lacking}`);
}

const SERVICES = `
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.10, selector: { app: server }, ports: [{ name: http, port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: shop }
spec: { clusterIP: 10.96.0.11, selector: { app: server }, ports: [{ name: tcp, port: 9000 }, { name: mysql, port: 3306 }] }
`;

describe.skipIf(envoy === undefined || lacking !== undefined)('captured sidecars', () => {
  let mesh: CapturedMesh;
  beforeAll(async () => {
    mesh = await startCapturedMesh(
      envoy ?? '',
      [
        { name: 'client', labels: { app: 'client' }, serves: {}, captured: true },
        {
          name: 'server',
          labels: { app: 'server' },
          serves: { http: [8080, 7001, 7777], tcp: [9000, 7000, 7778], greeting: [3306] },
          captured: true,
        },
        {
          name: 'outside',
          labels: { app: 'outside' },
          serves: { http: [80, 8080], tcp: [9000, 443] },
          captured: false,
        },
      ],
      { outbound: 15_001, inbound: 15_006 },
    );
    await mesh.configure(SERVICES);
  }, 60_000);
  afterAll(() => mesh?.close());

  const call = ({ from = 'client', ...given }: Given) => mesh.call(from, { ...given, address: resolve(given.address) });
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
      { kind: 'tcp', address: 'outside', port: 443 },
      { text: 'outside heard', log: ['client PassthroughCluster virtualOutbound-catchall-tcp - -'] },
    ],
    [
      'TCP on a port that is HTTP elsewhere',
      { kind: 'tls', address: 'outside', port: 443, serverName: 'a.test' },
      { text: 'outside heard', log: ['client PassthroughCluster virtualOutbound-catchall-tcp - -'] },
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
      { from: 'outside', kind: 'tcp', address: 'server', port: 15_006 },
      { text: '', error: 'ECONNRESET', log: ['server BlackHoleCluster virtualInbound-blackhole UH -'] },
    ],
  ])('%s', async (_, given, expected) => {
    expect(await call(given)).toEqual(expected);
  });
});

type Given = Call & { readonly from?: string };
