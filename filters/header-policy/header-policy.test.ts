import { fileURLToPath } from 'node:url';
import { buildModule } from '../../test/support/filters/build-module.ts';
import { describeFilter } from '../../test/support/filters/describe-filter.ts';
import type { FilterCase } from '../../test/support/filters/filter-case.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

const rules = {
  limits: { count: 24, totalBytes: 700, valueBytes: 100, pathBytes: 60 },
  request: [
    {
      remove: ['x-internal-*', 'X-Secret'],
      rename: { 'X-Old': 'x-new' },
      set: { 'X-Edge': 'yes' },
      add: { 'x-hop': 'edge' },
    },
    { paths: ['/api/**'], require: ['x-caller'], message: 'say who calls' },
    {
      paths: ['/api/**'],
      methods: ['POST', 'PUT'],
      allow: [{ header: 'content-type', glob: 'application/json*' }],
      status: 415,
    },
    { deny: [{ header: 'user-agent', regex: '(?i)sqlmap|nikto' }, { header: 'x-debug' }], status: 403 },
    { deny: [{ header: 'x-*', regex: '\\$\\{jndi:' }] },
    { allow: [{ header: ':authority', glob: 'test*' }], status: 421 },
  ],
};
const responses = {
  response: [
    {
      remove: ['x-debug-*'],
      rename: { 'x-version': 'x-build' },
      set: { 'cache-control': 'no-store' },
      add: { vary: 'cookie' },
    },
    { paths: ['/api/**'], methods: ['GET'], set: { 'x-api': 'read' } },
    { statuses: ['404', '5xx'], set: { 'x-failed': 'yes' } },
    { deny: [{ header: 'x-leak', glob: '*secret*' }], message: 'the answer is withheld' },
    { paths: ['/typed'], require: ['content-type'], status: 500 },
  ],
};
const presets = { presets: { hsts: { preload: true }, csp: 'self', browser: true, hideServer: true } };
const custom = { presets: { hsts: { maxAge: 60, includeSubDomains: false }, csp: "default-src 'none'; img-src *" } };

