import { createCompiler } from '@heddle/compiler';
import { type ProxyNode, viewOf } from '@heddle/model';
import { readManifests } from '@heddle/testing/manifests';
import { describe, expect, test } from 'vitest';
import { explainRequest, type RequestToExplain } from './explain-request.ts';
import type { Explanation } from './explanation.ts';
import { explanationText } from './explanation-text.ts';

const MESH = `apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.96.0.1, selector: { app: web }, ports: [{ port: 80, name: http, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: idle, namespace: shop }
spec: { clusterIP: 10.96.0.2, selector: { app: idle }, ports: [{ port: 80, name: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: database, namespace: shop }
spec: { clusterIP: 10.96.0.3, selector: { app: web }, ports: [{ port: 5432, name: tcp }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-1, namespace: shop, labels: { app: web, version: v1 }, annotations: { heddle.dev/address: 10.0.0.1 } }
spec: { containers: [{ name: main, image: web }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web-2, namespace: shop, labels: { app: web, version: v2 }, annotations: { heddle.dev/address: 10.0.0.2 } }
spec: { containers: [{ name: main, image: web }] }
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: web, namespace: shop }
spec:
  host: web
  subsets: [{ name: v1, labels: { version: v1 } }, { name: v2, labels: { version: v2 } }]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: front, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: ['shop.test', '*.wild.test']
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [shop.test, '*.wild.test']
  gateways: [front]
  http:
    - name: mine
      match: [{ headers: { x-user: { exact: me } }, uri: { prefix: /cart } }]
      route: [{ destination: { host: web, subset: v2 } }]
    - name: old
      match: [{ uri: { prefix: /old } }]
      redirect: { uri: /new, redirectCode: 302 }
    - name: teapot
      match: [{ uri: { exact: /tea } }]
      directResponse: { status: 418 }
    - name: idle
      match: [{ uri: { prefix: /idle } }]
      route: [{ destination: { host: idle } }]
    - name: lost
      match: [{ uri: { prefix: /lost } }]
      route: [{ destination: { host: nobody } }]
    - name: shares
      match: [{ uri: { prefix: /cart } }]
      rewrite: { uri: /basket, authority: inner.test }
      timeout: 2s
      retries: { attempts: 3, perTryTimeout: 500ms, retryOn: 5xx }
      route:
        - { destination: { host: web, subset: v1 }, weight: 90 }
        - { destination: { host: web, subset: v2 }, weight: 10 }
`;

const snapshot = readManifests(MESH, 'mesh.yaml');
const compiler = createCompiler();

function explain(view: 'gateway' | 'sidecar', request: Partial<RequestToExplain>): Explanation {
  const place =
    view === 'gateway'
      ? { type: 'router' as const, namespace: 'istio-system', labels: { istio: 'ingressgateway' } }
      : { type: 'sidecar' as const, namespace: 'shop', labels: {} };
  const node: ProxyNode = {
    id: '',
    ip: '10.0.0.9',
    name: 'caller',
    dnsDomain: '',
    capabilities: { dataPlane: 'envoy', minor: 40 },
    ...place,
  };
  return explainRequest({
    compiled: compiler.compile(snapshot, viewOf(node, compiler.selectorKeys(snapshot))),
    request: { method: 'GET', scheme: 'http', authority: 'shop.test', path: '/', port: 80, headers: [], ...request },
    locate: ({ resource, path }) => snapshot.locate(resource, path),
  });
}

/** The line of a text in the manifests. */
function lineOf(text: string): number {
  return MESH.split('\n').findIndex((line) => line.includes(text)) + 1;
}

