import { create } from '@bufbuild/protobuf';
import { RetryPolicySchema } from '@heddle/envoy-api/route';
import { isGrpcContentType } from '@heddle/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressFromForwardedFor, addressRanges, isInRanges } from './address-range.ts';
import { isValidAuthority } from './authority.ts';
import { encodeGrpcMessage, grpcStatusOf } from './grpc-status.ts';
import { grpcTimeoutMs } from './grpc-timeout.ts';
import { type HeaderList, headerValue, joinedHeaderValue, removeHeader, setHeader } from './header-list.ts';
import { receiveHeaders } from './received-headers.ts';
import { formatResponseFlags } from './response-flag.ts';
import { joinRepeatedFields, removeUpstreamHopHeaders } from './response-preparation.ts';
import { retriesResponse, retryDelayMs, retrySettings } from './retry-policy.ts';

describe('header lists', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const lists = fc
    .array(fc.tuple(names, fc.constantFrom('a', 'b', '1')), { maxLength: 8 })
    .map((pairs) => pairs.flat());

  test('setHeader leaves one value where the first stood, and the others alone', () => {
    fc.assert(
      fc.property(lists, names, (list, name) => {
        const headers = [...list];
        setHeader(headers, name, 'new');
        expect(joinedHeaderValue(headers, name)).toBe('new');
        const others = (all: readonly string[]) => pairs(all).filter(([found]) => found !== name);
        expect(others(headers)).toEqual(others(list));
        const before = pairs(list).findIndex(([found]) => found === name);
        const after = pairs(headers).findIndex(([found]) => found === name);
        expect(after).toBe(before < 0 ? pairs(headers).length - 1 : before);
      }),
    );
  });

  test('removeHeader takes all of one name and tells whether there were any', () => {
    fc.assert(
      fc.property(lists, names, (list, name) => {
        const headers = [...list];
        expect(removeHeader(headers, name)).toBe(headerValue(list, name) !== undefined);
        expect(pairs(headers)).toEqual(pairs(list).filter(([found]) => found !== name));
      }),
    );
  });

  function pairs(list: readonly string[]): [string, string][] {
    return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] as string, list[2 * i + 1] as string]);
  }
});

describe('receiveHeaders', () => {
  test.each<[string, string[], string[], Record<string, unknown>]>([
    ['lower case, in order', ['X-B', '2', 'X-A', '1', 'x-b', '3'], ['x-b', '2', 'x-a', '1', 'x-b', '3'], { count: 3 }],
    ['several hosts as one', ['Host', 'a', 'host', 'b'], [], { host: 'a,b' }],
    ['joined fields as one', ['Accept', 'a', 'x', 'a', 'accept', 'b'], ['accept', 'a,b', 'x', 'a'], {}],
    [
      'fields of the hop out',
      ['Connection', 'Keep-Alive, X-Hop', 'x-hop', '1', 'Keep-Alive', '1', 'Proxy-Connection', 'x'],
      [],
      {},
    ],
    ['te only for trailers', ['TE', 'gzip, trailers;q=1'], ['te', 'trailers'], {}],
    ['te without trailers out', ['TE', 'gzip'], [], {}],
    ['an upgrade', ['Connection', 'upgrade', 'Upgrade', 'WebSocket'], [], { upgrade: 'websocket' }],
    ['an upgrade that Connection does not name', ['Upgrade', 'websocket'], [], { upgrade: undefined }],
    [
      'no upgrade to h2c',
      ['Connection', 'upgrade, http2-settings', 'Upgrade', 'h2c', 'HTTP2-Settings', 'x'],
      [],
      { upgrade: undefined },
    ],
    ['100-continue for the gateway', ['Expect', '100-continue'], [], { expectsContinue: true }],
    ['other expectations for the endpoint', ['Expect', 'x'], ['expect', 'x'], { expectsContinue: false }],
    ['a forbidden nomination', ['Connection', 'x-forwarded-for'], [], { connectionIsInvalid: true }],
    ['an unknown coding', ['Transfer-Encoding', 'gzip'], [], { hasUnknownTransferEncoding: true }],
    ['a referer', ['Referer', 'http://a.example/x'], ['referer', 'http://a.example/x'], {}],
    ['no referer that is no URL', ['Referer', 'a b'], [], {}],
  ])('keeps %s', (_, raw, headers, facts) => {
    expect(receiveHeaders(raw)).toMatchObject({ headers, ...facts });
  });
});

test.each<[string[], string[]]>([
  [
    ['vary', 'a', 'x', 'vary', 'vary', 'b'],
    ['vary', 'a,b', 'x', 'vary'],
  ],
  [
    ['set-cookie', 'a', 'set-cookie', 'b'],
    ['set-cookie', 'a', 'set-cookie', 'b'],
  ],
  [
    ['a', 'vary', 'vary', 'x'],
    ['a', 'vary', 'vary', 'x'],
  ],
])('joinRepeatedFields makes of %j %j', (given, wanted) => {
  joinRepeatedFields(given);
  expect(given).toEqual(wanted);
});

test('removeUpstreamHopHeaders keeps what a 101 must say', () => {
  const headers = [
    'connection',
    'upgrade',
    'upgrade',
    'websocket',
    'keep-alive',
    '1',
    'x',
    'y',
    'transfer-encoding',
    'chunked',
  ];
  expect(removeUpstreamHopHeaders([...headers], true)).toEqual([
    'connection',
    'upgrade',
    'upgrade',
    'websocket',
    'x',
    'y',
  ]);
  expect(removeUpstreamHopHeaders([...headers], false)).toEqual(['x', 'y']);
});

