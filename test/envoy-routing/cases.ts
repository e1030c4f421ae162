import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { seededRandom } from '../parity/seeded-random.ts';
import type { TestRequest } from './simulate.ts';
import type { StaticListener } from './static-envoy.ts';

/** A listener and what is asked of it. */
export interface Group extends StaticListener {
  readonly name: string;
  readonly requests: readonly TestRequest[];
}

const direct = (name: string, match: JsonObject): JsonObject => ({ name, match, directResponse: { status: 200 } });
const yesOrNo = (match: JsonObject): JsonObject[] => [direct('yes', match), direct('no', { prefix: '/' })];
const virtualHost = (name: string, domains: string[], routes: JsonValue[], more: JsonObject = {}): JsonObject => ({
  name,
  domains,
  routes,
  ...more,
});
const get = (authority: string, path: string, ...headers: string[]): TestRequest => ({ authority, path, headers });

/** One virtual host per entry, asked with every request of the table. */
function table(
  name: string,
  matches: readonly JsonObject[],
  requests: readonly Omit<TestRequest, 'authority'>[],
): Group {
  return {
    name,
    routes: { virtualHosts: matches.map((match, i) => virtualHost(`v${i}`, [`m${i}.test`], yesOrNo(match))) },
    requests: matches.flatMap((_, i) => requests.map((request) => ({ ...request, authority: `m${i}.test` }))),
  };
}

const stringMatchers: JsonObject[] = [
  { exact: 'Abc' },
  { exact: '' },
  { exact: 'Abc', ignoreCase: true },
  { prefix: 'Ab' },
  { prefix: 'aB', ignoreCase: true },
  { suffix: 'bc' },
  { suffix: 'BC', ignoreCase: true },
  { contains: 'b' },
  { contains: 'B', ignoreCase: true },
  { safeRegex: { regex: 'A.c' } },
  { safeRegex: { regex: '(?i)a.c' } },
  { safeRegex: { regex: '.' } },
  { safeRegex: { regex: '..' } },
  { safeRegex: { regex: '[^a]*' } },
  { safeRegex: { regex: 'é' } },
  { exact: 'é' },
];

const headerMatchers: JsonObject[] = [
  {},
  { presentMatch: true },
  { presentMatch: false },
  { exactMatch: 'Abc' },
  { exactMatch: 'Abc,q' },
  { exactMatch: 'q,q' },
  { exactMatch: 'Abc,Abc' },
  { prefixMatch: 'Ab' },
  { suffixMatch: 'bc' },
  { containsMatch: 'b' },
  { safeRegexMatch: { regex: 'A.*' } },
  { rangeMatch: { start: '-10', end: '10' } },
  { rangeMatch: { start: '10', end: '1000' } },
  ...stringMatchers.map((stringMatch): JsonObject => ({ stringMatch })),
].flatMap((matcher) =>
  [false, true].flatMap((invertMatch) =>
    [false, true].map((treatMissingHeaderAsEmpty) => ({
      name: 'X-T',
      ...matcher,
      ...(invertMatch ? { invertMatch } : {}),
      ...(treatMissingHeaderAsEmpty ? { treatMissingHeaderAsEmpty } : {}),
    })),
  ),
);

const headerValues = [
  'Abc',
  'abc',
  'xAbcx',
  '',
  'a',
  '\xc3\xa9',
  '\xe9',
  '5',
  '-10',
  '10',
  '+7',
  ' 7 ',
  '1e1',
  '0x5',
  '99999999999999999999',
  'Abc,Abc',
];

const pathMatchers: JsonObject[] = [
  { prefix: '/' },
  { prefix: '/a' },
  { prefix: '/a/' },
  { prefix: '/a?' },
  { prefix: '/A', caseSensitive: false },
  { prefix: '' },
  { path: '/a' },
  { path: '/a/' },
  { path: '/A/B', caseSensitive: false },
  { path: '/a?x' },
  { pathSeparatedPrefix: '/a' },
  { pathSeparatedPrefix: '/a/b' },
  { pathSeparatedPrefix: '/A', caseSensitive: false },
  { safeRegex: { regex: '/a' } },
  { safeRegex: { regex: '/a.*' } },
  { safeRegex: { regex: '/[ab]/?' } },
  { safeRegex: { regex: '/a\\?x' } },
  { safeRegex: { regex: '/A' }, caseSensitive: false },
  { safeRegex: { regex: '/(a|aa)' } },
  { safeRegex: { regex: '^/a$' } },
  { safeRegex: { regex: '/a|/b' } },
];

