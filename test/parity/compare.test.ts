import { describe, expect, test } from 'vitest';
import { LOGGED, type LogEntry } from './access-log.ts';
import type { AllowedDifference } from './allowed-differences.ts';
import { checkExpectation, compareAnswers, compareTwo } from './compare.ts';
import type { ReceivedRequest } from './echo-backends.ts';
import type { CaseRequest, Distribution, Expectation } from './parity-case.ts';
import type { Answer } from './send-request.ts';

const log: LogEntry = Object.fromEntries(LOGGED.map((field) => [field, 'same']));
const received: ReceivedRequest = {
  backend: 0,
  httpVersion: '1.1',
  method: 'GET',
  path: '/',
  headers: ['host', 'web.test', 'x-parity-request', '1'],
  body: '',
  trailers: [],
  onConnection: 1,
};
const answer: Answer = {
  status: 200,
  headers: ['Date', 'one', 'x-a', '1', 'x-a', '2'],
  body: 'hello',
  trailers: [],
  closes: false,
  received: [received],
  log,
};
const request = (count: number, distribution: Distribution = 'shares', expectation: Expectation = {}): CaseRequest => ({
  name: 'test',
  method: 'GET',
  path: '/',
  host: 'web.test',
  port: 80,
  copies: 0,
  headers: [],
  body: undefined,
  framing: 'length',
  trailers: [],
  http: 1,
  count,
  distribution,
  afterMs: 0,
  connections: false,
  backend: {},
  expect: expectation,
  differs: undefined,
  tls: undefined,
});
const dateMayDiffer: AllowedDifference = {
  where: 'response',
  name: 'date',
  as: 'present',
  pattern: /^[a-z]+$/,
  reason: 'for this test',
};

describe('compareTwo', () => {
  test('finds nothing between equal answers, nor in the order of different headers, nor in the request ids', () => {
    const other: Answer = {
      ...answer,
      headers: ['x-a', '1', 'X-A', '2', 'date', 'one'],
      received: [{ ...received, headers: ['x-parity-request', '2', 'host', 'web.test'] }],
    };
    expect(compareTwo(answer, other, [])).toEqual([]);
  });

  test.each([
    ['status', { status: 503 }],
    ['broken', { error: 'connection closed' }],
    ['body', { body: 'other' }],
    ['trailers', { trailers: ['a', 'b'] }],
    ['connection closes', { closes: true }],
    ['response header x-a', { headers: ['date', 'one', 'x-a', '2', 'x-a', '1'] }],
    ['response header x-b', { headers: [...answer.headers, 'x-b', ''] }],
    ['response header date', { headers: ['x-a', '1', 'x-a', '2'] }],
    ['upstream requests', { received: [] }],
    ['upstream backend', { received: [{ ...received, backend: 1 }] }],
    ['upstream path', { received: [{ ...received, path: '/other' }] }],
    ['upstream body', { received: [{ ...received, body: 'x' }] }],
    ['upstream header host', { received: [{ ...received, headers: ['host', 'other.test'] }] }],
    ['log RESPONSE_FLAGS', { log: { ...log, RESPONSE_FLAGS: 'UH' } }],
    ['access log', { log: undefined }],
  ] as [string, Partial<Answer>][])('finds a different %s', (what, change) => {
    expect(compareTwo(answer, { ...answer, ...change }, []).map((difference) => difference.what)).toEqual([what]);
  });

  test('allows what is listed, and no more', () => {
    const withDate = (...values: string[]) => ({ ...answer, headers: values.flatMap((value) => ['date', value]) });
    expect(compareTwo(withDate('one'), withDate('two'), [dateMayDiffer])).toEqual([]);
    expect(compareTwo(withDate('one'), withDate('2'), [dateMayDiffer])).toHaveLength(1);
    expect(compareTwo(withDate('one'), withDate(), [dateMayDiffer])).toHaveLength(1);
  });
});

describe('compareAnswers', () => {
  const from = (counts: readonly number[]): Answer[] =>
    counts.flatMap((count, backend) =>
      Array.from({ length: count }, () => ({ ...answer, received: [{ ...received, backend }] })),
    );

  test.each([
    ['shares', [90, 10], [85, 15], 0],
    ['shares', [90, 10], [50, 50], 1],
    ['shares', [100], [0, 100], 1],
    ['exact', [50, 50], [50, 50], 0],
    ['exact', [50, 50], [49, 51], 1],
    ['rounds', [75, 25], [74, 26], 0],
    ['rounds', [75, 25], [71, 29], 1],
    ['set', [1, 99], [99, 1], 0],
    ['set', [50, 50], [100], 1],
  ] as [Distribution, number[], number[], number][])('%s: %j and %j differ in %d', (distribution, a, b, wanted) => {
    expect(compareAnswers(request(100, distribution), from(a), from(b), [])).toHaveLength(wanted);
  });

  test('turns: taking turns is not the same as equal counts by chance', () => {
    const inTurn = Array.from({ length: 20 }, (_, i) => ({ ...answer, received: [{ ...received, backend: i % 2 }] }));
    expect(compareAnswers(request(20, 'turns'), inTurn, [...inTurn.slice(1), ...inTurn.slice(0, 1)], [])).toEqual([]);
    expect(compareAnswers(request(20, 'turns'), inTurn, from([10, 10]), [])).toHaveLength(1);
  });

  test('together: answers are compared whichever request got them', () => {
    const refused = { ...answer, status: 503, received: [] };
    const three = [answer, refused, refused];
    expect(compareAnswers(request(3, 'together'), three, [refused, answer, refused], [])).toEqual([]);
    expect(compareAnswers(request(3, 'together'), three, [refused, answer, answer], [])).toHaveLength(1);
  });

  test('connections: the place of each request on its connection counts', () => {
    const places = (...list: number[]): Answer[] =>
      list.map((onConnection) => ({ ...answer, received: [{ ...received, onConnection }] }));
    const counted = { ...request(4, 'exact'), connections: true };
    expect(compareAnswers(counted, places(1, 2, 1, 2), places(1, 2, 1, 2), [])).toEqual([]);
    expect(compareAnswers(counted, places(1, 2, 1, 2), places(1, 2, 3, 4), [])).toHaveLength(1);
  });

  test('answers of one backend must be alike', () => {
    const other = from([100]).map((one) => ({ ...one, status: 500 }));
    expect(compareAnswers(request(100), from([100]), other, [])).toMatchObject([
      { what: 'backend 0, attempt same: status' },
    ]);
  });
});

describe('checkExpectation', () => {
  const nameOf = (backend: number) => `b${backend}`;

  test.each([
    [{ status: 200, body: 'hello', backend: ['b0'], headers: { 'x-a': '1,2', 'x-b': null }, shares: { b0: 1 } }, []],
    [{ status: 503 }, ['expected status']],
    [{ headers: { 'x-a': null } }, ['expected header x-a']],
    [{ backend: ['b1'] }, ['expected backend']],
    [{ shares: { b0: 0.5 } }, ['expected share of b0']],
    [{ upstream: { path: '/a', headers: { host: 'b' } } }, ['expected upstream path', 'expected upstream header host']],
  ] as [Expectation, string[]][])('%j', (expectation, wanted) => {
    const found = checkExpectation(
      request(100, 'shares', expectation),
      Array.from({ length: 100 }, () => answer),
      nameOf,
    );
    expect(found.map(({ what }) => what)).toEqual(wanted);
  });
});
