import { expect, test } from 'vitest';
import { ingressNode, sidecarNode } from './data-plane.ts';

test('a sidecar is named in metrics as its workload, not as one of its pods', () => {
  const pod = {
    namespace: 'shop',
    name: 'cart-1',
    workload: 'cart',
    labels: {},
    annotations: {},
    containers: [],
    folder: '.',
  };
  const node = sidecarNode(pod, { app: 'cart' }, '127.0.0.1');
  expect(node.id).toContain('~cart-1.shop~');
  expect(node.metadata).toEqual({ NAMESPACE: 'shop', WORKLOAD_NAME: 'cart', LABELS: { app: 'cart' } });
});

test('the ingress gateway is named in metrics as in Istio, whatever serves as it', () => {
  for (const kind of ['embedded', 'envoy'] as const) {
    expect(ingressNode('127.0.0.1', kind).metadata).toMatchObject({ WORKLOAD_NAME: 'istio-ingressgateway' });
  }
});