const paths = [
  '/',
  '/a',
  '/A',
  '/a/',
  '/a/b',
  '/A/b',
  '/ab',
  '/aa',
  '/b',
  '/a?x',
  '/a/?x',
  '/ab?x',
  '/a/b?/a',
  '/?/a',
  '/a;p',
  '/a;p/b',
  '/a/b;p=1?x;y',
];

const queryMatchers: JsonObject[] = [
  { presentMatch: true },
  { presentMatch: false },
  {},
  ...stringMatchers.map((stringMatch): JsonObject => ({ stringMatch })),
].map((matcher) => ({ name: 'q', ...matcher }));

const queries = [
  '/',
  '/?',
  '/?q',
  '/?q=',
  '/?q=Abc',
  '/?q=abc',
  '/?q=x&q=Abc',
  '/?q=Abc&q=x',
  '/?x=1&q=Abc',
  '/?Q=Abc',
  '/?q=%41bc',
  '/?%71=Abc',
  '/?q=Abc;x=1',
  '/?&&q=Abc',
  '/?q==Abc',
  '/?x?q=Abc',
  '/??q=Abc',
  '/?=q',
  '/?qq=Abc',
];

const cookieMatchers: JsonObject[] = [
  { name: 'c', stringMatch: { exact: 'v' } },
  { name: 'c', stringMatch: { exact: 'v' }, invertMatch: true },
  { name: 'c', stringMatch: { prefix: 'v' } },
  { name: 'c', stringMatch: { exact: '' } },
];

const cookies = [
  'c=v',
  'c="v"',
  'c=v; d=w',
  'd=w; c=v',
  'd=w;c=v',
  'c=w; c=v',
  'c=v; c=w',
  'c',
  'c=',
  'C=v',
  ' c = v ',
  'd=w, c=v',
];

const methodMatchers: JsonObject[] = [
  { prefix: '/', headers: [{ name: 'cookie', stringMatch: { exact: 'a; b' } }] },
  { prefix: '/', headers: [{ name: 'cookie', stringMatch: { exact: 'a,b' } }] },
  { prefix: '/', headers: [{ name: ':method', stringMatch: { exact: 'POST' } }] },
  { prefix: '/', headers: [{ name: ':path', stringMatch: { prefix: '/?a' } }] },
  { prefix: '/', headers: [{ name: ':authority', stringMatch: { suffix: '.test' } }] },
  { prefix: '/', headers: [{ name: 'host', stringMatch: { suffix: '.test' } }] },
  { prefix: '/', headers: [{ name: ':scheme', stringMatch: { exact: 'http' } }] },
  { prefix: '/', grpc: {} },
];

const domains: [string, string[]][] = [
  ['exact', ['a.test', 'A.B.Test', 'port.test:80', '[::1]', '[::1]:80']],
  ['suffix', ['*.test', '*-x.test', '*.b.test', '*.a.b.test']],
  ['prefix', ['a.*', 'a.b.*', 'www.a.b.c.*', '10.*']],
  ['all', ['*']],
];

const authorities = [
  'a.test',
  'A.TEST',
  'a.test:80',
  'a.test:',
  'a.test.',
  'a.b.test',
  'x.b.test',
  'y-x.test',
  '-x.test',
  '.test',
  'test',
  'a.org',
  'a.b.org',
  'a.',
  'a.b.',
  'www.a.b.c.d',
  'port.test',
  'port.test:80',
  'port.test:81',
  'port.test:080',
  '[::1]',
  '[::1]:80',
  '[::1]:81',
  '10.0.0.1',
  'other',
];

function domainGroup(name: string, ignorePortInHostMatching: boolean, withAll: boolean): Group {
  const hosts = domains.filter(([host]) => withAll || host !== 'all');
  const routes = {
    virtualHosts: hosts.map(([host, list]) => virtualHost(host, list, [direct(host, { prefix: '/' })])),
  };
  return {
    name,
    routes: ignorePortInHostMatching ? { ...routes, ignorePortInHostMatching } : routes,
    requests: authorities.map((authority) => get(authority, '/')),
  };
}

const toEcho = (match: JsonObject, action: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  name: 'forward',
  match,
  route: { cluster: 'echo', ...action },
  ...more,
});

