import type { CaseObject, CaseRequest, ParityCase } from './parity-case.ts';

/** Objects with most of what routes can say, for requests made at random. */
const routes: CaseObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'app', namespace: 'default' },
  spec: {
    hosts: ['*'],
    gateways: ['ingress'],
    http: [
      {
        name: 'redirect',
        match: [{ uri: { prefix: '/r/' } }],
        redirect: { uri: '/new', authority: 'other.test', redirectCode: 302 },
      },
      {
        name: 'rewrite',
        match: [{ uri: { prefix: '/a/' } }, { uri: { regex: '/[xyz]+\\.html' } }],
        rewrite: { uri: '/rewritten/' },
        route: [{ destination: { host: 'app', subset: 'v2' } }],
      },
      {
        name: 'conditions',
        match: [
          { headers: { 'x-a': { exact: '1' }, 'x-b': {} } },
          { queryParams: { q: { prefix: 'b' } }, method: { regex: 'P.*|DELETE' } },
        ],
        headers: {
          request: { set: { 'x-set': '%REQ(x-a)%' }, add: { 'x-a': 'more', accept: 'added' }, remove: ['x-b'] },
          response: { set: { 'x-set': '%RESPONSE_CODE%' }, add: { vary: 'x-a' }, remove: ['x-secret'] },
        },
        route: [{ destination: { host: 'app', subset: 'v2' } }],
      },
      { name: 'rest', route: [{ destination: { host: 'app', subset: 'v1' } }] },
    ],
  },
};

/**
 * A case of requests that `random` makes: odd paths, repeated and forbidden headers, bodies of all framings, answers of all kinds, over
 * HTTP/1.1 and HTTP/2.
 *
 * @param base the objects of the bases `ingress` and `versions`
 */
export function randomCase(count: number, random: () => number, base: readonly CaseObject[]): ParityCase {
  return {
    name: 'random-requests',
    about: 'requests made at random',
    views: ['gateway'],
    resources: [...base, routes],
    requests: Array.from({ length: count }, () => randomRequest(random)),
    backendTls: undefined,
    invalid: false,
  };
}

function randomRequest(random: () => number): CaseRequest {
  const below = (limit: number): number => Math.floor(random() * limit);
  const one = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make);
  const chance = (share: number): boolean => random() < share;

  const http = chance(0.3) ? 2 : 1;
  const method = one(['GET', 'GET', 'GET', 'HEAD', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
  const path = `/${some(5, () => one(PATH_PARTS)).join('')}${chance(0.4) ? `?${some(3, () => one(QUERY_PARTS)).join('&')}` : ''}`;
  // HTTP/2 has no spaces around values (RFC 9113 section 8.2.1); nghttp2 drops such fields before the gateway sees them.
  const values = http === 2 ? HEADER_VALUES.filter((value) => value === value.trim()) : HEADER_VALUES;
  const headers = some(5, () => [one(HEADER_NAMES), one(values)]).flat();
  const hasBody = chance(0.4);
  const body = hasBody ? some(3, () => one(['a', 'hello', 'x'.repeat(5_000), '\u00e9'])) : undefined;
  return {
    name: `${method} ${path} ${JSON.stringify(headers)}`,
    method,
    path,
    host: one(['web.test', 'web.test:80', 'WEB.test', 'a.b', '10.0.0.1:8080']),
    port: 80,
    headers,
    body,
    framing: http === 1 && chance(0.5) ? 'chunked' : 'length',
    trailers: [],
    http,
    count: 1,
    copies: 0,
    distribution: 'shares',
    afterMs: 0,
    connections: false,
    backend: {
      ...(chance(0.4) ? { status: one([200, 201, 204, 206, 301, 304, 400, 404, 500, 503]) } : {}),
      ...(chance(0.5) ? { headers: some(4, () => [one(RESPONSE_NAMES), one(HEADER_VALUES)]).flat() } : {}),
      ...(chance(0.2) ? { chunked: true } : {}),
      ...(chance(0.2) ? { bytes: one([0, 1, 10_000]) } : {}),
    },
    expect: {},
    differs: undefined,
    tls: undefined,
  };
}

const PATH_PARTS = [
  ...[
    'a/',
    'r/',
    'x.html',
    'b',
    '/',
    './',
    '../',
    '..',
    '%2e',
    '%2F',
    '%5c',
    '\\',
    ';p=1',
    '%41',
    '%',
    '%zz',
    '~',
    '"',
  ],
  ...['%00', '|', '%41', '%62', '1', '%C3%A9', "'", ':', '@', '*', '.;/', '..;/', '%25', '%2525'],
];
const QUERY_PARTS = ['q=b', 'q=1', 'q', 'r=//', 'x=../', '%2F=%2e', 'q=b%20c', '', '=', 'q=b#'];
// Without `x-forwarded-proto`: Envoy looks for the route of a request it refuses for its path only when the client has sent that field.
const HEADER_NAMES = [
  ...['x-a', 'x-b', 'X-A', 'accept', 'accept', 'cookie', 'user-agent', 'x-forwarded-for', 'via'],
  ...['x-envoy-retry-on', 'x-request-id', 'te', 'referer', 'origin', 'authorization', 'range'],
  ...['cache-control', 'x-envoy-anything', 'content-type', 'accept-encoding', 'x-envoy-decorator-operation', 'pragma'],
  ...['x-forwarded-host', 'x-real-ip', 'forwarded', 'if-none-match', 'x-client-trace-id', 'traceparent'],
];
const HEADER_VALUES = [
  '1',
  'a',
  '',
  'a, b',
  ' spaced ',
  'trailers',
  'http://a.test/',
  '5xx',
  '10.0.0.1',
  'x'.repeat(300),
  '\u00e9',
  '"q"',
  'a=b; c=d',
];
const RESPONSE_NAMES = [
  ...['x-a', 'x-secret', 'vary', 'set-cookie', 'server', 'date', 'via', 'location', 'etag', 'cache-control', 'link'],
  ...[
    'content-type',
    'x-envoy-upstream-service-time',
    'x-request-id',
    'x-envoy-attempt-count',
    'age',
    'x_under',
    'expires',
  ],
];
