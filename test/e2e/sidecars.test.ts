import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startHeddle } from '@heddle/testing/heddle-process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireEnvoy } from '../support/require-envoy.ts';
import { until } from '../support/waiting.ts';

// One program for all pods: /call/HOW/URL calls another pod, anything else says who answers.
const PROGRAM = `
import { createServer, get } from 'node:http';
const viaHttp = (url) => new Promise((resolve, reject) => get(url, async (response) => {
  let text = '';
  for await (const chunk of response) text += chunk;
  resolve(text);
}).on('error', reject));
const viaFetch = async (url) => (await fetch(url)).text();
createServer(async (request, response) => {
  const [, how, url] = /^\\/call\\/(fetch|http)\\/(.*)$/.exec(request.url) ?? [];
  const text = how === undefined ? process.env.HEDDLE_POD : await (how === 'http' ? viaHttp : viaFetch)(url).catch(String);
  response.end(text);
}).listen(Number(process.env.PORT), process.env.HOST);
`;

const deployment = (app: string, version: string, inject = true) => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${app}-${version}, namespace: shop }
spec:
  selector: { matchLabels: { app: ${app}, version: ${version} } }
  template:
    metadata:
      labels: { app: ${app}, version: ${version}${inject ? '' : ', sidecar.istio.io/inject: "false"'} }
      annotations: { heddle.dev/run.app: node program.mjs }
    spec:
      containers:
        - { name: app, image: none, ports: [{ containerPort: 80 }] }
`;

const service = (name: string) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec:
  selector: { app: ${name} }
  ports: [{ name: http, port: 80 }]
`;

// Who calls decides: that is the caller's sidecar's business.
const MANIFESTS = [
  '---\napiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n',
  ...['callee', 'east', 'west', 'bare'].map(service),
  ...['v1', 'v2'].map((version) => deployment('callee', version)),
  deployment('east', 'v1'),
  deployment('west', 'v1'),
  deployment('bare', 'v1', false),
  `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: callee, namespace: shop }
spec:
  host: callee
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: callee, namespace: shop }
spec:
  hosts: [callee]
  http:
    - match: [{ sourceLabels: { app: west } }]
      route: [{ destination: { host: callee, subset: v2 } }]
    - route: [{ destination: { host: callee, subset: v1 } }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: door, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: door, namespace: shop }
spec:
  hosts: ["*"]
  gateways: [door]
  http:
    - { match: [{ headers: { from: { exact: west } } }], route: [{ destination: { host: west } }] }
    - { match: [{ headers: { from: { exact: bare } } }], route: [{ destination: { host: bare } }] }
    - { route: [{ destination: { host: east } }] }
`,
].join('');

const envoyPath = await requireEnvoy();

describe.each([
  { proxy: 'embedded', options: [] },
  // Where there is no Envoy, the search for it has printed why.
  ...(envoyPath === undefined ? [] : [{ proxy: 'envoy', options: ['--envoy-path', envoyPath] }]),
])('sidecars of heddle dev --proxy $proxy', ({ proxy, options }) => {
  let folder = '';
  let url = '';
  let heddle: ReturnType<typeof startHeddle> | undefined;
  const ask = async (from: string, how: string, target: string) =>
    (await fetch(`${url}/call/${how}/${target}`, { headers: { from } })).text();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'heddle-sidecars-'));
    await writeFile(path.join(folder, 'program.mjs'), PROGRAM);
    await writeFile(path.join(folder, 'mesh.yaml'), MANIFESTS);
    heddle = startHeddle(['dev', folder, '--proxy', proxy, ...options]);
    const summary = await heddle.waitFor('try:', 60_000);
    expect(summary).toContain('0 problems');
    url = /http:\/\/localhost:\d+/.exec(summary)?.[0] ?? '';
    await until(async () => (await ask('east', 'fetch', 'http://callee')) === 'callee-v1-0', 20_000);
  }, 90_000);
  afterAll(async () => {
    // Everything ends with it, also the sidecars.
    expect(await heddle?.stop()).toBe(0);
    await rm(folder, { recursive: true, force: true });
  }, 30_000);

  test.each([
    ['east', 'callee-v1-0'],
    ['west', 'callee-v2-0'],
  ])("calls of %s are routed by the caller's labels, by CONNECT and by absolute form", async (from, callee) => {
    for (const how of ['fetch', 'http']) {
      for (const target of [
        'http://callee',
        'http://callee:80/',
        'http://callee.shop/',
        'http://callee.shop.svc.cluster.local:80/x',
      ])
        expect([how, target, await ask(from, how, target)]).toEqual([how, target, callee]);
    }
  });

  test('hosts that the mesh does not know are refused', async () => {
    expect(await ask('east', 'http', 'http://nobody.example/')).toBe('');
    expect(await ask('east', 'http', 'http://callee:81/')).toBe('');
  });

  test('a pod that refuses a sidecar calls without one', async () => {
    expect(await ask('bare', 'http', 'http://callee/')).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  test('an edit reaches the sidecars, also a service on a new port', async () => {
    const extra = `---
apiVersion: v1
kind: Service
metadata: { name: later, namespace: shop }
spec: { selector: { app: callee, version: v2 }, ports: [{ name: http, port: 8123, targetPort: 80 }] }
`;
    await writeFile(path.join(folder, 'mesh.yaml'), MANIFESTS + extra);
    await until(async () => (await ask('east', 'fetch', 'http://later:8123')) === 'callee-v2-0', 20_000);
    expect(await ask('east', 'http', 'http://later:8123')).toBe('callee-v2-0');
  });
});
