import { describe, expect, test } from 'vitest';
import { kinds } from './kinds.ts';
import { undeclaredKinds } from './known-kinds.ts';
import { parseObject } from './parse-object.ts';

const virtualService = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'VirtualService',
  metadata: { name: 'cart' },
  spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' } }] }] },
};

describe('parseObject', () => {
  test('gives objects of every version, in the namespace default unless they say another', () => {
    for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
      const { object, identity, problems } = parseObject({
        ...virtualService,
        apiVersion: `networking.istio.io/${version}`,
      });
      expect(problems).toEqual([]);
      expect(identity).toEqual({ kind: 'VirtualService', namespace: 'default', name: 'cart' });
      expect(object?.metadata).toEqual({ name: 'cart', namespace: 'default' });
      expect(object?.spec).toEqual(virtualService.spec);
    }
  });

  test('takes the Deployment of the article without a word', () => {
    const { object, problems } = parseObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'test-deployment', namespace: 'test-namespace', labels: { app: 'test', version: 'v1' } },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'test', version: 'v1' } },
        template: {
          metadata: { labels: { app: 'test', version: 'v1' } },
          spec: {
            nodeSelector: { role: 'common-workers' },
            containers: [
              {
                name: 'web',
                image: 'nginx',
                ports: [{ containerPort: 80 }],
                readinessProbe: { httpGet: { path: '/', port: 80 } },
                resources: { requests: { cpu: '100m', memory: '100Mi' } },
              },
            ],
          },
        },
      },
    });
    expect(problems).toEqual([]);
    expect(object?.kind).toBe('Deployment');
  });

  test('reads a status that knows more than we do', () => {
    const { object, problems } = parseObject({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'a' }] },
      status: {
        podIP: '10.0.0.1',
        invented: { yes: true },
        conditions: [{ type: 'Ready', status: 'True', invented: 1 }],
      },
    });
    expect(problems).toEqual([]);
    expect(object?.status).toEqual({ podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] });
  });

  test.each<[what: string, value: unknown, code: string, message: RegExp]>([
    ['a text', 'x', 'not-an-object', /^found a string, wanted a mapping/],
    ['nothing', null, 'not-an-object', /^found nothing/],
    ['a list', [], 'not-an-object', /^found a list/],
    ['no kind', { apiVersion: 'v1' }, 'not-an-object', /^found no kind, wanted a Kubernetes object/],
    ['a misspelt kind field', { apiVersion: 'v1', kin: 'Pod' }, 'not-an-object', /did you mean "kind" by "kin"/],
    ['a number as version', { apiVersion: 1, kind: 'Pod' }, 'not-an-object', /^found no apiVersion/],
    [
      'a misspelt kind',
      { ...virtualService, kind: 'VirtualServce' },
      'unknown-kind',
      /did you mean "VirtualService"\?$/,
    ],
    [
      'a kind of Istio in the core group',
      { ...virtualService, apiVersion: 'v1' },
      'unknown-kind',
      /wanted networking\.istio\.io\/v1, /,
    ],
    [
      'a version that was never served',
      { ...virtualService, apiVersion: 'networking.istio.io/v2' },
      'unknown-kind',
      /wanted networking/,
    ],
    [
      'a kind called like a property of objects',
      { ...virtualService, kind: 'constructor' },
      'unknown-kind',
      /^unknown kind/,
    ],
    ['no metadata', { ...virtualService, metadata: undefined }, 'invalid-name', /^"name" is missing/],
    ['a bad name', { ...virtualService, metadata: { name: 'A b' } }, 'invalid-name', /^found "A b", wanted a DNS name/],
    [
      'a bad namespace',
      { ...virtualService, metadata: { name: 'a', namespace: 'a.b' } },
      'invalid-name',
      /^found "a\.b", wanted a DNS label/,
    ],
    [
      'a namespace where there is none',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', namespace: 'b' } },
      'invalid-name',
      /lives outside namespaces$/,
    ],
    [
      'a dotted Gateway name',
      { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name: 'a.b' }, spec: { servers: [] } },
      'invalid-name',
      /DNS label/,
    ],
    ['no spec', { ...virtualService, spec: undefined }, 'missing-field', /^"spec" is missing/],
    ['a misspelt spec', { ...virtualService, spce: {} }, 'unknown-field', /did you mean "spec"\?$/],
    [
      'a bad label',
      { ...virtualService, metadata: { name: 'a', labels: { app: 'a b' } } },
      'invalid-value',
      /^found "a b", wanted at most 63/,
    ],
    [
      'a label that is no text',
      { ...virtualService, metadata: { name: 'a', labels: { version: 1 } } },
      'wrong-type',
      /write it in quotes: "1"/,
    ],
  ])('refuses %s', (_what, value, code, message) => {
    const { object, problems } = parseObject(value);
    expect(object).toBeUndefined();
    expect(problems.find((problem) => problem.code === code)?.message).toMatch(message);
  });

  test('says which object is refused, where that can be read', () => {
    const { identity, object } = parseObject({ ...virtualService, spec: { hots: [] } });
    expect(object).toBeUndefined();
    expect(identity).toEqual({ kind: 'VirtualService', namespace: 'default', name: 'cart' });
  });

  test('gives paths from the root of the object', () => {
    expect(parseObject({ ...virtualService, spec: { http: [{ rout: [] }] } }).problems[0]).toMatchObject({
      path: ['spec', 'http', 0, 'rout'],
      suggestion: 'route',
    });
  });

  test.each([
    ['security.istio.io/v1', 'AuthorizationPolicy', 'kind-not-applied'],
    ['gateway.networking.k8s.io/v1', 'Gateway', 'kind-not-applied'],
    ['gateway.networking.k8s.io/v1', 'HTTPRoute', 'kind-not-applied'],
    ['networking.istio.io/v1alpha3', 'EnvoyFilter', 'kind-not-applied'],
    ['apps/v1', 'StatefulSet', 'kind-not-applied'],
    ['v1', 'ConfigMap', 'kind-without-meaning'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'kind-without-meaning'],
  ])('recognises %s %s', (apiVersion, kind, code) => {
    const { object, problems } = parseObject({ apiVersion, kind, metadata: { name: 'a' }, anything: true });
    expect(object).toBeUndefined();
    expect(problems.map((problem) => problem.code)).toEqual([code]);
  });

  test('knows every kind once', () => {
    const all = [...Object.values(kinds), ...undeclaredKinds].flatMap(({ group, versions, kind }) =>
      versions.map((version) => `${group}/${version}/${kind}`),
    );
    expect(all.filter((name, index) => all.indexOf(name) !== index)).toEqual([]);
  });
});
