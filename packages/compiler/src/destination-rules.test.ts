import { parseObject } from '@heddle/api';
import { CLUSTER_TYPE_URL } from '@heddle/envoy-api';
import { type AnyMeshObject, MeshSnapshot, viewOf } from '@heddle/model';
import { describe, expect, test } from 'vitest';
import { createCompiler } from './compiler.ts';

const object = (kind: string, namespace: string, name: string, spec: object): AnyMeshObject => {
  const apiVersion = kind === 'Service' ? 'v1' : 'networking.istio.io/v1';
  const { object: parsed, problems } = parseObject({ apiVersion, kind, metadata: { name, namespace }, spec });
  if (parsed === undefined) throw new Error(JSON.stringify(problems));
  return parsed as AnyMeshObject;
};

const web = object('Service', 'shop', 'web', { clusterIP: '10.0.0.1', ports: [{ name: 'http', port: 80 }] });
const rule = (namespace: string, host: string, exportTo?: string[]): AnyMeshObject =>
  object('DestinationRule', namespace, `of-${namespace}-${host.startsWith('*') ? 'all' : 'one'}`, {
    host,
    ...(exportTo === undefined ? {} : { exportTo }),
    trafficPolicy: { loadBalancer: { simple: 'RANDOM' } },
  });
const HOST = 'web.shop.svc.cluster.local';

/** The rule that decides for clients of a namespace, by the origin of the cluster's load balancing. */
function decidingRule(rules: readonly AnyMeshObject[], clientNamespace: string): string | undefined {
  const snapshot = MeshSnapshot.of([web, ...rules].map((one) => ({ object: one })));
  const compiler = createCompiler({ cache: false });
  const view = viewOf(
    {
      id: '',
      type: 'sidecar',
      ip: '10.1.0.1',
      name: 'a',
      namespace: clientNamespace,
      dnsDomain: `${clientNamespace}.svc.cluster.local`,
      labels: {},
      capabilities: { dataPlane: 'envoy', minor: 40 },
    },
    compiler.selectorKeys(snapshot),
  );
  const origin = compiler.compile(snapshot, view).provenance(CLUSTER_TYPE_URL, `outbound|80||${HOST}`)?.get('lbPolicy');
  return origin === undefined ? undefined : `${origin.resource.namespace}/${origin.resource.name}`;
}

// Istio's `PushContext.destinationRule`.
describe('which DestinationRule is used', () => {
  test.each<[string, readonly AnyMeshObject[], string, string | undefined]>([
    ['none', [], 'client', undefined],
    ["the client's before the service's", [rule('client', HOST), rule('shop', HOST)], 'client', 'client/of-client-one'],
    [
      "the client's, though it is for all hosts",
      [rule('client', '*.cluster.local'), rule('shop', HOST)],
      'client',
      'client/of-client-all',
    ],
    [
      "the service's before the root's",
      [rule('istio-system', HOST), rule('shop', '*.local')],
      'client',
      'shop/of-shop-all',
    ],
    [
      "the root's where there is no other",
      [rule('istio-system', '*.local'), rule('other', HOST)],
      'client',
      'istio-system/of-istio-system-all',
    ],
    [
      "for the root's own clients the service's too",
      [rule('istio-system', HOST), rule('shop', HOST)],
      'istio-system',
      'shop/of-shop-one',
    ],
    [
      'but for those that the root keeps to itself',
      [rule('istio-system', HOST, ['.']), rule('shop', HOST)],
      'istio-system',
      'istio-system/of-istio-system-one',
    ],
    ['which nobody else sees', [rule('istio-system', HOST, ['.'])], 'client', undefined],
    [
      'the narrowest host of a namespace',
      [rule('shop', '*.cluster.local'), rule('shop', HOST)],
      'client',
      'shop/of-shop-one',
    ],
  ])('%s', (_, rules, client, wanted) => {
    expect(decidingRule(rules, client)).toBe(wanted);
  });
});
