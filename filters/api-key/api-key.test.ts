import { fileURLToPath } from 'node:url';
import { buildModule } from '../../test/support/filters/build-module.ts';
import { describeFilter } from '../../test/support/filters/describe-filter.ts';
import type { FilterCase } from '../../test/support/filters/filter-case.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

// sha256 of "hashed".
const HASHED = '1a06df824ed741b53c785079a6347f00eec5af82f9850775409ca69dff4068a6';

const keys = [
  { name: 'alice', key: 'plain' },
  { name: 'bob', sha256: HASHED },
  { name: 'carol', key: 'reports only', paths: ['/reports/**'] },
];
const simple = { keys };
const everywhere = {
  keys,
  sources: [
    { header: 'X-Api-Key' },
    { header: 'authorization', prefix: 'Bearer ' },
    { query: 'key' },
    { cookie: 'key' },
  ],
  exempt: ['/healthz', '/public/**'],
  clientHeader: 'X-Client',
};
const kept = { keys, sources: everywhere.sources, strip: false, body: 'text', realm: 'the shop' };

const cases: readonly FilterCase[] = [
  // Which of two keys the upstream would take nobody knows, so neither counts.
  ...['x-api-key', 'authorization'].map(
    (name): FilterCase => ({
      name: `a right key in ${name} before a wrong one`,
      configuration: everywhere,
      request: { headers: { [name]: name === 'authorization' ? ['Bearer plain', 'Bearer x'] : ['plain', 'x'] } },
      expect: { status: 401, upstream: null, metrics: { 'api_key.unknown': 1, 'api_key.allowed': 0 } },
    }),
  ),
  {
    name: 'no key',
    configuration: simple,
    request: {},
    expect: {
      status: 401,
      body: '{"type":"about:blank","title":"an API key is wanted","status":401}\n',
      headers: { 'content-type': 'application/problem+json', 'www-authenticate': 'ApiKey realm="api"' },
      upstream: null,
      metrics: { 'api_key.missing': 1, 'api_key.allowed': 0 },
    },
  },
  {
    name: 'an empty key',
    configuration: simple,
    request: { headers: { 'x-api-key': '' } },
    expect: { status: 401, upstream: null, metrics: { 'api_key.missing': 1 } },
  },
  {
    name: 'an unknown key',
    configuration: simple,
    request: { headers: { 'x-api-key': 'plain x' } },
    expect: {
      status: 401,
      body: /the API key is not known/,
      upstream: null,
      metrics: { 'api_key.unknown': 1, 'api_key.missing': 0 },
    },
  },
  {
    name: 'the hash of a key is no key',
    configuration: simple,
    request: { headers: { 'x-api-key': HASHED } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'a wrong key before a right one in the same header',
    configuration: simple,
    request: { headers: { 'x-api-key': ['wrong', 'plain'] } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'bytes that are no text',
    configuration: everywhere,
    request: { headers: { 'x-api-key': '\xff\xfe\x80', cookie: '\xff=\x80; key=\xff' } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'a plain key',
    configuration: simple,
    request: { method: 'POST', path: '/a?b=c', headers: { 'X-API-KEY': 'plain', 'x-other': '1' }, body: 'a body' },
    expect: {
      status: 200,
      body: 'upstream',
      upstream: { method: 'POST', path: '/a?b=c', body: 'a body', headers: { 'x-api-key': null, 'x-other': '1' } },
      metrics: { 'api_key.allowed': 1 },
    },
  },
  {
    name: 'a key that is known by its hash',
    configuration: everywhere,
    request: { headers: { 'x-api-key': 'hashed' } },
    expect: { status: 200, upstream: { headers: { 'x-client': 'bob' } } },
  },
  {
    name: 'a key for some paths, there',
    configuration: everywhere,
    request: { path: '/reports/2024?x=1', headers: { 'x-api-key': 'reports only' } },
    expect: { status: 200, upstream: { path: '/reports/2024?x=1', headers: { 'x-client': 'carol' } } },
  },
  {
    name: 'a key for some paths, elsewhere',
    configuration: everywhere,
    request: { path: '/orders', headers: { 'x-api-key': 'reports only' } },
    expect: {
      status: 403,
      body: '{"type":"about:blank","title":"the API key is not for this path","status":403}\n',
      headers: { 'www-authenticate': null },
      upstream: null,
      metrics: { 'api_key.forbidden': 1 },
    },
  },
  {
    name: 'a key behind a scheme, in any case',
    configuration: everywhere,
    request: { headers: { authorization: 'bEARER plain' } },
    expect: { status: 200, upstream: { headers: { authorization: null, 'x-client': 'alice' } } },
  },
  {
    name: 'credentials of another scheme are no key, and the upstream’s',
    configuration: everywhere,
    request: { path: '/?key=plain', headers: { authorization: 'Basic cGxhaW4=' } },
    expect: { status: 200, upstream: { path: '/', headers: { authorization: 'Basic cGxhaW4=' } } },
  },
  {
    name: 'a scheme without a key',
    configuration: everywhere,
    request: { headers: { authorization: 'Bearer ' } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'a key in the query, encoded, between others',
    configuration: everywhere,
    request: { path: '/a?b=1&key=%70lain&c=%20' },
    expect: { status: 200, upstream: { path: '/a?b=1&c=%20', headers: { 'x-client': 'alice' } } },
  },
  {
    name: 'a key in a cookie, among others',
    configuration: everywhere,
    request: { headers: { cookie: 'a=1; key=plain; b=2' } },
    expect: { status: 200, upstream: { headers: { cookie: 'a=1; b=2', 'x-client': 'alice' } } },
  },
  {
    name: 'a key in a cookie alone',
    configuration: everywhere,
    request: { headers: { cookie: 'key=plain' } },
    expect: { status: 200, upstream: { headers: { cookie: null } } },
  },
  {
    name: 'the first source that has a key decides, and all are taken out',
    configuration: everywhere,
    request: { path: '/?key=wrong', headers: { 'x-api-key': 'plain', cookie: 'key=wrong' } },
    expect: { status: 200, upstream: { path: '/', headers: { cookie: null, 'x-api-key': null } } },
  },
  {
    name: 'a wrong key first, a right one later',
    configuration: everywhere,
    request: { path: '/?key=plain', headers: { 'x-api-key': 'wrong' } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'the client cannot say who it is',
    configuration: everywhere,
    request: { headers: { 'x-api-key': 'plain', 'x-client': ['carol', 'root'] } },
    expect: { status: 200, upstream: { headers: { 'x-client': 'alice' } } },
  },
  {
    name: 'a path that needs no key',
    configuration: everywhere,
    request: { path: '/public/a/b?c', headers: { 'x-client': 'root', 'x-api-key': 'wrong' } },
    expect: {
      status: 200,
      upstream: { path: '/public/a/b?c', headers: { 'x-client': null, 'x-api-key': null } },
      metrics: { 'api_key.exempt': 1, 'api_key.allowed': 0, 'api_key.unknown': 0 },
    },
  },
  ...['/publicity', '/healthz/deep', '/?/healthz'].map(
    (path): FilterCase => ({
      name: `a path that is nearly exempt: ${path}`,
      configuration: everywhere,
      request: { path },
      expect: { status: 401, upstream: null },
    }),
  ),
  {
    name: 'parameters of a segment do not make a path exempt',
    configuration: everywhere,
    request: { path: '/public/..;/admin' },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'encoded percent signs do not make a path exempt',
    configuration: everywhere,
    request: { path: '/public/%252e%252e/admin' },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'keys stay where they are, if that is wanted',
    configuration: kept,
    request: { path: '/?key=plain', headers: { 'x-api-key': 'plain', cookie: 'key=plain' } },
    expect: {
      status: 200,
      upstream: { path: '/?key=plain', headers: { 'x-api-key': 'plain', cookie: 'key=plain' } },
    },
  },
  {
    name: 'a refusal as text, with a realm',
    configuration: kept,
    request: {},
    expect: {
      status: 401,
      body: 'an API key is wanted\n',
      headers: { 'content-type': 'text/plain', 'www-authenticate': 'ApiKey realm="the shop"' },
    },
  },
];

describeFilter({
  folder,
  build: () => buildModule(folder),
  cases,
  refused: [
    {
      configuration: { keys: [{ name: 'a', key: 'x', sha256: HASHED }] },
      reason: 'keys[0]: wanted either "key" or "sha256"',
    },
    { configuration: '', reason: 'keys: wanted at least one key' },
    { configuration: '{"keys":', reason: 'it is not JSON: unexpected end at line 1, column 9' },
    { configuration: '\xff', reason: 'it is not JSON' },
    { configuration: [], reason: 'wanted a JSON object' },
    { configuration: { keys: {} }, reason: 'keys: wanted a list' },
    { configuration: { keys: ['x'] }, reason: 'keys[0]: wanted an object' },
    { configuration: { keys: [{ key: 'x' }] }, reason: 'keys[0].name: is missing' },
    { configuration: { keys: [{ name: 'a' }] }, reason: 'keys[0]: wanted either' },
    { configuration: { keys: [{ name: 'a', key: '' }] }, reason: 'keys[0].key: wanted a text' },
    { configuration: { keys: [{ name: 'a', sha256: 'abc' }] }, reason: 'keys[0].sha256: wanted 64 hexadecimal digits' },
    { configuration: { keys: [{ name: 'ä\n', key: 'x' }] }, reason: 'keys[0].name: wanted printable ASCII' },
    {
      configuration: {
        keys: [
          { name: 'a', key: 'x' },
          { name: 'b', key: 'x' },
        ],
      },
      reason: 'keys[1]: is the same key as that of "a"',
      isBeyondSchema: true,
    },
    {
      configuration: { keys: [{ name: 'a', key: 'x', paths: ['x'] }] },
      reason: 'keys[0].paths[0]: found "x", wanted a path',
    },
    { configuration: { keys: [{ name: 'a', key: 'x', path: '/' }] }, reason: 'keys[0].path: there is no such setting' },
    { configuration: { keys, sources: [{ header: 'a', query: 'b' }] }, reason: 'sources[0]: wanted one of' },
    { configuration: { keys, sources: [{ header: 'a b' }] }, reason: 'sources[0].header: wanted the name of a header' },
    {
      configuration: { keys, sources: [{ query: 'a', prefix: 'b' }] },
      reason: 'sources[0].prefix: goes with "header" only',
    },
    { configuration: { keys, exempt: ['x'] }, reason: 'exempt[0]: found "x"' },
    { configuration: { keys, strip: 1 }, reason: 'strip: wanted true or false' },
    { configuration: { keys, body: 'xml' }, reason: 'body: wanted json or text' },
    { configuration: { keys, realm: '"' }, reason: 'realm: wanted a text without quotes' },
    { configuration: { keys, exempted: [] }, reason: 'exempted: there is no such setting' },
  ],
});
