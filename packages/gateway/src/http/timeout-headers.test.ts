import { describe, expect, test } from 'vitest';
import type { Exchange } from './exchange.ts';
import { formatGrpcTimeout } from './grpc-timeout.ts';
import type { HeaderList } from './header-list.ts';
import type { ForwardSettings } from './route-settings.ts';
import { perTryTimeoutMs, setTimeoutHeaders } from './timeout-headers.ts';

const EXPECTED = 'x-envoy-expected-rq-timeout-ms';
const GRPC = ['content-type', 'application/grpc'];

function settings(perTryMs: number, maxGrpcTimeoutMs?: number): ForwardSettings {
  return { retry: { perTryTimeoutMs: perTryMs }, maxGrpcTimeoutMs } as ForwardSettings;
}

function headersAfter(
  before: readonly string[],
  forward: ForwardSettings,
  timeoutMs: number,
  elapsedMs: number,
  router = { suppressEnvoyHeaders: false, respectExpectedTimeout: false },
): HeaderList {
  const requestHeaders = [...before];
  setTimeoutHeaders({ requestHeaders, listener: { router } } as unknown as Exchange, forward, timeoutMs, elapsedMs);
  return requestHeaders;
}

describe('setTimeoutHeaders', () => {
  test.each<[string, number, number, number, string | undefined]>([
    ['no limit', 0, 0, 0, undefined],
    ['the whole', 200, 0, 0, '200'],
    ['one attempt', 0, 50, 0, '50'],
    ['one attempt of the whole', 200, 50, 0, '50'],
    ['an attempt as long as the whole', 200, 200, 0, '200'],
    ['an attempt longer than the whole', 200, 300, 0, '200'],
    ['what is left', 200, 0, 150, '50'],
    ['less left than for an attempt', 200, 100, 150, '50'],
    ['nothing left', 200, 0, 200, undefined],
  ])('%s', (_, timeoutMs, perTryMs, elapsedMs, wanted) => {
    expect(headersAfter([], settings(perTryMs), timeoutMs, elapsedMs)).toEqual(
      wanted === undefined ? [] : [EXPECTED, wanted],
    );
  });

  test('gRPC requests are told in their own way on routes that look at it', () => {
    const own = [...GRPC, 'grpc-timeout', '9S'];
    expect(headersAfter(own, settings(0, 0), 200, 0)).toEqual([...GRPC, 'grpc-timeout', '200m', EXPECTED, '200']);
    expect(headersAfter(own, settings(0), 200, 0)).toEqual([...own, EXPECTED, '200']);
    expect(headersAfter(['grpc-timeout', '9S'], settings(0, 0), 200, 0)).toEqual([
      'grpc-timeout',
      '9S',
      EXPECTED,
      '200',
    ]);
  });

  test('the router can keep what the client said, or say nothing', () => {
    const given = [EXPECTED, '9'];
    const kept = { suppressEnvoyHeaders: false, respectExpectedTimeout: true };
    const quiet = { suppressEnvoyHeaders: true, respectExpectedTimeout: false };
    expect(headersAfter(given, settings(0), 200, 0)).toEqual([EXPECTED, '200']);
    expect(headersAfter(given, settings(0), 200, 0, kept)).toEqual(given);
    expect(headersAfter([], settings(0), 200, 0, kept)).toEqual([EXPECTED, '200']);
    expect(headersAfter([], settings(0), 200, 0, quiet)).toEqual([]);
  });
});

test.each([
  [0, 0, 0],
  [50, 0, 50],
  [50, 51, 50],
  [50, 50, 0],
  [50, 49, 0],
])('perTryTimeoutMs: %i of %i gives %i', (perTryMs, timeoutMs, wanted) => {
  expect(perTryTimeoutMs(settings(perTryMs), timeoutMs)).toBe(wanted);
});

test.each([
  [1, '1m'],
  [99_999_999, '99999999m'],
  [100_000_000, '100000S'],
  [99_999_999_999, '99999999S'],
  [100_000_000_000, '1666666M'],
  [6_000_000_000_000, '1666666H'],
  [1e18, '99999999H'],
])('formatGrpcTimeout: %i ms is %s', (ms, wanted) => {
  expect(formatGrpcTimeout(ms)).toBe(wanted);
});