describe('explainRequest: what becomes of it', () => {
  test.each<[string, Partial<RequestToExplain>, object]>([
    ['an exact answer', { path: '/tea' }, { kind: 'answered', status: 418, flag: '', route: 'teapot' }],
    [
      'a redirect',
      { path: '/old?a' },
      { kind: 'answered', status: 302, route: 'old', location: 'http://shop.test/new?a' },
    ],
    ['no route', { path: '/nowhere' }, { kind: 'answered', status: 404, flag: 'NR' }],
    ['no virtual host', { authority: 'other.test' }, { kind: 'answered', status: 404, flag: 'NR' }],
    ['no endpoint', { path: '/idle' }, { kind: 'answered', status: 503, flag: 'UH', route: 'idle' }],
    ['no cluster', { path: '/lost' }, { kind: 'answered', status: 503, flag: 'NC', route: 'lost' }],
    ['no listener', { port: 81 }, { kind: 'refused', reason: 'nothing listens on port 81' }],
    ['TLS on a plain port', { scheme: 'https' }, { kind: 'refused' }],
    ['escaped slashes', { path: '/a%2Fb' }, { kind: 'answered', status: 307, location: '/a/b' }],
    ['no host', { authority: undefined }, { kind: 'answered', status: 400 }],
    ['underscores', { headers: ['x_user', 'me'] }, { kind: 'answered', status: 400 }],
    [
      'an error for gRPC',
      { path: '/nowhere', headers: ['content-type', 'application/grpc+proto'] },
      { kind: 'answered', status: 200, flag: 'NR' },
    ],
  ])('%s', (_, request, wanted) => {
    expect(explain('gateway', request).outcome).toMatchObject(wanted);
  });

  test('shares, rewrites, limits and retries of a forwarded request', () => {
    expect(explain('gateway', { path: '/cart/1?b', authority: 'SHOP.test:80' }).outcome).toMatchObject({
      kind: 'forwarded',
      route: 'shares',
      timeoutMs: 2000,
      retries: { attempts: 3, on: expect.arrayContaining(['5xx']), perTryTimeoutMs: 500 },
      legs: [
        {
          cluster: 'outbound|80|v1|web.shop.svc.cluster.local',
          percent: 90,
          path: '/basket/1?b',
          authority: 'inner.test',
          endpoints: [{ address: '10.0.0.1', port: 8080, place: { object: { kind: 'Pod', name: 'web-1' } } }],
        },
        { percent: 10, endpoints: [{ address: '10.0.0.2', port: 8080 }] },
      ],
    });
  });

  test.each<[string, Partial<RequestToExplain>, object]>([
    [
      'a service',
      { authority: 'web', address: '10.96.0.1' },
      { kind: 'forwarded', protocol: 'http', route: 'default' },
    ],
    [
      'a host that nobody knows',
      { authority: 'outside.test' },
      { kind: 'forwarded', legs: [{ cluster: 'PassthroughCluster', leadsTo: 'original destination' }] },
    ],
    [
      'a port of another protocol',
      { authority: 'database', address: '10.96.0.3', port: 5432 },
      { kind: 'forwarded', protocol: 'tcp', legs: [{ cluster: 'outbound|5432||database.shop.svc.cluster.local' }] },
    ],
    [
      'a port that nobody has',
      { address: '192.0.2.1', port: 4444 },
      { kind: 'forwarded', protocol: 'tcp', legs: [{ cluster: 'PassthroughCluster' }] },
    ],
  ])('from a sidecar: %s', (_, request, wanted) => {
    expect(explain('sidecar', request).outcome).toMatchObject(wanted);
  });
});