const regexRewrite = (regex: string, substitution: string): JsonObject => ({
  regexRewrite: { pattern: { regex }, substitution },
});

const rewrites: JsonObject[] = [
  toEcho({ prefix: '/a' }, { prefixRewrite: '/x' }),
  toEcho({ prefix: '/a/' }, { prefixRewrite: '/' }),
  toEcho({ prefix: '/a' }, { prefixRewrite: '/' }),
  toEcho({ prefix: '/A', caseSensitive: false }, { prefixRewrite: '/x' }),
  toEcho({ prefix: '/' }, { prefixRewrite: '/x/' }),
  toEcho({ path: '/a/b' }, { prefixRewrite: '/x' }),
  toEcho({ pathSeparatedPrefix: '/a' }, { prefixRewrite: '/x' }),
  toEcho({ safeRegex: { regex: '/a.*' } }, { prefixRewrite: '/x' }),
  toEcho({ prefix: '/' }, { prefixRewrite: '/x?y=1' }),
  toEcho({ prefix: '/' }, regexRewrite('/a', '/x')),
  toEcho({ prefix: '/' }, regexRewrite('^/([^/]+)/(.*)$', '/\\2/\\1')),
];

const hostRewrites: JsonObject[] = [
  toEcho({ prefix: '/' }, { hostRewriteLiteral: 'literal.test:1' }),
  toEcho({ prefix: '/' }, { hostRewriteHeader: 'X-T-Host' }),
  ...(
    [
      ['^/(.+)$', '\\1'],
      ['/', ''],
      ['a*', 'X'],
      ['b*', '-'],
      ['b', ''],
      ['(a)|(b)', '[\\1\\2]'],
      ['/', '\\\\'],
      ['.', '\\0\\0'],
      ['$', '!'],
      ['^', 'p'],
      ['é', 'e'],
    ] as const
  ).map(([regex, substitution]) =>
    toEcho({ prefix: '/' }, { hostRewritePathRegex: { pattern: { regex }, substitution } }),
  ),
  { name: 'forward', match: { prefix: '/' }, route: { clusterHeader: 'x-t-cluster' } },
];

const redirects: JsonObject[] = [
  {},
  { httpsRedirect: true },
  { schemeRedirect: 'https' },
  { schemeRedirect: 'http' },
  { hostRedirect: 'h.test' },
  { portRedirect: 8443 },
  { httpsRedirect: true, portRedirect: 443 },
  { hostRedirect: 'h.test:1', portRedirect: 2 },
  { pathRedirect: '/p' },
  { pathRedirect: 'p' },
  { pathRedirect: '/p?z=1' },
  { pathRedirect: '/p?z=1', stripQuery: true },
  { pathRedirect: '/p', stripQuery: true },
  { stripQuery: true },
  { prefixRewrite: '/x' },
  { prefixRewrite: '/x?y=2' },
  { prefixRewrite: 'x' },
  { regexRewrite: { pattern: { regex: '^/([^/]*)/(.*)$' }, substitution: '/\\2/\\1' } },
  { regexRewrite: { pattern: { regex: '.*' }, substitution: '' } },
  { responseCode: 'FOUND' },
  { responseCode: 'SEE_OTHER' },
  { responseCode: 'TEMPORARY_REDIRECT' },
  { responseCode: 'PERMANENT_REDIRECT' },
];

const addHeader = (key: string, value: string, appendAction?: string, more: JsonObject = {}): JsonObject => ({
  header: { key, value },
  ...(appendAction === undefined ? {} : { appendAction }),
  ...more,
});

const actions = ['APPEND_IF_EXISTS_OR_ADD', 'ADD_IF_ABSENT', 'OVERWRITE_IF_EXISTS_OR_ADD', 'OVERWRITE_IF_EXISTS'];

