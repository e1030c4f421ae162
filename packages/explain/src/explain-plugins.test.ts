import { parseObject } from '@heddle/api';
import { createCompiler } from '@heddle/compiler';
import { type AnyMeshObject, MeshSnapshot, nodeId, type ProxyNode, viewOf } from '@heddle/model';
import { expect, test } from 'vitest';
import { explainRequest } from './explain-request.ts';
import { explanationText } from './explanation-text.ts';

const identity = {
  type: 'router',
  ip: '127.0.0.1',
  name: 'ingress',
  namespace: 'istio-system',
  dnsDomain: 'istio-system.svc.cluster.local',
} as const;
const node: ProxyNode = {
  ...identity,
  id: nodeId(identity),
  labels: { istio: 'ingressgateway' },
  capabilities: { dataPlane: 'envoy', minor: 40 },
};

const gateway = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'Gateway',
  metadata: { name: 'front', namespace: 'istio-system' },
  spec: {
    selector: { istio: 'ingressgateway' },
    servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
  },
};
const plugin = (name: string, spec: object) => ({
  apiVersion: 'extensions.istio.io/v1alpha1',
  kind: 'WasmPlugin',
  metadata: { name, namespace: 'istio-system' },
  spec,
});

function explain(...plugins: readonly object[]) {
  const objects = [gateway, ...plugins].map((value) => ({ object: parseObject(value).object as AnyMeshObject }));
  const snapshot = MeshSnapshot.of(objects).withPluginModules(
    new Map([['istio-system/broken', { state: 'unavailable' }]]),
  );
  const compiler = createCompiler();
  const compiled = compiler.compile(snapshot, viewOf(node, compiler.selectorKeys(snapshot)));
  return explainRequest({
    compiled,
    pluginOrder: (namespace, name) =>
      snapshot.list('WasmPlugin').find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
        ?.spec,
    request: { method: 'GET', scheme: 'http', authority: 'shop.test', path: '/', port: 80, headers: [], http: 1 },
  });
}

test('explainRequest: names the plugins that a request passes, in their order, with what made them', () => {
  const explanation = explain(
    plugin('later', { url: 'file:///opt/later.wasm', failStrategy: 'FAIL_OPEN', priority: -5 }),
    plugin('who', { url: 'file:///opt/who.wasm', phase: 'AUTHN', pluginName: 'second' }),
  );
  const found = explanation.steps.filter(({ step }) => step === 'filter');
  expect(found).toMatchObject([
    {
      name: 'istio-system.who',
      passed: true,
      place: { object: { kind: 'WasmPlugin', namespace: 'istio-system', name: 'who' }, field: 'spec' },
      notes: [
        'phase AUTHN, priority 0: plugin 1 of 2 on the way',
        'module /opt/who.wasm',
        'its plugin "second"',
        'when it fails, requests are answered with 503',
      ],
    },
    {
      name: 'istio-system.later',
      passed: true,
      notes: [
        'phase UNSPECIFIED_PHASE, priority -5: plugin 2 of 2 on the way',
        'module /opt/later.wasm',
        'when it fails, requests go by the plugin, once those that it was in are answered with 503',
      ],
    },
  ]);
  expect(explanationText(explanation)).toContain('WasmPlugin istio-system/who spec');
});

test('explainRequest: a plugin that cannot run answers', () => {
  const { outcome, steps } = explain(plugin('broken', { url: './broken.wasm' }));
  expect(outcome).toMatchObject({ kind: 'answered', status: 503, flag: 'FI' });
  expect(steps.at(-1)).toMatchObject({
    step: 'filter',
    passed: false,
    name: 'istio-system.broken',
    notes: ['phase UNSPECIFIED_PHASE, priority 0: plugin 1 of 1 on the way'],
    place: { object: { name: 'broken' } },
  });
});