describe('explainRequest: why', () => {
  test('notes name the lines of rewrites, limits and retries; a route that was passed over the line of its condition', () => {
    const route = explain('gateway', { path: '/cart' }).steps.find(({ step }) => step === 'route');
    const at = (text: string): string => `mesh.yaml:${lineOf(text)}:`;
    expect(route?.notes).toEqual([
      expect.stringContaining(`path becomes "/basket" (${at('uri: /basket')}`),
      expect.stringContaining(`host becomes "inner.test" (${at('authority: inner.test')}`),
      expect.stringContaining(`time limit 2000 ms (${at('timeout: 2s')}`),
      expect.stringContaining(`within 500 ms (${at('perTryTimeout')}`),
    ]);
    expect(route?.near[0]?.place).toMatchObject({ field: 'spec.http[0].match[0].headers.x-user' });
  });

  test('each step names the object and line that decides it', () => {
    const { steps } = explain('gateway', { path: '/cart', headers: ['x-user', 'me'] });
    expect(steps.map(({ step, name, passed, place }) => [step, name, passed, place?.object.kind, place?.line])).toEqual(
      [
        ['listener', '0.0.0.0_80', true, 'Gateway', lineOf('- port: { number: 80')],
        ['filter chain', 'filterChains[0]', true, 'Gateway', lineOf('- port: { number: 80')],
        ['virtual host', 'shop.test:80', true, 'VirtualService', lineOf('hosts: [shop.test') - 4],
        ['route', 'mine', true, 'VirtualService', lineOf('x-user')],
        ['cluster', 'outbound|80|v2|web.shop.svc.cluster.local', true, 'VirtualService', lineOf('subset: v2 } }]')],
        ['endpoints', '10.0.0.2:8080', true, 'Pod', lineOf('name: web-2') - 2],
      ],
    );
  });

  test('routes that were passed over say what they want, those behind that they come later', () => {
    const { steps } = explain('gateway', { path: '/cart' });
    const route = steps.find(({ step }) => step === 'route');
    expect(route?.reason).toBe('path begins with "/cart"');
    expect(route?.near.map(({ name, reason }) => [name, reason])).toEqual([
      ['mine', 'it wants: header x-user is "me"'],
      ['old', 'it wants: path begins with "/old"'],
      ['teapot', 'it wants: path is "/tea"'],
      ['idle', 'it wants: path begins with "/idle"'],
      ['lost', 'it wants: path begins with "/lost"'],
    ]);
    const mine = explain('gateway', { path: '/cart', headers: ['x-user', 'me'] }).steps.find(
      ({ step }) => step === 'route',
    );
    expect(mine?.near.map(({ name, reason }) => [name, reason])).toEqual([
      ['shares', 'it matches too, and stands later'],
    ]);
  });

  test.each([
    ['shop.test', '"shop.test" is "shop.test"'],
    ['a.wild.test', '"a.wild.test" fits "*.wild.test"'],
  ])('virtual host of %s: %s', (authority, reason) => {
    expect(explain('gateway', { authority }).steps[2]).toMatchObject({ step: 'virtual host', reason });
  });

  test('a host that nobody serves is told of those that are served', () => {
    const [, , host] = explain('gateway', { authority: 'other.test' }).steps;
    expect(host).toMatchObject({ passed: false, reason: 'no virtual host has a domain for "other.test"' });
    expect(host?.near.map(({ reason }) => reason)).toEqual(['serves "*.wild.test"', 'serves "shop.test"']);
  });

  test('a port that nobody serves is told of the ports that are', () => {
    expect(explain('gateway', { port: 8080 }).steps).toMatchObject([
      { step: 'listener', passed: false, near: [{ name: '0.0.0.0_80', reason: 'serves port 80' }] },
    ]);
  });
});

test('explainRequest: the whole of it as JSON, which others read', () => {
  expect(JSON.parse(JSON.stringify(explain('gateway', { path: '/lost', port: 80 })))).toEqual({
    version: 1,
    request: { method: 'GET', scheme: 'http', authority: 'shop.test', path: '/lost', port: 80 },
    steps: [
      {
        step: 'listener',
        passed: true,
        name: '0.0.0.0_80',
        reason: 'it serves port 80',
        notes: [],
        near: [],
        place: place('Gateway', 'front', 'spec.servers[0]', '- port: { number: 80'),
      },
      {
        step: 'filter chain',
        passed: true,
        name: 'filterChains[0]',
        reason: 'it is the only one',
        notes: [],
        near: [],
        place: place('Gateway', 'front', 'spec.servers[0]', '- port: { number: 80'),
      },
      {
        step: 'virtual host',
        passed: true,
        name: 'shop.test:80',
        reason: '"shop.test" is "shop.test"',
        notes: [],
        near: [],
        place: expect.objectContaining({ object: { kind: 'VirtualService', namespace: 'shop', name: 'web' } }),
      },
      {
        step: 'route',
        passed: true,
        name: 'lost',
        reason: 'path begins with "/lost"',
        notes: expect.arrayContaining(['no time limit']),
        near: expect.arrayContaining([expect.objectContaining({ name: 'old', place: expect.anything() })]),
        place: place('VirtualService', 'web', 'spec.http[4].match[0]', '/lost'),
      },
      {
        step: 'cluster',
        passed: false,
        name: 'outbound|80||nobody.shop.svc.cluster.local',
        reason: 'the destination does not exist: no service has this host, port or subset',
        notes: [],
        near: [],
        place: place('VirtualService', 'web', 'spec.http[4].route[0].destination', 'nobody'),
      },
    ],
    outcome: {
      kind: 'answered',
      status: 503,
      flag: 'NC',
      route: 'lost',
      reason: 'there is no cluster "outbound|80||nobody.shop.svc.cluster.local"',
    },
  });

  function place(kind: string, name: string, field: string, text: string): object {
    const object = { kind, namespace: 'shop', name };
    return { object, field, file: 'mesh.yaml', line: lineOf(text), column: expect.any(Number) };
  }
});