function mutationGroup(name: string, more: JsonObject): Group {
  const level = (who: string): JsonObject => ({
    requestHeadersToAdd: [
      addHeader('x-t-all', who),
      addHeader('x-t-set', who, 'OVERWRITE_IF_EXISTS_OR_ADD'),
      addHeader('x-t-absent', who, 'ADD_IF_ABSENT'),
      addHeader('x-t-exists', who, 'OVERWRITE_IF_EXISTS'),
    ],
    requestHeadersToRemove: [`x-t-gone-${who}`, 'x-t-gone'],
  });
  const single: [string, JsonObject][] = [
    ...actions.map((action): [string, JsonObject] => [
      action,
      { requestHeadersToAdd: [addHeader('x-t-one', 'new', action), addHeader('user-agent', 'new', action)] },
    ]),
    ['twice', { requestHeadersToAdd: [addHeader('x-t-one', '1'), addHeader('x-t-one', '2')] }],
    [
      'set-twice',
      {
        requestHeadersToAdd: [
          addHeader('x-t-one', '1', 'OVERWRITE_IF_EXISTS_OR_ADD'),
          addHeader('x-t-one', '2', 'OVERWRITE_IF_EXISTS_OR_ADD'),
        ],
      },
    ],
    [
      'set-and-add',
      { requestHeadersToAdd: [addHeader('x-t-one', '1'), addHeader('x-t-one', '2', 'OVERWRITE_IF_EXISTS_OR_ADD')] },
    ],
    [
      'remove-and-add',
      { requestHeadersToAdd: [addHeader('x-t-one', 'was %REQ(x-t-one)%')], requestHeadersToRemove: ['x-t-one'] },
    ],
    [
      'empty',
      {
        requestHeadersToAdd: [
          addHeader('x-t-one', ''),
          addHeader('x-t-kept', '', undefined, { keepEmptyValue: true }),
          addHeader('x-t-nothing', '%REQ(x-not-there)%', 'OVERWRITE_IF_EXISTS_OR_ADD'),
        ],
      },
    ],
    [
      'format',
      {
        requestHeadersToAdd: [
          addHeader('x-t-path', '%REQ(:PATH)%'),
          addHeader('x-t-short', '%REQ(:PATH):3%'),
          addHeader('x-t-else', '%REQ(X-Not-There?X-T-One)%|%REQ(x-t-all)%'),
          addHeader('x-t-percent', '100%%'),
          addHeader('x-t-route', '%ROUTE_NAME%'),
          addHeader('x-t-authority', '%REQ(:AUTHORITY)%'),
          addHeader('x-t-query', '%PATH(NQ)%'),
          addHeader('x-t-param', '%QUERY_PARAM(q)%'),
        ],
      },
    ],
    ['append-false', { requestHeadersToAdd: [{ header: { key: 'x-t-one', value: 'new' }, append: false }] }],
    ['append-true', { requestHeadersToAdd: [{ header: { key: 'x-t-one', value: 'new' }, append: true }] }],
  ];
  const weighted: JsonObject = {
    weightedClusters: {
      clusters: [
        { name: 'echo', weight: 1, ...level('leg'), hostRewriteLiteral: 'leg.test' },
        { name: 'other', weight: 0, ...level('never') },
      ],
    },
  };
  return {
    name,
    routes: {
      ...level('config'),
      ...more,
      virtualHosts: [
        virtualHost('levels', ['levels.test'], [toEcho({ prefix: '/' }, {}, level('route'))], level('host')),
        virtualHost(
          'weighted',
          ['weighted.test'],
          [
            { name: 'both', match: { prefix: '/both' }, route: { ...weighted, hostRewriteLiteral: 'route.test' } },
            { name: 'legs', match: { prefix: '/' }, route: weighted, ...level('route') },
          ],
          level('host'),
        ),
        ...single.map(([who, operations]) =>
          virtualHost(who, [`${who.toLowerCase()}.test`], [toEcho({ prefix: '/' }, {}, operations)]),
        ),
      ],
    },
    requests: ['levels', 'weighted', ...single.map(([who]) => who.toLowerCase())].flatMap((who) =>
      [
        [],
        ['x-t-one', 'old'],
        ['x-t-one', 'old', 'x-t-one', 'older', 'user-agent', 'me'],
        ['x-t-gone', '1', 'x-t-gone-route', '1', 'x-t-exists', '1', 'x-t-set', '1', 'x-t-absent', '1', 'x-t-all', '0'],
      ].flatMap((headers) => ['/p?q=1', '/both'].map((path) => get(`${who}.test`, path, ...headers))),
    ),
  };
}

