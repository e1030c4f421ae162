import { fromJson, type JsonObject } from '@bufbuild/protobuf';
import { ListenerSchema } from '@heddle/envoy-api/listener';
import { describe, expect, test } from 'vitest';
import { type ConnectionView, chooseFilterChain } from './filter-chain.ts';

function choose(matches: readonly JsonObject[], connection: Partial<ConnectionView>, more: JsonObject = {}) {
  const listener = fromJson(ListenerSchema, {
    filterChains: matches.map((filterChainMatch, index) => ({ name: String(index), filterChainMatch })),
    ...more,
  });
  const view = { serverName: '', transportProtocol: 'raw_buffer', applicationProtocols: [], ...connection };
  return chooseFilterChain(listener, view);
}

describe('chooseFilterChain', () => {
  const names = [{ serverNames: ['a.b.c'] }, { serverNames: ['*.b.c'] }, { serverNames: ['.c'] }, {}];
  test.each([
    ['a.b.c', 0],
    ['A.B.C', 0],
    ['x.b.c', 1],
    ['x.a.b.c', 1],
    ['x.c', 2],
    ['b.c', 2],
    ['c', 3],
    ['', 3],
  ])('server name "%s": chain %d', (serverName, wanted) => {
    expect(choose(names, { serverName, transportProtocol: 'tls' }).index).toBe(wanted);
  });

  const addresses = [
    { prefixRanges: [{ addressPrefix: '10.0.0.0', prefixLen: 8 }] },
    { prefixRanges: [{ addressPrefix: '10.1.0.0', prefixLen: 16 }] },
    { prefixRanges: [{ addressPrefix: 'fd00::', prefixLen: 8 }] },
    {},
  ];
  test.each([
    ['10.2.3.4', 0],
    ['10.1.3.4', 1],
    ['::ffff:10.1.3.4', 1],
    ['fd00::1', 2],
    ['192.0.2.1', 3],
  ])('destination %s: chain %d', (destinationAddress, wanted) => {
    expect(choose(addresses, { destinationAddress }).index).toBe(wanted);
  });

  test.each([
    [['h2', 'http/1.1'], 1],
    [['http/1.1'], 0],
    [['mqtt'], 2],
    [[], 2],
  ])('protocols %o: chain %d', (applicationProtocols, wanted) => {
    const matches = [{ applicationProtocols: ['http/1.1'] }, { applicationProtocols: ['h2'] }, {}];
    expect(choose(matches, { applicationProtocols }).index).toBe(wanted);
  });

  test('the port goes before everything else, and what was passed over does not come back', () => {
    const matches = [{ destinationPort: 80, serverNames: ['x'] }, { serverNames: ['y'] }];
    const found = choose(matches, { destinationPort: 80, serverName: 'y' });
    expect(found.chain).toBeUndefined();
    expect([...found.passedOver]).toEqual([
      [1, 'destination port'],
      [0, 'server name'],
    ]);
  });

  test('the default chain takes what no other does', () => {
    const found = choose([{ transportProtocol: 'tls' }], {}, { defaultFilterChain: { name: 'default' } });
    expect([found.index, found.chain?.name]).toEqual([-1, 'default']);
    expect(found.passedOver.get(0)).toBe('transport protocol');
  });

  test.each([
    ['127.0.0.1', 0],
    ['10.0.0.9', 0],
    ['10.0.0.1', 1],
  ])('source %s: chain %d', (sourceAddress, wanted) => {
    const matches = [{ sourceType: 'SAME_IP_OR_LOOPBACK' }, { sourceType: 'EXTERNAL' }];
    expect(choose(matches, { sourceAddress, destinationAddress: '10.0.0.9' }).index).toBe(wanted);
  });
});
