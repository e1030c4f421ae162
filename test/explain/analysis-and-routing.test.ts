// What analysis and explanation say must be true of the compiled configuration: each is held against the other on meshes made at random.
import { analyze } from '@heddle/analysis';
import { kinds } from '@heddle/api';
import { createCompiler } from '@heddle/compiler';
import { explainRequest } from '@heddle/explain';
import { type AnyMeshObject, MeshSnapshot, type ProxyNode, viewOf } from '@heddle/model';
import { arbitraryObject } from '@heddle/testing/arbitrary-object';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const path = fc.constantFrom('/', '/a', '/a/b', '/A', '/b');
const value = fc.constantFrom('x', 'xy', 'y', '');
const stringMatch = fc.oneof(
  fc.record({ exact: value }),
  fc.record({ prefix: value }),
  fc.record({ regex: fc.constantFrom('x.*', 'x', '.*') }),
);
const uri = fc.oneof(
  fc.record({ exact: path }),
  fc.record({ prefix: path }),
  fc.record({ regex: fc.constantFrom('/a.*', '/.*') }),
);
const match = fc.record(
  {
    uri,
    ignoreUriCase: fc.boolean(),
    headers: fc.dictionary(fc.constantFrom('h', 'i'), fc.oneof(stringMatch, fc.constant({})), { maxKeys: 1 }),
    withoutHeaders: fc.dictionary(fc.constantFrom('h', 'i'), stringMatch, { maxKeys: 1 }),
    queryParams: fc.dictionary(fc.constantFrom('q'), stringMatch, { maxKeys: 1 }),
    method: fc.constantFrom({ exact: 'GET' }, { exact: 'POST' }, { prefix: 'P' }),
  },
  { requiredKeys: [] },
);
const rules = fc.array(fc.array(match, { maxLength: 2 }), { minLength: 2, maxLength: 4 });
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT'),
  path: fc.tuple(
    fc.constantFrom('/', '/a', '/a/b', '/a/c', '/A', '/b', '/c/d', '/z'),
    fc.constantFrom('', '?q', '?q=x', '?q=xy'),
  ),
  headers: fc.dictionary(fc.constantFrom('h', 'i'), value),
});

const gateway = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'g', namespace: 'shop' },
  spec: { selector: {}, servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
};
const node: ProxyNode = {
  id: '',
  type: 'router',
  ip: '10.0.0.1',
  name: 'gateway',
  namespace: 'istio-system',
  dnsDomain: '',
  labels: {},
  capabilities: { dataPlane: 'envoy', minor: 40 },
};

test('what analysis calls unreachable is reached by no request', () => {
  let unreachable = 0;
  fc.assert(
    fc.property(rules, fc.array(request, { minLength: 15, maxLength: 25 }), (written, requests) => {
      const http = written.map((matches, rule) => ({
        name: `rule${rule}`,
        ...(matches.length === 0
          ? {}
          : { match: matches.map((one, position) => ({ ...one, name: `match${position}` })) }),
        directResponse: { status: 200 },
      }));
      const virtualService = {
        apiVersion: 'networking.istio.io/v1',
        kind: 'VirtualService',
        metadata: { name: 'v', namespace: 'shop' },
        spec: { hosts: ['*'], gateways: ['g'], http },
      };
      const snapshot = MeshSnapshot.of(
        [gateway, virtualService].map((object) => ({ object: object as unknown as AnyMeshObject })),
      );
      const dead = new Set<string>();
      for (const { code, path: field } of analyze(snapshot)) {
        const [, , rule, , position] = field;
        if (code === 'IST0130') dead.add(`rule${rule}`);
        if (code === 'IST0131') dead.add(`rule${rule}.match${position}`);
      }
      unreachable += dead.size;
      const compiler = createCompiler();
      const compiled = compiler.compile(snapshot, viewOf(node, compiler.selectorKeys(snapshot)));
      for (const one of requests) {
        const { outcome } = explainRequest({
          compiled,
          request: {
            method: one.method,
            scheme: 'http',
            authority: 'x.test',
            path: one.path.join(''),
            port: 80,
            headers: Object.entries(one.headers).flat(),
          },
        });
        const route = outcome.kind === 'answered' ? (outcome.route ?? '') : '';
        const [rule = ''] = route.split('.');
        if (dead.has(rule) || dead.has(route))
          throw new Error(`${route} is called unreachable and answers ${JSON.stringify(one)}`);
      }
    }),
    { numRuns: 200, seed: 1 },
  );
  // A generator that makes nothing unreachable would prove nothing.
  expect(unreachable).toBeGreaterThan(30);
}, 60_000);

const objects = fc.array(
  fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])).chain((kind) => arbitraryObject(kind)),
  {
    maxLength: 8,
  },
);

test('analysis and explanation never throw, and say the same twice, whatever valid objects there are', () => {
  fc.assert(
    fc.property(objects, fc.string(), fc.webPath(), (found, authority, webPath) => {
      const snapshot = MeshSnapshot.of(found.map((object) => ({ object: object as AnyMeshObject })));
      expect(analyze(snapshot)).toEqual(analyze(snapshot));
      const compiler = createCompiler();
      for (const type of ['router', 'sidecar'] as const) {
        const compiled = compiler.compile(snapshot, viewOf({ ...node, type }, compiler.selectorKeys(snapshot)));
        for (const port of [80, 443]) {
          const request = {
            method: 'GET',
            scheme: port === 80 ? 'http' : 'https',
            authority,
            path: webPath,
            port,
            headers: [],
          };
          const explanation = explainRequest({ compiled, request });
          expect(explanation).toEqual(explainRequest({ compiled, request }));
          expect(explanation.steps.length).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 40, seed: 1 },
  );
}, 60_000);
