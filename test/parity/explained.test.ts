import type { Explanation, Outcome } from '@heddle/explain';
import { describe, expect, test } from 'vitest';
import { judgeExplanation } from './explained.ts';
import type { CaseRequest } from './parity-case.ts';
import type { Answer } from './send-request.ts';

const request = { path: '/', method: 'GET' } as CaseRequest;
const backends = { port: (index: number) => 9000 + index };
const forwarded: Outcome = {
  kind: 'forwarded',
  protocol: 'http',
  route: 'r',
  legs: [
    {
      cluster: 'c',
      percent: 100,
      path: '/',
      authority: 'web.test',
      leadsTo: 'endpoint',
      endpoints: [{ address: '127.0.0.1', port: 9000, weight: 1 }],
    },
  ],
  timeoutMs: 0,
  mirrors: [],
  faults: {},
};

function explanation(outcome: Outcome): Explanation {
  return {
    version: 1,
    request: { method: 'GET', scheme: 'http', authority: 'web.test', path: '/', port: 80 },
    steps: [],
    outcome,
  };
}

function answer(more: Partial<Answer> & { readonly details?: string }): Answer {
  const { details = 'via_upstream', ...rest } = more;
  return {
    status: 200,
    headers: [],
    body: '',
    trailers: [],
    closes: false,
    received: [
      {
        backend: 0,
        httpVersion: '1.1',
        method: 'GET',
        path: '/',
        headers: ['host', 'web.test'],
        body: '',
        trailers: [],
        onConnection: 1,
      },
    ],
    log: { ROUTE_NAME: 'r', UPSTREAM_CLUSTER_RAW: 'c', RESPONSE_FLAGS: '-', RESPONSE_CODE_DETAILS: details },
    ...rest,
  };
}

function whatDiffers(outcome: Outcome, ...answers: readonly Answer[]): readonly string[] {
  return judgeExplanation(request, explanation(outcome), answers, backends).differences.map(({ what }) => what);
}

describe('judgeExplanation', () => {
  const [leg] = forwarded.legs;
  if (leg === undefined) throw new Error('no leg');
  test.each<[string, Outcome, readonly string[]]>([
    ['what Envoy did', forwarded, []],
    ['another route', { ...forwarded, route: 'other' }, ['explained route']],
    ['another cluster', { ...forwarded, legs: [{ ...leg, cluster: 'd' }] }, ['explained cluster']],
    ['another path', { ...forwarded, legs: [{ ...leg, path: '/x' }] }, ['explained path at the endpoint']],
    ['another host', { ...forwarded, legs: [{ ...leg, authority: 'x' }] }, ['explained host at the endpoint']],
    ['another endpoint', { ...forwarded, legs: [{ ...leg, endpoints: [] }] }, ['explained endpoint']],
    [
      'an answer of the proxy',
      { kind: 'answered', status: 404, flag: 'NR', reason: '' },
      ['explained status', 'explained flag', 'explained route', 'explained upstream requests'],
    ],
    ['a refusal', { kind: 'refused', reason: '' }, ['explained refusal']],
  ])('%s', (_, outcome, wanted) => {
    expect(whatDiffers(outcome, answer({}))).toEqual(wanted);
  });

  test('shares that chance does not explain', () => {
    const legs = [
      { ...leg, percent: 50 },
      { ...leg, percent: 50, cluster: 'd' },
    ];
    const answers = Array.from({ length: 100 }, () => answer({}));
    expect(whatDiffers({ ...forwarded, legs }, ...answers)).toEqual(['explained share of c', 'explained share of d']);
  });

  test('what the codec refused is not judged', () => {
    const verdict = judgeExplanation(
      request,
      explanation(forwarded),
      [answer({ details: 'http1.codec_error' })],
      backends,
    );
    expect(verdict).toEqual({ judged: false, differences: [] });
  });
});
