import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type TestCertificate, testAuthority } from '@heddle/testing/certificates';
import { startHeddle } from '@heddle/testing/heddle-process';
import { afterEach, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { until } from '../support/waiting.ts';

const NGINX = path.join(import.meta.dirname, '../../examples/nginx');
const authority = testAuthority('shop authority');
const envoyPath = await requireEnvoy();

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const GATEWAY = `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: tls-gateway, namespace: test-namespace }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: ['*']
      tls: { mode: SIMPLE, credentialName: shop }
`;

const ROUTE = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: tls, namespace: test-namespace }
spec:
  hosts: ['*']
  gateways: [tls-gateway]
  http:
    - route: [{ destination: { host: test-svc, port: { number: 80 } } }]
`;

function secret({ certificate, key }: TestCertificate): string {
  const indented = (text: string) => text.trim().replaceAll('\n', '\n    ');
  return `apiVersion: v1
kind: Secret
metadata: { name: shop, namespace: istio-system }
type: kubernetes.io/tls
stringData:
  tls.crt: |
    ${indented(certificate)}
  tls.key: |
    ${indented(key)}
`;
}

interface Answer {
  readonly status: number | undefined;
  readonly hash: string;
  readonly isReused: boolean;
}

/** Asks for / and says by which certificate the connection was opened. */
function ask(port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, servername: 'shop.test', ca: authority.certificate, agent },
      (response) => {
        const socket = response.socket as TLSSocket;
        const hash = socket.getPeerCertificate().fingerprint256.replaceAll(':', '').toLowerCase();
        response.resume().once('end', () => {
          resolve({ status: response.statusCode, hash, isReused: asked.reusedSocket });
        });
      },
    );
    asked.once('error', reject).end();
  });
}

const planes: readonly (readonly [name: string, args: readonly string[] | undefined])[] = [
  ['the embedded gateway', []],
  ['a real Envoy', envoyPath === undefined ? undefined : ['--proxy', 'envoy', '--envoy-path', envoyPath]],
];

describe.each(planes)('a changed Secret, at %s', (_, args) => {
  test.skipIf(args === undefined)(
    'is what new connections see, and open ones go on',
    async () => {
      const folder = await mkdtemp(path.join(tmpdir(), 'heddle-rotation-'));
      cleanups.push(() => rm(folder, { recursive: true, force: true }));
      await cp(NGINX, folder, { recursive: true });
      await writeFile(path.join(folder, 'gateway-tls.yaml'), GATEWAY);
      await writeFile(path.join(folder, 'route.yaml'), ROUTE);
      const [before, after] = ['first', 'second'].map((commonName) =>
        authority.issue({ commonName, names: ['DNS:shop.test'] }),
      ) as [TestCertificate, TestCertificate];
      await writeFile(path.join(folder, 'secret.yaml'), secret(before));

      const heddle = startHeddle(['dev', folder, ...(args ?? [])]);
      cleanups.push(() => heddle.stop());
      const summary = await heddle.waitFor('try:', 60_000);
      const port = Number(/:(\d+)[^\d\n]*HTTPS|https:\/\/[^\s:]+:(\d+)/.exec(summary)?.slice(1).find(Boolean));
      expect(port, summary).toBeGreaterThan(0);

      const kept = new Agent({ keepAlive: true, maxSockets: 1 });
      cleanups.push(() => kept.destroy());
      expect(await ask(port, kept)).toEqual({ status: 200, hash: before.hash, isReused: false });
      await writeFile(path.join(folder, 'secret.yaml'), secret(after));
      await until(async () => {
        const { status, hash } = await ask(port, new Agent({ keepAlive: false }));
        expect(status).toBe(200);
        return hash === after.hash;
      }, 20_000);
      expect(await ask(port, kept)).toEqual({ status: 200, hash: before.hash, isReused: true });
    },
    90_000,
  );
});