const oddPaths = [
  '/a/../b',
  '/a/..;x/b',
  '/a/.;x/b',
  '/a/..;/../b',
  '/..',
  '/.',
  '/a/.',
  '/a/..',
  '/a/%2e%2e/b',
  '/a/%2E./b',
  '/a\\b',
  '/a\\..\\b',
  '/a//b',
  '/a//../b',
  '//',
  '///',
  '//a//',
  '/%',
  '/%2',
  '/%zz',
  '/a%2fb',
  '/a%2F..%2fb',
  '/a%5cb',
  '/a%5C..%5Cb',
  '/a%2f%2fb',
  '/a?b/../c%2f//',
  '/a%2fb?c%2fd',
  '/a#b',
  '/a?x#b',
  '/a/...',
  '/a/..b/',
  '/a/.b',
  '/a..',
  '/a/%2e',
  '/%2e%2e/%2e%2e/x',
  '//../x',
  '/a/%2e;x/b',
  '/a%00b',
  '/%41%7e%2d%20',
  '/"<>^`{|}',
  "/!$&'()*+,:;=@[]",
  '/%252f',
  '/a%',
  '/a%2',
  '/%25%32%66',
  '/%%2f',
  '/%2%2ff',
  '/%%41b',
  '/%%41',
  '/%%41g',
  '/%%34%31',
  '/%%34%31x/..%%41b',
  '/%a/../%41b',
  '/%%41%42',
];

function normalizationGroup(name: string, manager: JsonObject, random: readonly string[]): Group {
  return {
    name,
    manager,
    routes: { virtualHosts: [virtualHost('all', ['*'], [toEcho({ prefix: '/' })])] },
    requests: [...oddPaths, ...random].map((path) => get('a.test', path)),
  };
}

function randomText(random: (below: number) => number, alphabet: readonly string[], most: number): string {
  return Array.from({ length: random(most + 1) }, () => alphabet[random(alphabet.length)]).join('');
}

/** A virtual host of many overlapping routes: the first that matches must win, however matching is sped up. */
function randomTable(name: string, random: (below: number) => number): Group {
  const alphabet = ['/', 'a', 'b', 'A', '/a', '/b', ';', '.x'];
  const regexes = ['/a.*', '/[ab]/.*', '.*b', '/(a|b)+', '/a{2,3}', '/\\w+/\\w+'];
  const routes = Array.from({ length: 60 }, (_, i) => {
    const path = `/${randomText(random, alphabet, 4)}`;
    const kind = random(8);
    const match: JsonObject =
      kind < 3
        ? { prefix: path }
        : kind < 5
          ? { path }
          : kind === 5
            ? { pathSeparatedPrefix: path.replace(/\/+$/, '').replaceAll('//', '/') || '/a' }
            : { safeRegex: { regex: regexes[random(regexes.length)] ?? '' } };
    if (kind < 6 && random(4) === 0) match['caseSensitive'] = false;
    if (random(3) > 0) match['headers'] = [{ name: 'x-t', stringMatch: { exact: String(random(4)) } }];
    return direct(`r${i}`, match);
  });
  const manager = {};
  const requests = Array.from({ length: 150 }, () =>
    get('a.test', `/${randomText(random, alphabet, 5)}`, 'x-t', String(random(4))),
  );
  return { name, manager, routes: { virtualHosts: [virtualHost('all', ['*'], routes)] }, requests };
}