const cases: readonly FilterCase[] = [
  ...(
    [
      ['denies by the second value', { 'user-agent': ['curl', 'sqlmap'] }, 403],
      ['denies by a header that came twice', { 'x-debug': ['', ''] }, 403],
      ['denies by the second value of any header', { 'x-any': ['a', '${jndi:ldap'] }, 400],
      ['takes what came twice and is wanted', { 'x-caller': ['a', 'b'] }, 200],
    ] as const
  ).map(
    ([name, headers, status]): FilterCase => ({
      name: `${name}, of headers that came twice`,
      configuration: rules,
      request: { path: '/api/x', headers: { 'x-caller': 'me', ...headers } },
      expect: { status, ...(status === 200 ? {} : { upstream: null }) },
    }),
  ),
  {
    name: 'removes, renames, sets and adds',
    configuration: rules,
    request: {
      method: 'POST',
      path: '/?q',
      headers: {
        'x-internal-a': '1',
        'X-Internal-B': ['1', '2'],
        'x-secret': '1',
        'x-old': ['a', 'b'],
        'x-edge': ['no', 'never'],
        'x-hop': 'client',
        'x-other': 'kept',
      },
      body: 'a body',
    },
    expect: {
      status: 200,
      upstream: {
        method: 'POST',
        path: '/?q',
        body: 'a body',
        headers: {
          'x-internal-a': null,
          'x-internal-b': null,
          'x-secret': null,
          'x-old': null,
          'x-new': 'a,b',
          'x-edge': 'yes',
          'x-hop': 'client,edge',
          'x-other': 'kept',
        },
      },
    },
  },
  {
    name: 'a header that is wanted and not there',
    configuration: rules,
    request: { path: '/api/a' },
    expect: {
      status: 400,
      body: 'say who calls\n',
      headers: { 'content-type': 'text/plain' },
      upstream: null,
      metrics: { 'header_policy.missing': 1, 'header_policy.denied': 0 },
    },
  },
  {
    name: 'a header that is wanted and empty',
    configuration: rules,
    request: { path: '/api', headers: { 'x-caller': '' } },
    expect: { status: 400, upstream: null },
  },
  {
    name: 'a header that is wanted and there',
    configuration: rules,
    request: { path: '/api/a', headers: { 'X-Caller': 'me' } },
    expect: { status: 200, upstream: { headers: { 'x-caller': 'me' } } },
  },
  {
    name: 'a path that may be read as one under a rule',
    configuration: rules,
    request: { path: '/x;/..;/api/a' },
    expect: { status: 400, body: 'say who calls\n', upstream: null },
  },
  {
    name: 'a value that is not among the allowed',
    configuration: rules,
    request: { method: 'PUT', path: '/api/a', headers: { 'x-caller': 'me', 'content-type': 'text/xml' }, body: '<a/>' },
    expect: {
      status: 415,
      body: 'the header content-type has a value that is not allowed\n',
      upstream: null,
      metrics: { 'header_policy.unmatched': 1 },
    },
  },
  {
    name: 'a value that is among the allowed',
    configuration: rules,
    request: {
      method: 'PUT',
      path: '/api/a',
      headers: { 'x-caller': 'me', 'content-type': 'application/json; charset=utf-8' },
      body: '{}',
    },
    expect: { status: 200, upstream: { body: '{}' } },
  },
  {
    name: 'another method is not under the rule',
    configuration: rules,
    request: { path: '/api/a', headers: { 'x-caller': 'me', 'content-type': 'text/xml' } },
    expect: { status: 200 },
  },
  {
    name: 'a value that is denied, in any case',
    configuration: rules,
    request: { headers: { 'user-agent': 'Mozilla/5.0 SQLMap/1.0' } },
    expect: {
      status: 403,
      body: 'the header user-agent is denied\n',
      upstream: null,
      metrics: { 'header_policy.denied': 1 },
    },
  },
  {
    name: 'a header that is denied whatever its value',
    configuration: rules,
    request: { headers: { 'X-Debug': '' } },
    expect: { status: 403, body: 'the header x-debug is denied\n', upstream: null },
  },
  {
    name: 'a denied value behind another one of the same name, under a glob over names',
    configuration: rules,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what attackers send
    request: { headers: { 'x-forwarded-name': ['fine', 'a ${jndi:ldap://x}'] } },
    expect: { status: 400, body: 'the header x-forwarded-name is denied\n', upstream: null },
  },
  {
    name: 'an authority that is not among the allowed',
    configuration: rules,
    request: { authority: 'other' },
    expect: { status: 421, upstream: null },
  },
  {
    name: 'bytes that are no text',
    configuration: rules,
    request: { headers: { 'x-bytes': '\xff\xfe\x80', 'user-agent': '\xc3' } },
    expect: { status: 200, upstream: { headers: { 'x-bytes': '\xff\xfe\x80' } } },
  },
  {
    name: 'too many headers',
    configuration: rules,
    request: { headers: Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`a-${i}`, '1'])) },
    expect: {
      status: 431,
      body: "the request's headers exceed a limit\n",
      upstream: null,
      metrics: { 'header_policy.too_large': 1 },
    },
  },
  {
    name: 'headers that are too large together',
    configuration: rules,
    request: { headers: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`a-${i}`, 'x'.repeat(90)])) },
    expect: { status: 431, upstream: null },
  },
  {
    name: 'a value that is too large',
    configuration: rules,
    request: { headers: { 'a-1': 'x'.repeat(101) } },
    expect: { status: 431, body: "the request's header values exceed a limit\n", upstream: null },
  },
  {
    name: 'a path that is too large',
    configuration: rules,
    request: { path: `/${'x'.repeat(60)}` },
    expect: { status: 414, upstream: null },
  },
  {
    name: 'headers of a response',
    configuration: responses,
    request: { path: '/api/a' },
    response: {
      headers: { 'x-debug-time': '1', 'x-version': '7', 'cache-control': 'public', vary: 'accept' },
      body: 'ok',
    },
    expect: {
      status: 200,
      body: 'ok',
      headers: {
        'x-debug-time': null,
        'x-version': null,
        'x-build': '7',
        'cache-control': 'no-store',
        vary: /^accept, ?cookie$/,
        'x-api': 'read',
        'x-failed': null,
      },
    },
  },
  {
    name: 'a response with another status to another method',
    configuration: responses,
    request: { method: 'DELETE', path: '/api/a' },
    response: { status: 503 },
    expect: { status: 503, headers: { 'x-api': null, 'x-failed': 'yes', 'cache-control': 'no-store' } },
  },
  {
    name: 'one status of many',
    configuration: responses,
    request: { path: '/' },
    response: { status: 404 },
    expect: { status: 404, headers: { 'x-failed': 'yes' } },
  },
  {
    name: 'a status beside it',
    configuration: responses,
    request: { path: '/' },
    response: { status: 403 },
    expect: { status: 403, headers: { 'x-failed': null } },
  },
  {
    name: 'a response that is withheld',
    configuration: responses,
    request: { path: '/' },
    response: { headers: { 'x-leak': 'a secret of ours' }, body: 'the secret' },
    expect: { status: 502, body: 'the answer is withheld\n', headers: { 'x-leak': null } },
  },
  {
    name: 'a response without what is wanted',
    configuration: responses,
    request: { path: '/typed' },
    expect: { status: 500, body: 'wanted a header content-type\n' },
  },
  {
    name: 'presets',
    configuration: presets,
    request: {},
    response: { headers: { 'x-powered-by': 'us', 'content-type': 'text/html' }, body: '<p>' },
    expect: {
      status: 200,
      body: '<p>',
      headers: {
        'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
        'content-security-policy':
          "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'strict-origin-when-cross-origin',
        'cross-origin-opener-policy': 'same-origin',
        'x-powered-by': null,
      },
    },
  },
  {
    name: 'presets where the server has its own',
    configuration: presets,
    request: {},
    response: { headers: { 'content-security-policy': "default-src 'none'", 'x-frame-options': 'DENY' } },
    expect: {
      status: 200,
      headers: { 'content-security-policy': "default-src 'none'", 'x-frame-options': 'DENY' },
    },
  },
  {
    name: 'presets as they are wanted',
    configuration: custom,
    request: {},
    expect: {
      status: 200,
      headers: {
        'strict-transport-security': 'max-age=60',
        'content-security-policy': "default-src 'none'; img-src *",
        'x-frame-options': null,
      },
    },
  },
  {
    name: 'no configuration is no rule',
    configuration: '',
    request: { path: '/odd;path', headers: { 'x-a': '1' } },
    expect: { status: 200, upstream: { headers: { 'x-a': '1' } } },
  },
];