describe('addresses', () => {
  const range = (addressPrefix: string, prefixLen: number) => ({
    $typeName: 'envoy.config.core.v3.CidrRange' as const,
    addressPrefix,
    prefixLen,
  });
  const ranges = addressRanges([range('10.0.0.0', 8), range('fd00::', 8)], []);

  test.each<[string, boolean]>([
    ['10.1.2.3', true],
    ['11.1.2.3', false],
    ['::ffff:10.1.2.3', true],
    ['fd12::1', true],
    ['fe80::1', false],
    ['no address', false],
    ['', false],
  ])('isInRanges(%s) is %s', (address, wanted) => expect(isInRanges(address, ranges)).toBe(wanted));

  test('addressRanges says which range does not parse', () => {
    const problems: string[] = [];
    expect(addressRanges([range('10.0.0.x', 8)], problems)).toEqual([]);
    expect(problems).toEqual(['address range "10.0.0.x" is not an IP address']);
  });

  test.each<[string | undefined, number, string | undefined, boolean]>([
    ['1.1.1.1', 0, '1.1.1.1', true],
    ['1.1.1.1, 2.2.2.2', 0, '2.2.2.2', false],
    ['1.1.1.1, 2.2.2.2', 1, '1.1.1.1', false],
    ['1.1.1.1', 1, undefined, false],
    ['x', 0, undefined, false],
    [undefined, 0, undefined, false],
  ])('addressFromForwardedFor(%s, %d) is %s', (value, hops, address, single) => {
    const found = addressFromForwardedFor(value, hops);
    expect(found?.address).toBe(address);
    expect(found?.single ?? false).toBe(single);
  });

  test.each<[string, boolean]>([
    ['shop.example:80', true],
    ['[::1]:80', true],
    ['', true],
    ['a b', false],
    ['a/b', false],
    ['a\r\nb', false],
    ['\u00e9', false],
  ])('isValidAuthority(%j) is %s', (authority, wanted) => expect(isValidAuthority(authority)).toBe(wanted));
});

describe('gRPC', () => {
  test.each<[string | undefined, boolean]>([
    ['application/grpc', true],
    ['application/grpc+proto', true],
    ['application/grpc-web', false],
    ['text/plain', false],
    [undefined, false],
  ])('isGrpcContentType(%s) is %s', (type, wanted) => expect(isGrpcContentType(type)).toBe(wanted));

  test.each([
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [429, 14],
    [503, 14],
    [500, 2],
  ])('%d stands as %d', (status, grpc) => expect(grpcStatusOf(status)).toBe(grpc));

  test.each<[string | undefined, number | undefined]>([
    ['1S', 1000],
    ['2M', 120_000],
    ['1H', 3_600_000],
    ['5m', 5],
    ['1500u', 2],
    ['1n', 1],
    ['123456789S', undefined],
    ['1', undefined],
    [undefined, undefined],
  ])('grpcTimeoutMs(%s) is %s', (value, wanted) => expect(grpcTimeoutMs(value)).toBe(wanted));

  test('encodeGrpcMessage escapes what is no printable ASCII', () => {
    expect(encodeGrpcMessage('a%b\n\u00e9 c')).toBe('a%25b%0A%E9 c');
  });
});

describe('retries', () => {
  test('retrySettings names what it does not know', () => {
    const problems: string[] = [];
    const policy = create(RetryPolicySchema, {
      retryOn: 'connect-failure, sometimes,http3-post-connect-failure,retriable-headers',
      retryHostPredicate: [{ name: 'envoy.retry_host_predicates.omit_canary_hosts' }],
    });
    expect(retrySettings(policy, problems)).toMatchObject({ maxRetries: 1, baseIntervalMs: 25, maxIntervalMs: 250 });
    expect(problems).toEqual([
      'retry_on "sometimes" is not implemented',
      'retry_host_predicate "envoy.retry_host_predicates.omit_canary_hosts" is not implemented',
    ]);
  });

  test.each<[string, HeaderList, boolean]>([
    ['5xx', [], true],
    ['gateway-error', [], true],
    ['retriable-4xx', [], false],
    ['5xx,gateway-error', ['x-envoy-ratelimited', 'true'], false],
    ['envoy-ratelimited', ['x-envoy-ratelimited', 'true'], true],
    ['envoy-ratelimited', [], false],
  ])('an answer of 503 with retry_on "%s" and headers %j: %s', (retryOn, headers, wanted) => {
    expect(retriesResponse(retrySettings(create(RetryPolicySchema, { retryOn }), []), 503, headers)).toBe(wanted);
  });

  test.each([
    [1, 25],
    [2, 75],
    [3, 175],
    [4, 250],
    [9, 250],
  ])('retry %d waits less than %d ms', (retry, window) => {
    const settings = retrySettings(create(RetryPolicySchema, {}), []);
    expect(retryDelayMs(settings, retry, 0)).toBe(0);
    expect(retryDelayMs(settings, retry, 0.999)).toBe(Math.floor(window * 0.999));
  });
});

test('formatResponseFlags joins flags in the order they were set', () => {
  expect(formatResponseFlags([])).toBe('-');
  expect(formatResponseFlags(['URX', 'UF'])).toBe('URX,UF');
});