describe('explainRequest: TLS', () => {
  const tls = readManifests(
    `apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: front, namespace: shop }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [shop.test]
      tls: { mode: SIMPLE, serverCertificate: /c.pem, privateKey: /k.pem }
    - port: { number: 443, name: pass, protocol: TLS }
      hosts: [pass.test]
      tls: { mode: PASSTHROUGH }
    - port: { number: 80, name: http, protocol: HTTP }
      hosts: [shop.test]
      tls: { httpsRedirect: true }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [shop.test]
  gateways: [front]
  http: [{ directResponse: { status: 201 } }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: pass, namespace: shop }
spec:
  hosts: [pass.test]
  gateways: [front]
  tls: [{ match: [{ sniHosts: [pass.test] }], route: [{ destination: { host: web } }] }]
---
${MESH.split('---')[0]}---
${MESH.split('---')[3]}`,
    'tls.yaml',
  );
  const ask = (scheme: string, authority: string, port: number): Explanation => {
    const node: ProxyNode = {
      id: '',
      type: 'router',
      ip: '10.0.0.9',
      name: 'gateway',
      namespace: 'istio-system',
      dnsDomain: '',
      labels: { istio: 'ingressgateway' },
      capabilities: { dataPlane: 'envoy', minor: 40 },
    };
    return explainRequest({
      compiled: compiler.compile(tls, viewOf(node, compiler.selectorKeys(tls))),
      request: { method: 'GET', scheme, authority, path: '/', port, headers: [] },
      locate: ({ resource, path }) => tls.locate(resource, path),
    });
  };

  test.each<[string, string, number, object]>([
    ['https', 'shop.test', 443, { kind: 'answered', status: 201 }],
    ['https', 'pass.test', 443, { kind: 'forwarded', protocol: 'tcp' }],
    ['https', 'other.test', 443, { kind: 'refused' }],
    ['http', 'shop.test:443', 443, { kind: 'refused' }],
    ['http', 'shop.test', 80, { kind: 'answered', status: 301, location: 'https://shop.test/' }],
  ])('%s for %s on port %d', (scheme, authority, port, outcome) => {
    expect(ask(scheme, authority, port).outcome).toMatchObject(outcome);
  });

  test('the filter chain is told by its server name, the others by theirs', () => {
    const chain = ask('https', 'pass.test', 443).steps.find(({ step }) => step === 'filter chain');
    expect(chain).toMatchObject({
      reason: 'it takes server name pass.test',
      place: { object: { kind: 'VirtualService', name: 'pass' } },
      near: [
        { reason: 'it takes server name shop.test (decided by server name)', place: { object: { kind: 'Gateway' } } },
      ],
    });
  });
});

test('explanationText: a paragraph for each step, and what becomes of the request', () => {
  const text = explanationText(explain('gateway', { path: '/cart' }));
  expect(text).toMatch(/^GET http:\/\/shop\.test\/cart\n\n✔ listener +0\.0\.0\.0_80 {2}mesh\.yaml:/);
  expect(text).toContain('not               mine  mesh.yaml:');
  expect(text).toContain('· path becomes "/basket"');
  expect(text).toMatch(/→ 90 %: forwarded to 10\.0\.0\.1:8080, as \/basket for host inner\.test\n/);
  expect(explanationText(explain('gateway', { path: '/lost' }))).toMatch(/✖ cluster[^]*→ answered with 503 \(NC\)/);
});
