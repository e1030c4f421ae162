import { createHash, createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { buildModule } from '../../test/support/filters/build-module.ts';
import { describeFilter } from '../../test/support/filters/describe-filter.ts';
import type { FilterCase } from '../../test/support/filters/filter-case.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

const sha = (password: string) => `{SHA}${createHash('sha1').update(password).digest('base64')}`;
const hmac = (salt: string, password: string) =>
  `{HMAC-SHA256}${salt}:${createHmac('sha256', salt).update(password).digest('hex')}`;
const basic = (credentials: string, encoding: BufferEncoding = 'utf8') =>
  `Basic ${Buffer.from(credentials, encoding).toString('base64')}`;

const LONG = 'x'.repeat(119);
const users = [
  `alice:${sha('open sesame')}`,
  `bob:${hmac('s:alt', 'pässword:with colon')}`,
  `carol:${sha(LONG)}`,
  `dave:${sha('')}`,
];
const simple = { users };
const ruled = {
  users,
  realm: 'the shop',
  body: 'text',
  userHeader: 'X-User',
  exempt: ['/healthz'],
  rules: [
    { paths: ['/admin/public'], users: ['alice', 'bob'] },
    { paths: ['/admin/**'], users: ['alice'] },
    { paths: ['/closed'] },
  ],
};
const kept = { users, strip: false };

const asked: FilterCase['expect'] = { status: 401, upstream: null, headers: { 'www-authenticate': /^Basic / } };

const cases: readonly FilterCase[] = [
  {
    name: 'right credentials before those of somebody else',
    configuration: simple,
    request: { headers: { authorization: [basic('alice:open sesame'), basic('eve:x')] } },
    expect: { ...asked, metrics: { 'basic_auth.malformed': 1, 'basic_auth.allowed': 0 } },
  },
  {
    name: 'nobody',
    configuration: simple,
    request: {},
    expect: {
      status: 401,
      body: '{"type":"about:blank","title":"a name and a password are wanted","status":401}\n',
      headers: {
        'www-authenticate': 'Basic realm="restricted", charset="UTF-8"',
        'content-type': 'application/problem+json',
      },
      upstream: null,
      metrics: { 'basic_auth.missing': 1, 'basic_auth.allowed': 0 },
    },
  },
  {
    name: 'a password known by its SHA-1',
    configuration: simple,
    request: { method: 'POST', headers: { authorization: basic('alice:open sesame') }, body: 'a body' },
    expect: {
      status: 200,
      upstream: { method: 'POST', body: 'a body', headers: { authorization: null } },
      metrics: { 'basic_auth.allowed': 1 },
    },
  },
  {
    name: 'a password known by its HMAC, with a colon and beyond ASCII',
    configuration: ruled,
    request: { headers: { authorization: basic('bob:pässword:with colon'), 'x-user': 'alice' } },
    expect: { status: 200, upstream: { headers: { 'x-user': 'bob', authorization: null } } },
  },
  {
    name: 'a password of two blocks',
    configuration: simple,
    request: { headers: { authorization: basic(`carol:${LONG}`) } },
    expect: { status: 200 },
  },
  {
    name: 'an empty password',
    configuration: simple,
    request: { headers: { authorization: basic('dave:') } },
    expect: { status: 200 },
  },
  {
    name: 'a scheme in capitals, with more spaces',
    configuration: simple,
    request: { headers: { authorization: basic('alice:open sesame').replace('Basic ', 'BASIC   ') } },
    expect: { status: 200 },
  },
  {
    name: 'credentials stay, if that is wanted',
    configuration: kept,
    request: { headers: { authorization: basic('alice:open sesame') } },
    expect: { status: 200, upstream: { headers: { authorization: basic('alice:open sesame') } } },
  },
  ...[
    ['a wrong password', basic('alice:open sesame '), 'wrong'],
    ['an empty password where there is one', basic('alice:'), 'wrong'],
    ['another user’s password', basic('dave:open sesame'), 'wrong'],
    ['a name that nobody has', basic('eve:open sesame'), 'wrong'],
    ['a name in capitals', basic('ALICE:open sesame'), 'wrong'],
    ['an empty name', basic(':open sesame'), 'wrong'],
    ['the hash for a password', basic(`alice:${sha('open sesame')}`), 'wrong'],
    ['bytes that are no text', basic('\xff\xfe:\x80\x00', 'latin1'), 'wrong'],
    ['no colon', basic('alice'), 'malformed'],
    ['nothing', 'Basic', 'malformed'],
    ['nothing behind the scheme', 'Basic ==', 'malformed'],
    ['no base64', 'Basic alice:open', 'malformed'],
    ['base64 without its padding', basic('alice:open sesame').replace(/=+$/, ''), 'malformed'],
    ['another scheme', 'Bearer YWxpY2U6b3BlbiBzZXNhbWU=', 'malformed'],
    ['a scheme that begins alike', 'Basics YWxpY2U6b3BlbiBzZXNhbWU=', 'malformed'],
    ['a byte that is no text', '\xff\xfe', 'malformed'],
  ].map(
    ([name = '', authorization = '', result]): FilterCase => ({
      name,
      configuration: simple,
      request: { headers: { authorization } },
      expect: { ...asked, metrics: { [`basic_auth.${result}`]: 1, 'basic_auth.allowed': 0 } },
    }),
  ),
  {
    name: 'a path that needs no password; what the client calls itself is removed',
    configuration: ruled,
    request: { path: '/healthz?deep', headers: { 'x-user': 'alice' } },
    expect: { status: 200, upstream: { headers: { 'x-user': null } }, metrics: { 'basic_auth.exempt': 1 } },
  },
  {
    name: 'a refusal as text, with a realm',
    configuration: ruled,
    request: { path: '/admin' },
    expect: {
      status: 401,
      body: 'a name and a password are wanted\n',
      headers: { 'www-authenticate': 'Basic realm="the shop", charset="UTF-8"', 'content-type': 'text/plain' },
    },
  },
  ...(
    [
      ['alice', '/admin', 200],
      ['alice', '/admin/x?y', 200],
      ['carol', '/admin', 403],
      ['carol', '/admin/x', 403],
      ['carol', '/administration', 200],
      ['bob', '/admin/public', 200],
      ['alice', '/closed', 403],
      ['carol', '/admin;a', 403],
      ['alice', '/other;a', 403],
    ] as const
  ).map(
    ([name, path, status]): FilterCase => ({
      name: `${name} at ${path}`,
      configuration: ruled,
      request: {
        path,
        headers: {
          authorization: basic(
            { alice: 'alice:open sesame', bob: 'bob:pässword:with colon', carol: `carol:${LONG}` }[name],
          ),
        },
      },
      expect:
        status === 200
          ? { status, upstream: { headers: { 'x-user': name } } }
          : {
              status,
              body: 'this is not for you\n',
              headers: { 'www-authenticate': null },
              upstream: null,
              metrics: { 'basic_auth.forbidden': 1 },
            },
    }),
  ),
];

describeFilter({
  folder,
  build: () => buildModule(folder),
  cases,
  refused: [
    {
      configuration: { users: ['alice:$2y$05$abcdefghijklmnopqrstuv'] },
      reason: 'users[0]: the hash of "alice" begins with neither',
    },
    { configuration: '', reason: 'users: wanted at least one user' },
    { configuration: '{', reason: 'it is not JSON' },
    { configuration: { users: [1] }, reason: 'users[0]: wanted a text' },
    { configuration: { users: ['alice'] }, reason: 'users[0]: wanted NAME:HASH' },
    { configuration: { users: [`:${sha('a')}`] }, reason: 'users[0]: wanted NAME:HASH' },
    { configuration: { users: [`ä:${sha('a')}`] }, reason: 'users[0]: wanted a name in printable ASCII' },
    { configuration: { users: ['a:{SHA}abc='] }, reason: 'the hash of "a" is no base64 of 20 bytes' },
    { configuration: { users: ['a:{HMAC-SHA256}salt:abc'] }, reason: 'the hash of "a" is not SALT:HEX' },
    { configuration: { users: [`a:{HMAC-SHA256}${'0'.repeat(64)}`] }, reason: 'the hash of "a" is not SALT:HEX' },
    {
      configuration: { users: [...users, ...users] },
      reason: 'users[4]: "alice" is there before',
      isBeyondSchema: true,
    },
    { configuration: { users, rules: [{ users: ['alice'] }] }, reason: 'rules[0].paths: wanted at least one path' },
    {
      configuration: { users, rules: [{ paths: ['/'], users: ['eve'] }] },
      reason: 'rules[0].users[0]: there is no user "eve"',
      isBeyondSchema: true,
    },
    {
      configuration: { users, rules: [{ paths: ['/'], user: 'a' }] },
      reason: 'rules[0].user: there is no such setting',
    },
    { configuration: { users, userHeader: 'x user' }, reason: 'userHeader: wanted the name of a header' },
    { configuration: { users, realm: 'a"b' }, reason: 'realm: wanted a text without quotes' },
  ],
});