/** Every group of the differential test. */
export function allGroups(seed: number): Group[] {
  const fraction = seededRandom(seed);
  const random = (below: number) => Math.floor(fraction() * below);
  const pathAlphabet = [
    '/',
    '.',
    '..',
    ';',
    '%2e',
    '%2F',
    '%5c',
    '\\',
    'a',
    '%41',
    '%',
    '//',
    '?',
    '%20',
    '~',
    '"',
    'b',
    '%62',
    '1',
  ];
  const randomPaths = Array.from({ length: 250 }, () => `/${randomText(random, pathAlphabet, 8)}`);
  const prefixed = (matchers: readonly JsonObject[], field: string) =>
    matchers.map((matcher): JsonObject => ({ prefix: '/', [field]: [matcher] }));
  const hosts = (routes: readonly JsonObject[]) =>
    routes.map((route, i) => virtualHost(`v${i}`, [`m${i}.test`], [route]));
  return [
    table('headers', prefixed(headerMatchers, 'headers'), [
      { path: '/' },
      ...headerValues.map((value) => ({ path: '/', headers: ['x-t', value] })),
      ...[
        ['Abc', 'Abc'],
        ['q', 'Abc'],
        ['Abc', 'q'],
        ['q', 'q'],
        ['Abc', ''],
        ['', '5'],
      ].map((values) => ({ path: '/', headers: values.flatMap((value) => ['x-t', value]) })),
    ]),
    table(
      'paths',
      pathMatchers,
      paths.map((path) => ({ path })),
    ),
    table(
      'query parameters',
      prefixed(queryMatchers, 'queryParameters'),
      queries.map((path) => ({ path })),
    ),
    table('cookies', prefixed(cookieMatchers, 'cookies'), [
      { path: '/' },
      ...cookies.map((cookie) => ({ path: '/', headers: ['cookie', cookie] })),
      { path: '/', headers: ['cookie', 'd=w', 'cookie', 'c=v'] },
    ]),
    table('pseudo-headers', methodMatchers, [
      { path: '/' },
      { path: '/?a' },
      { path: '/', headers: ['cookie', 'a', 'cookie', 'b'] },
      { path: '/', method: 'POST', headers: ['content-length', '0'] },
      ...['application/grpc', 'application/grpc+proto', 'application/grpc-web', 'application/grpc;x'].map((type) => ({
        path: '/',
        headers: ['content-type', type],
      })),
    ]),
    domainGroup('domains', false, true),
    domainGroup('domains without *', false, false),
    domainGroup('domains ignoring ports', true, true),
    {
      name: 'path parameters',
      routes: {
        ignorePathParametersInPathMatching: true,
        virtualHosts: pathMatchers.map((match, i) => virtualHost(`v${i}`, [`m${i}.test`], yesOrNo(match))),
      },
      requests: pathMatchers.flatMap((_, i) => paths.map((path) => get(`m${i}.test`, path))),
    },
    {
      name: 'path rewrites',
      routes: { virtualHosts: hosts(rewrites) },
      requests: rewrites.flatMap((_, i) =>
        ['/a', '/a/b', '/A/b?q=/a', '/a/b/c?x', '/ab', '/aabb?aa', '/b/a'].map((path) => get(`m${i}.test`, path)),
      ),
    },
    {
      name: 'host rewrites',
      routes: { virtualHosts: hosts(hostRewrites) },
      requests: hostRewrites.flatMap((_, i) => [
        ...['/p?q', '/a/b', '/aabb?aa', '/b/a', '/aab'].map((path) => get(`m${i}.test`, path)),
        get(`m${i}.test`, '/p', 'x-t-host', 'h1', 'x-t-host', 'h2', 'x-t-cluster', 'other'),
        get(`m${i}.test`, '/p', 'x-t-host', '', 'x-t-cluster', 'echo', 'x-t-cluster', 'none'),
      ]),
    },
    {
      name: 'redirects',
      routes: {
        ignorePortInHostMatching: true,
        virtualHosts: redirects.flatMap((redirect, i) => [
          virtualHost(`v${i}`, [`m${i}.test`], [{ name: 'redirect', match: { prefix: '/a' }, redirect }]),
        ]),
      },
      requests: redirects.flatMap((_, i) =>
        ['', ':80', ':443', ':8080'].flatMap((port) =>
          ['/a', '/a/b?q=1', '/ab?'].map((path) => get(`m${i}.test${port}`, path)),
        ),
      ),
    },
    {
      name: 'required TLS',
      routes: {
        virtualHosts: [virtualHost('all', ['*'], [direct('never', { prefix: '/' })], { requireTls: 'ALL' })],
      },
      requests: ['a.test', 'a.test:80', 'a.test:8080'].map((host) => get(host, '/p?q=1')),
    },
    mutationGroup('header operations', {}),
    mutationGroup('header operations, most specific wins', { mostSpecificHeaderMutationsWins: true }),
    ...[
      { normalizePath: true, mergeSlashes: true },
      { normalizePath: true },
      { mergeSlashes: true },
      {},
      { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD' },
      { normalizePath: true, mergeSlashes: true, pathWithEscapedSlashesAction: 'UNESCAPE_AND_REDIRECT' },
      { pathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD' },
      { normalizePath: true, pathWithEscapedSlashesAction: 'REJECT_REQUEST' },
    ].map((manager) => normalizationGroup(`normalisation ${JSON.stringify(manager)}`, manager, randomPaths)),
    ...Array.from({ length: 6 }, (_, i) => randomTable(`many routes ${i}`, random)),
  ];
}
