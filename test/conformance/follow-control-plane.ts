import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBootstrap, type RunningEnvoy, runEnvoy } from '@heddle/agent';
import { startHeddle } from '@heddle/testing/heddle-process';
import { freePorts } from '../support/free-ports.ts';

const HOST = 'shop.example';
const NAMESPACE = 'istio-system';
const LABELS = { istio: 'ingressgateway' };
const SETTLE_MS = 20_000;
/** What Envoy counts of configuration that it refused. */
const REJECTIONS = 'update_rejected$';

/**
 * Lets one Envoy follow `heddle control-plane`, a process of its own, as a gateway: it must serve the manifests, follow an edit to
 * another service that is new in the same file, without a failed request, and refuse nothing.
 *
 * @returns what went wrong, or nothing
 */
export async function followControlPlane(
  envoyPath: string,
  variant: 'delta' | 'state of the world',
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-follow-'));
  const cleanups: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  try {
    const [first, second] = [await answering('first', cleanups), await answering('second', cleanups)];
    const manifests = join(folder, 'mesh.yaml');
    writeFileSync(manifests, meshYaml('first', first));
    const heddle = startHeddle([
      'control-plane',
      '--config',
      manifests,
      '--grpc-address',
      '127.0.0.1:0',
      '--http-address',
      '127.0.0.1:0',
    ]);
    cleanups.push(() => heddle.stop());
    const adsAddress = /^ads +(\S+)\n/m.exec(await heddle.waitFor(/^ads +\S+\n/m))?.[1] ?? '';
    const [port = 0] = await freePorts(1);
    const envoy = await runEnvoy({
      path: envoyPath,
      bootstrap: buildBootstrap({
        node: {
          id: `router~127.0.0.1~follower.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
          metadata: {
            NAMESPACE,
            LABELS,
            HEDDLE_BIND: { address: '127.0.0.1', ports: { 80: port } },
          },
        },
        adsAddress,
        delta: variant === 'delta',
      }),
      concurrency: 1,
      logLevel: 'warning',
    });
    cleanups.push(() => envoy.stop());
    await until(async () => (await get(port)) === '200 first', `GET ${HOST} to answer "200 first"`);

    writeFileSync(manifests, meshYaml('second', second));
    const failures: string[] = [];
    await until(async () => {
      const answer = await get(port);
      if (answer !== '200 first' && answer !== '200 second') failures.push(answer);
      return answer === '200 second';
    }, `GET ${HOST} to answer "200 second" after the edit`);
    if (failures.length > 0)
      return `${failures.length} requests failed during the edit, the first with: ${failures[0]}`;
    return await rejections(envoy);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup();
  }
}

/** Envoy's own counters of refused configuration. */
async function rejections(envoy: RunningEnvoy): Promise<string | undefined> {
  const stats = [...(await envoy.admin.stats(REJECTIONS))];
  if (stats.length === 0) return 'Envoy has no counters of refused configuration';
  const refused = stats.filter(([, value]) => value !== 0);
  return refused.length === 0 ? undefined : refused.map(([name, value]) => `${name}: ${value}`).join(', ');
}

async function answering(answer: string, cleanups: (() => unknown)[]): Promise<number> {
  const server = createServer((_, response) => response.end(answer)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return (server.address() as AddressInfo).port;
}

/** One request on a connection of its own; a connection that fails is an answer too. */
function get(port: number): Promise<string> {
  return new Promise((resolve) => {
    request({ host: '127.0.0.1', port, path: '/', headers: { host: HOST }, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
      response.on('error', ({ message }) => resolve(message));
    })
      .on('error', ({ message }) => resolve(message))
      .end();
  });
}

async function until(condition: () => Promise<boolean>, wanted: string): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${SETTLE_MS / 1_000} s in vain for ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function meshYaml(service: string, port: number): string {
  return `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: ${NAMESPACE} }
spec:
  selector: ${JSON.stringify(LABELS)}
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ['${HOST}'] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: shop, namespace: ${NAMESPACE} }
spec:
  hosts: ['${HOST}']
  gateways: [edge]
  http: [{ route: [{ destination: { host: ${service}.example, port: { number: 80 } } }] }]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: ${service}, namespace: ${NAMESPACE} }
spec:
  hosts: [${service}.example]
  resolution: STATIC
  ports: [{ number: 80, name: http, protocol: HTTP }]
  endpoints: [{ address: 127.0.0.1, ports: { http: ${port} } }]
`;
}
