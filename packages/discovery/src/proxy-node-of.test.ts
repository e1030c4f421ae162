import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { ExtensionSchema, NodeSchema } from '@heddle/envoy-api/core';
import { describe, expect, test } from 'vitest';
import { proxyNodeOf } from './proxy-node-of.ts';

const ID = 'sidecar~10.0.0.1~cart-1.shop~shop.svc.cluster.local';

function read(init: MessageInitShape<typeof NodeSchema> = {}) {
  return proxyNodeOf(create(NodeSchema, { id: ID, ...init }));
}

function agent(userAgentName: string, majorNumber: number, minorNumber: number): MessageInitShape<typeof NodeSchema> {
  return {
    userAgentName,
    userAgentVersionType: { case: 'userAgentBuildVersion', value: { version: { majorNumber, minorNumber } } },
  };
}

describe('proxyNodeOf', () => {
  test('reads the id, labels and namespace', () => {
    expect(read({ metadata: { LABELS: { app: 'cart' }, OTHER: 1 } })).toEqual({
      id: ID,
      type: 'sidecar',
      ip: '10.0.0.1',
      name: 'cart-1',
      namespace: 'shop',
      dnsDomain: 'shop.svc.cluster.local',
      labels: { app: 'cart' },
      capabilities: { dataPlane: 'envoy', minor: 36 },
    });
    expect(read({ metadata: { NAMESPACE: 'other' } }).namespace).toBe('other');
    expect(read({ metadata: { NAMESPACE: '' } }).namespace).toBe('shop');
  });

  test('reads the binding', () => {
    const binding = { address: '127.0.0.1', ports: { '80': 8080 } };
    expect(read({ metadata: { HEDDLE_BIND: binding } }).binding).toEqual(binding);
    expect(read({ metadata: { HEDDLE_BIND: { address: '::1' } } }).binding).toEqual({ address: '::1', ports: {} });
  });

  test.each([
    [null],
    [{ ports: {} }],
    [{ address: '' }],
    [{ address: '127.0.0.1', ports: [] }],
    [{ address: '127.0.0.1', ports: { '0': 80 } }],
    [{ address: '127.0.0.1', ports: { '80': 65_536 } }],
    [{ address: '127.0.0.1', ports: { http: 80 } }],
  ])('refuses the binding %j, except null', (binding) => {
    const readIt = () => read({ metadata: { HEDDLE_BIND: binding } });
    if (binding === null) expect(readIt().binding).toBeUndefined();
    else expect(readIt).toThrow('wanted {address: string, ports: {"PORT": PORT}}');
  });

  test.each([
    ['envoy', 1, 40, { dataPlane: 'envoy', minor: 40 }],
    ['envoy', 1, 37, { dataPlane: 'envoy', minor: 37 }],
    ['envoy', 1, 99, { dataPlane: 'envoy', minor: 40 }],
    ['envoy', 1, 10, { dataPlane: 'envoy', minor: 36 }],
    ['envoy', 2, 40, { dataPlane: 'envoy', minor: 36 }],
    ['gRPC Go', 1, 40, { dataPlane: 'envoy', minor: 36 }],
    ['', 0, 0, { dataPlane: 'envoy', minor: 36 }],
  ])('%s %i.%i has the abilities %j', (name, major, minor, expected) => {
    expect(read(agent(name, major, minor)).capabilities).toEqual(expected);
  });

  test("takes the features of this project's own data plane, in any order", () => {
    const wasm = create(ExtensionSchema, { name: 'envoy.wasm.runtime.v8', category: 'envoy.wasm.runtime' });
    const other = create(ExtensionSchema, { name: 'envoy.filters.http.router', category: 'envoy.filters.http' });
    const built = (...extensions: (typeof wasm)[]) => read({ ...agent('envoy', 1, 38), extensions }).capabilities;
    expect(built(other, wasm)).toEqual({ dataPlane: 'envoy', minor: 38 });
    expect(built(other)).toEqual({ dataPlane: 'envoy', minor: 38, withoutWasm: true });

    const { capabilities } = read({ userAgentName: 'heddle', clientFeatures: ['b', 'a', 'b'] });
    expect(capabilities).toEqual({ dataPlane: 'heddle', features: ['a', 'b'] });
  });
});
