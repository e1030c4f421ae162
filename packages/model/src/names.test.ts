import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentHash } from './content-hash.ts';
import {
  clusterName,
  gatewayRouteName,
  listenerName,
  parseClusterName,
  sidecarRouteName,
  virtualHostName,
} from './names.ts';
import { nodeId, parseNodeId } from './proxy-node.ts';
import { compareRefs, compareText, formatRef, refKey } from './resource-ref.ts';
import { formatPosition } from './source-range.ts';
import { viewOf } from './view.ts';
import { xdsResource } from './xds-resource.ts';

const word = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,8}[a-z0-9])?$/);

describe('names', () => {
  test('are those that people’s scripts know', () => {
    expect(clusterName({ direction: 'outbound', port: 80, subset: 'v1', host: 'cart.shop.svc.cluster.local' })).toBe(
      'outbound|80|v1|cart.shop.svc.cluster.local',
    );
    expect(clusterName({ direction: 'inbound', port: 8080, subset: '', host: '' })).toBe('inbound|8080||');
    expect(listenerName('0.0.0.0', 80)).toBe('0.0.0.0_80');
    expect(gatewayRouteName(80)).toBe('http.80');
    expect(gatewayRouteName(80, '10.0.0.1')).toBe('http.80.10.0.0.1');
    expect(sidecarRouteName(9080)).toBe('9080');
    expect(virtualHostName('a.b', 80)).toBe('a.b:80');
  });

  test('parseClusterName reads what clusterName writes', () => {
    const parts = fc.record({
      direction: fc.constantFrom('outbound' as const, 'inbound' as const),
      port: fc.integer({ min: 0, max: 65535 }),
      subset: fc.oneof(fc.constant(''), word),
      host: fc.oneof(fc.constant(''), word),
    });
    fc.assert(
      fc.property(parts, (name) => {
        expect(parseClusterName(clusterName(name))).toEqual(name);
      }),
    );
  });

  test.each([
    '',
    'BlackHoleCluster',
    'outbound|80|v1',
    'outbound|80|v1|a|b',
    'sideways|80||a',
    'outbound|x||a',
    'outbound|||a',
    'outbound|-1||a',
    'outbound|123456||a',
  ])('parseClusterName refuses %j', (text) => expect(parseClusterName(text)).toBeUndefined());
});

describe('node ids', () => {
  test('parseNodeId reads what nodeId writes', () => {
    const node = fc.record({
      type: fc.constantFrom('sidecar' as const, 'router' as const),
      ip: fc.ipV4(),
      name: word,
      namespace: fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/),
      dnsDomain: word,
    });
    fc.assert(
      fc.property(node, (value) => {
        expect(parseNodeId(nodeId(value))).toEqual(value);
      }),
    );
  });

  test.each([
    '',
    'x',
    'sidecar~1.2.3.4~a.b',
    'waypoint~1.2.3.4~a.b~c',
    'sidecar~1.2.3.4~a~c',
    'sidecar~1.2.3.4~.b~c',
    'sidecar~1.2.3.4~a.~c',
    'a~b~c.d~e~f',
  ])('parseNodeId says what is wrong with %j', (id) => {
    expect(parseNodeId(id)).toEqual({ problem: expect.stringMatching(/^node id ".*" (?:has|names) .*, wanted /) });
  });
});

describe('references and positions', () => {
  test('read as people say them', () => {
    expect(formatRef({ kind: 'Service', namespace: 'shop', name: 'cart' })).toBe('Service shop/cart');
    expect(formatRef({ kind: 'Namespace', namespace: '', name: 'shop' })).toBe('Namespace shop');
    expect(refKey({ kind: 'Namespace', namespace: '', name: 'shop' })).toBe('Namespace//shop');
    expect(formatPosition({ file: 'a.yaml', start: { line: 1, column: 2 }, end: { line: 3, column: 4 } })).toBe(
      'a.yaml:1:2',
    );
  });

  test('sort by code unit, the same on every machine', () => {
    expect(['b', 'a', 'B', 'ä', '10', '9'].sort(compareText)).toEqual(['10', '9', 'B', 'a', 'b', 'ä']);
    const refs = [
      { kind: 'B', namespace: 'a', name: 'a' },
      { kind: 'A', namespace: 'b', name: 'a' },
      { kind: 'A', namespace: 'a', name: 'b' },
      { kind: 'A', namespace: 'a', name: 'a' },
    ];
    expect([...refs].sort(compareRefs)).toEqual([...refs].reverse());
  });
});

describe('resources', () => {
  test('have the hash of their bytes as version', () => {
    // The first half of SHA-256 of "abc" (FIPS 180-4, example B.1).
    expect(contentHash(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223');
    const bytes = new Uint8Array([1, 2, 3]);
    expect(xdsResource('t', 'n', bytes)).toEqual({ typeUrl: 't', name: 'n', bytes, version: contentHash(bytes) });
  });
});

describe('viewOf', () => {
  const node = {
    id: 'router~1.2.3.4~gw-1.istio-system~d',
    type: 'router' as const,
    ip: '1.2.3.4',
    name: 'gw-1',
    namespace: 'istio-system',
    dnsDomain: 'd',
    labels: { istio: 'ingressgateway', hash: '1' },
    capabilities: { dataPlane: 'envoy' as const, minor: 40 },
  };
  const keys = new Set(['istio', 'app']);

  test('is the same for proxies that differ in what no selector mentions', () => {
    const other = { ...node, id: 'x', ip: '5.6.7.8', name: 'gw-2', labels: { hash: '2', istio: 'ingressgateway' } };
    expect(viewOf(other, keys)).toEqual(viewOf(node, keys));
    expect(viewOf(node, keys).labels).toEqual({ istio: 'ingressgateway' });
  });

  test.each([
    ['type', { type: 'sidecar' as const }],
    ['namespace', { namespace: 'other' }],
    ['a selected label', { labels: { istio: 'egressgateway' } }],
    ['binding', { binding: { address: '127.0.0.1', ports: {} } }],
    ['version', { capabilities: { dataPlane: 'envoy' as const, minor: 39 } }],
    ['data plane', { capabilities: { dataPlane: 'heddle' as const, features: [] } }],
  ])('is another for another %s', (_what, change) => {
    expect(viewOf({ ...node, ...change }, keys).key).not.toBe(viewOf(node, keys).key);
  });

  test('does not depend on the order of labels, ports and features', () => {
    const one = {
      ...node,
      labels: { app: 'a', istio: 'b' },
      binding: { address: 'x', ports: { '80': 1, '443': 2 } },
      capabilities: { dataPlane: 'heddle' as const, features: ['a', 'b'] },
    };
    const two = {
      ...one,
      labels: { istio: 'b', app: 'a' },
      binding: { address: 'x', ports: { '443': 2, '80': 1 } },
      capabilities: { dataPlane: 'heddle' as const, features: ['b', 'a'] },
    };
    expect(viewOf(two, keys).key).toBe(viewOf(one, keys).key);
  });
});