describeFilter({
  folder,
  build: () => buildModule(folder),
  cases,
  refused: [
    {
      configuration: { request: [{ deny: [{ header: 'a', regex: '(' }] }] },
      reason: 'request[0].deny[0].regex: ',
      isBeyondSchema: true,
    },
    { configuration: '[', reason: 'it is not JSON' },
    { configuration: { requests: [] }, reason: 'requests: there is no such setting' },
    {
      configuration: { request: [{ require: ['a b'] }] },
      reason: 'request[0].require[0]: found "a b", wanted the name of a header',
    },
    { configuration: { request: [{ statuses: ['404'] }] }, reason: 'request[0].statuses: there is no such setting' },
    {
      configuration: { response: [{ statuses: ['600'] }] },
      reason: 'response[0].statuses[0]: wanted a status such as 404',
    },
    { configuration: { request: [{ deny: [{}] }] }, reason: 'request[0].deny[0].header: is missing' },
    {
      configuration: { request: [{ deny: [{ header: 'a', glob: 'b', regex: 'c' }] }] },
      reason: 'request[0].deny[0]: wanted one of',
    },
    {
      configuration: { request: [{ allow: [{ header: 'a' }] }] },
      reason: 'request[0].allow[0]: wanted "glob" or "regex"',
    },
    {
      configuration: { request: [{ set: { ':path': '/' } }] },
      reason: 'request[0].set.:path: wanted the name of a header',
    },
    {
      configuration: { request: [{ set: { Host: 'a' } }] },
      reason: 'request[0].set.Host: wanted the name',
      isBeyondSchema: true,
    },
    {
      configuration: { request: [{ set: { a: 'b\r\nc: d' } }] },
      reason: 'request[0].set.a: wanted a text without control characters',
    },
    { configuration: { request: [{ add: { a: 1 } }] }, reason: 'request[0].add.a: wanted a text' },
    {
      configuration: { request: [{ rename: { a: 'content-length' } }] },
      reason: 'request[0].rename.a: wanted the name',
      isBeyondSchema: true,
    },
    {
      configuration: { request: [{ remove: ['transfer-encoding'] }] },
      reason: 'request[0].remove[0]: found "transfer-encoding"',
      isBeyondSchema: true,
    },
    {
      configuration: { request: [{ status: 200 }] },
      reason: 'request[0].status: wanted a whole number from 400 to 599',
    },
    { configuration: { limits: { count: 0 } }, reason: 'limits.count: wanted a whole number from 1 to 1000' },
    { configuration: { presets: { csp: 'strict' } }, reason: 'presets.csp: wanted api, self, or a policy' },
    {
      configuration: { presets: { hsts: { maxAge: 60, preload: true } } },
      reason: 'presets.hsts.preload: goes with',
      isBeyondSchema: true,
    },
  ],
});
