import { fileURLToPath } from 'node:url';
import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import { createFilter, type FilterResponse, fakeClock } from '@heddle/wasm-host/testing';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildModule } from '../../test/support/filters/build-module.ts';
import { describeFilter } from '../../test/support/filters/describe-filter.ts';
import type { FilterCase } from '../../test/support/filters/filter-case.ts';
import { ec, ecKey, jwks, rsa, rsaKey, secret, secretKey, stranger, token } from './tokens.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

const now = Math.floor(Date.now() / 1000);
const claims = { iss: 'a', sub: 'alice', exp: now + 3600 };
const local = [{ issuer: 'a', audiences: ['shop', 'till'], keys: jwks(secretKey, rsaKey, ecKey) }];
const simple = { providers: [{ issuer: 'a', keys: jwks(secretKey, rsaKey, ecKey) }] };
const fetched = (path: string, more: object = {}) => ({
  providers: [{ issuer: 'a', jwks: { cluster: 'jwks', url: `http://keys.test/${path}`, ...more } }],
});
const everywhere = {
  ...simple,
  sources: [
    { header: 'authorization', prefix: 'Bearer ' },
    { header: 'X-Token' },
    { query: 'token' },
    { cookie: 'token' },
  ],
  exempt: ['/healthz', '/public/**'],
  claimHeaders: [
    { claim: 'sub', header: 'X-User' },
    { claim: 'realm_access.roles', header: 'x-roles' },
    { claim: 'https://example.com/level', header: 'x-level' },
    { claim: 'admin', header: 'x-admin' },
    { claim: 'deep', header: 'x-deep' },
  ],
  payloadHeader: 'x-claims',
};

const bearer = (text: string) => ({ authorization: `Bearer ${text}` });

function refusal(name: string, presented: string, title: string, configuration: object = simple): FilterCase {
  return {
    name,
    configuration: configuration as FilterCase['configuration'],
    request: { headers: bearer(presented) },
    expect: {
      status: 401,
      body: `{"type":"about:blank","title":"${title}","status":401}\n`,
      headers: {
        'content-type': 'application/problem+json',
        'www-authenticate': `Bearer realm="api", error="invalid_token", error_description="${title}"`,
      },
      upstream: null,
      metrics: { 'jwt_auth.invalid': 1, 'jwt_auth.allowed': 0 },
    },
  };
}

function pass(name: string, presented: string, configuration: object = simple): FilterCase {
  return {
    name,
    configuration: configuration as FilterCase['configuration'],
    request: { method: 'POST', path: '/a?b=c', headers: bearer(presented), body: 'a body' },
    expect: {
      status: 200,
      body: 'upstream',
      upstream: { method: 'POST', path: '/a?b=c', body: 'a body', headers: { authorization: null } },
      metrics: { 'jwt_auth.allowed': 1 },
    },
  };
}

const good = token(claims, rsa.privateKey);

const cases: readonly FilterCase[] = [
  ...[
    { authorization: [`Bearer ${good}`, `Bearer ${token({ ...claims, sub: 'eve' }, stranger.privateKey)}`] },
    { 'x-token': [good, token({ ...claims, sub: 'eve' }, stranger.privateKey)] },
  ].map(
    (headers): FilterCase => ({
      name: `two tokens in ${Object.keys(headers)[0]}`,
      configuration: everywhere,
      request: { headers },
      expect: { status: 401, upstream: null, metrics: { 'jwt_auth.invalid': 1, 'jwt_auth.allowed': 0 } },
    }),
  ),
  {
    name: 'no token',
    configuration: { ...simple, realm: 'the shop' },
    request: {},
    expect: {
      status: 401,
      body: '{"type":"about:blank","title":"a token is wanted","status":401}\n',
      headers: { 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer realm="the shop"' },
      upstream: null,
      metrics: { 'jwt_auth.missing': 1, 'jwt_auth.invalid': 0 },
    },
  },
  pass('RS256', token(claims, rsa.privateKey, { kid: 'rsa' })),
  pass('ES256', token(claims, ec.privateKey, { kid: 'ec' })),
  pass('HS256', token(claims, secret, { kid: 'secret' })),
  pass('a token that names no key', good),
  pass('an audience among several', token({ ...claims, aud: ['x', 'till'] }, rsa.privateKey), { providers: local }),
  pass('no expiry, if that is allowed', token({ iss: 'a' }, secret), { ...simple, requireExpiry: false }),
  pass('a token that has expired by less than clocks differ', token({ ...claims, exp: now - 600 }, secret), {
    ...simple,
    clockSkewSeconds: 3600,
  }),
  refusal('another audience', token({ ...claims, aud: 'x' }, rsa.privateKey), 'the token is not for this audience', {
    providers: local,
  }),
  refusal('no audience', good, 'the token is not for this audience', { providers: local }),
  refusal('another issuer', token({ ...claims, iss: 'b' }, rsa.privateKey), "the token's issuer is not accepted"),
  refusal('no issuer', token({ exp: now + 60 }, rsa.privateKey), "the token's issuer is not accepted"),
  refusal('an expired token', token({ ...claims, exp: now - 120 }, rsa.privateKey), 'the token has expired'),
  refusal('a token of tomorrow', token({ ...claims, nbf: now + 600 }, rsa.privateKey), 'the token is not valid yet'),
  refusal('no expiry', token({ iss: 'a' }, rsa.privateKey), "the token has no valid 'exp'"),
  refusal(
    'a signature of somebody else',
    token(claims, stranger.privateKey, { kid: 'rsa' }),
    "the token's signature is wrong",
  ),
  refusal('a key that nobody knows', token(claims, rsa.privateKey, { kid: 'x' }), "the token's key is not known"),
  refusal(
    'an algorithm that is not the key’s',
    token(claims, rsa.privateKey, { alg: 'none' }),
    "the token's key is not known",
  ),
  refusal(
    'a public key for a secret',
    token(claims, Buffer.from(rsa.publicKey.export({ format: 'pem', type: 'spki' }))),
    "the token's signature is wrong",
  ),
  refusal('what is no token', 'x', 'the token has not three parts'),
  refusal('bytes that are no text', '\xff\xfe.\x80.\xc3', "the token's header is not base64url"),
  refusal('a token that was cut', good.slice(0, good.lastIndexOf('.')), 'the token has not three parts'),
  refusal(
    'claims that are no object',
    `${good.split('.')[0]}.W10.${good.split('.')[2]}`,
    "the token's claims are no JSON object",
  ),
  refusal('claims that are no JSON', `${good.split('.')[0]}.e30x.AAAA`, "the token's claims are no JSON object"),
  refusal('a token that is too long', `${'A'.repeat(16400)}.A.A`, 'the token has more than 16384 bytes'),
  {
    name: 'claims become headers, and what the client says there goes',
    configuration: everywhere,
    request: {
      headers: {
        ...bearer(
          token(
            {
              ...claims,
              realm_access: { roles: ['a', 'b', 1] },
              'https://example.com/level': 7,
              admin: true,
              deep: { a: 1 },
            },
            rsa.privateKey,
          ),
        ),
        'x-user': 'root',
        'x-deep': 'forged',
        'x-claims': 'forged',
      },
    },
    expect: {
      status: 200,
      upstream: {
        headers: {
          'x-user': 'alice',
          'x-roles': 'a,b,1',
          'x-level': '7',
          'x-admin': 'true',
          'x-deep': null,
          'x-claims': /^[\w-]+$/,
          authorization: null,
        },
      },
    },
  },
  {
    name: 'claims that no header can hold are left out',
    configuration: everywhere,
    request: {
      headers: {
        ...bearer(
          token({ ...claims, sub: 'a\r\nx-admin: 1', realm_access: { roles: ['a,b'] }, admin: ' x' }, rsa.privateKey),
        ),
        'x-user': 'root',
      },
    },
    expect: { status: 200, upstream: { headers: { 'x-user': null, 'x-roles': null, 'x-admin': null } } },
  },
  {
    name: 'a token in a header of its own',
    configuration: everywhere,
    request: { headers: { 'x-token': good } },
    expect: { status: 200, upstream: { headers: { 'x-token': null, 'x-user': 'alice' } } },
  },
  {
    name: 'a token in the query',
    configuration: everywhere,
    request: { path: `/a?b=1&token=${good}` },
    expect: { status: 200, upstream: { path: '/a?b=1', headers: { 'x-user': 'alice' } } },
  },
  {
    name: 'a token in a cookie',
    configuration: everywhere,
    request: { headers: { cookie: `a=1; token=${good}` } },
    expect: { status: 200, upstream: { headers: { cookie: 'a=1', 'x-user': 'alice' } } },
  },
  {
    name: 'a token that goes on',
    configuration: { ...simple, forward: true },
    request: { headers: bearer(good) },
    expect: { status: 200, upstream: { headers: bearer(good) } },
  },
  {
    name: 'two tokens are none',
    configuration: simple,
    request: { headers: { authorization: [`Bearer ${good}`, 'Bearer x'] } },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'a path that needs no token',
    configuration: everywhere,
    request: { path: '/public/a?token=x', headers: { 'x-user': 'root', 'x-claims': 'x' } },
    expect: {
      status: 200,
      upstream: { path: '/public/a', headers: { 'x-user': null, 'x-claims': null } },
      metrics: { 'jwt_auth.exempt': 1, 'jwt_auth.allowed': 0 },
    },
  },
  {
    name: 'a path that is nearly exempt',
    configuration: everywhere,
    request: { path: '/public/..;/admin' },
    expect: { status: 401, upstream: null },
  },
  {
    name: 'no token, where none is needed',
    configuration: { ...everywhere, optional: true },
    request: { headers: { 'x-user': 'root' } },
    expect: { status: 200, upstream: { headers: { 'x-user': null } }, metrics: { 'jwt_auth.missing': 1 } },
  },
  refusal('a wrong token, where none is needed', 'x', 'the token has not three parts', { ...simple, optional: true }),
  pass('keys that are fetched', token(claims, rsa.privateKey, { kid: 'rsa' }), fetched('keys')),
  pass('keys that were fetched', token(claims, ec.privateKey, { kid: 'ec' }), fetched('keys')),
  refusal(
    'a key that is not among the fetched ones',
    token(claims, rsa.privateKey, { kid: 'x' }),
    "the token's key is not known",
    fetched('keys'),
  ),
  ...['broken', 'garbage', 'empty'].map(
    (path): FilterCase => ({
      name: `keys that cannot be had: ${path}`,
      configuration: fetched(path),
      request: { headers: bearer(good) },
      expect: {
        status: 503,
        body: '{"type":"about:blank","title":"the keys of the token\'s issuer cannot be had","status":503}\n',
        upstream: null,
        metrics: { 'jwt_auth.unavailable': 1 },
      },
    }),
  ),
  {
    name: 'a cluster that does not exist',
    configuration: { providers: [{ issuer: 'a', jwks: { cluster: 'nowhere', url: 'http://keys.test/' } }] },
    request: { headers: bearer(good) },
    expect: { status: 503, upstream: null, metrics: { 'jwt_auth.unavailable': 1 } },
  },
];

let arrived: () => void = () => {};
let release: () => void = () => {};

/** Keys that come when they are let go. */
function late(): Promise<{ readonly body: string }> {
  arrived();
  return new Promise((resolve) => {
    release = () => resolve({ body: jwks(rsaKey, ecKey) });
  });
}

describeFilter({
  folder,
  build: () => buildModule(folder),
  cases,
  clusters: {
    jwks: ({ path }) => {
      if (path === '/late') return late();
      if (path === '/keys') return { body: jwks(rsaKey, ecKey) };
      if (path === '/garbage') return { body: '{"keys":[}' };
      return path === '/empty' ? { body: '{"keys":[]}' } : { status: 500, body: jwks(rsaKey) };
    },
  },
  leaves: {
    case: {
      name: 'waits for keys',
      configuration: fetched('late', { timeoutMs: 10_000 }),
      request: { headers: bearer(token(claims, rsa.privateKey)) },
      expect: { status: 200, body: 'upstream' },
    },
    arrival: () =>
      new Promise((resolve) => {
        arrived = resolve;
      }),
    release: () => release(),
  },
  refused: [
    { configuration: { providers: [{ issuer: 'a' }] }, reason: 'providers[0]: wanted either "jwks" or "keys"' },
    { configuration: '', reason: 'providers: wanted at least one provider' },
    { configuration: '{"providers":', reason: 'it is not JSON: unexpected end at line 1, column 14' },
    { configuration: '\xff', reason: 'it is not JSON' },
    { configuration: [], reason: 'wanted a JSON object' },
    { configuration: { providers: ['a'] }, reason: 'providers[0]: wanted an object' },
    { configuration: { providers: [{ keys: jwks(rsaKey) }] }, reason: 'providers[0].issuer: is missing' },
    {
      configuration: { providers: [{ issuer: 'a', keys: '{' }] },
      reason: 'providers[0].keys: not JSON: unexpected end',
      isBeyondSchema: true,
    },
    {
      configuration: { providers: [{ issuer: 'a', keys: '{"keys":[{"kty":"oct","k":"AAAA"}]}' }] },
      reason: 'providers[0].keys: no key in it that HS256, RS256 or ES256 could use',
      isBeyondSchema: true,
    },
    {
      configuration: { providers: [...simple.providers, ...simple.providers] },
      reason: 'providers[1].issuer: is that of a provider before',
      isBeyondSchema: true,
    },
    {
      configuration: { providers: [{ issuer: 'a', jwks: { url: 'http://a/' } }] },
      reason: 'providers[0].jwks.cluster: is missing',
    },
    {
      configuration: { providers: [{ issuer: 'a', jwks: { cluster: 'a', url: '/keys' } }] },
      reason: 'providers[0].jwks.url: wanted a URL of http or https',
    },
    {
      configuration: fetched('', { timeoutMs: 1 }),
      reason: 'providers[0].jwks.timeoutMs: wanted a whole number from 100 to 60000',
    },
    {
      configuration: fetched('', { refreshSecs: 10 }),
      reason: 'providers[0].jwks.refreshSecs: there is no such setting',
    },
    { configuration: { ...simple, sources: [{ header: 'a', query: 'b' }] }, reason: 'sources[0]: wanted one of' },
    { configuration: { ...simple, claimHeaders: [{ claim: 'a' }] }, reason: 'claimHeaders[0].header: is missing' },
    {
      configuration: { ...simple, claimHeaders: [{ claim: 'a', header: 'b c' }] },
      reason: 'claimHeaders[0].header: wanted the name of a header',
    },
    { configuration: { ...simple, realm: '"' }, reason: 'realm: wanted a text without quotes' },
    { configuration: { ...simple, exempt: ['x'] }, reason: 'exempt[0]: found "x"' },
    { configuration: { ...simple, clockSkewSeconds: -1 }, reason: 'clockSkewSeconds: wanted a whole number' },
    { configuration: { ...simple, optinal: true }, reason: 'optinal: there is no such setting' },
  ],
});

describe('keys over time', () => {
  let wasm: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    wasm = await buildModule(folder);
  }, 60_000);

  const forever = { iss: 'a', sub: 'alice', exp: now * 2 };
  const request = (presented: string) => ({ headers: bearer(presented) });

  async function start(answer: () => FilterResponse | undefined) {
    const calls: number[] = [];
    const clock = fakeClock(now * 1000);
    const filter = await createFilter({
      wasm,
      configuration: fetched('keys', { refreshSeconds: 300, minRefetchSeconds: 10, timeoutMs: 2000 }),
      clock,
      foreignFunctions: nodeForeignFunctions,
      strict: true,
      clusters: {
        jwks: () => {
          calls.push(Number(clock.nowNs() / 1_000_000_000n) - now);
          return answer();
        },
      },
    });
    return { filter, clock, calls };
  }

  test('nothing is asked before the first token, and one fetch serves all that wait', async () => {
    const { filter, calls } = await start(() => ({ body: jwks(rsaKey) }));
    expect(await filter.request()).toMatchObject({ status: 401 });
    expect(calls).toEqual([]);
    const text = token(forever, rsa.privateKey);
    const results = await Promise.all(Array.from({ length: 5 }, () => filter.request(request(text))));
    expect(results.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(calls).toEqual([0]);
    filter.close();
  });

  test('what waits is answered when the fetch runs out of time, and a later one is tried after a while', async () => {
    let isDead = true;
    const { filter, clock, calls } = await start(() => (isDead ? undefined : { body: jwks(rsaKey) }));
    const text = token(forever, rsa.privateKey);
    const held = [await filter.open(request(text)), await filter.open(request(text))];
    expect(held.map(({ result }) => result.outcome)).toEqual(['paused', 'paused']);
    await clock.advance(2_000);
    expect(held.map(({ result }) => result.status)).toEqual([503, 503]);
    expect(filter.logs.at(-1)?.message).toBe('the keys of "a" could not be had from cluster "jwks": status 504');
    isDead = false;
    await clock.advance(7_000);
    expect(await filter.request(request(text))).toMatchObject({ status: 503 });
    expect(calls).toEqual([0]);
    await clock.advance(1_000);
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    expect(calls).toEqual([0, 10]);
    filter.close();
  });

  test('whose client leaves while it waits is forgotten, and the others get their answer', async () => {
    const answers: FilterResponse[] = [];
    const { filter, clock } = await start(() => answers[0]);
    const text = token(forever, rsa.privateKey);
    const [gone, stays] = [await filter.open(request(text)), await filter.open(request(text))];
    expect([gone.result.outcome, stays.result.outcome]).toEqual(['paused', 'paused']);
    await gone.leave();
    expect(gone.result.outcome).toBe('reset');
    await clock.advance(2_000);
    expect(stays.result.status).toBe(503);
    expect(gone.result).toMatchObject({ outcome: 'reset', upstream: undefined });
    expect(filter.failure).toBeUndefined();
    answers.push({ body: jwks(rsaKey) });
    await clock.advance(10_000);
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    filter.close();
  });

  test('a key that is new is fetched, not more often than allowed', async () => {
    let keys = jwks(rsaKey);
    const { filter, clock, calls } = await start(() => ({ body: keys }));
    expect(await filter.request(request(token(forever, rsa.privateKey, { kid: 'rsa' })))).toMatchObject({
      status: 200,
    });
    keys = jwks(ecKey);
    const next = token(forever, ec.privateKey, { kid: 'ec' });
    expect(await filter.request(request(next))).toMatchObject({ status: 401 });
    expect(calls).toEqual([0]);
    await clock.advance(10_000);
    expect(await filter.request(request(next))).toMatchObject({ status: 200 });
    // The set was replaced as a whole.
    await clock.advance(10_000);
    expect(await filter.request(request(token(forever, rsa.privateKey, { kid: 'rsa' })))).toMatchObject({
      status: 401,
    });
    expect(calls).toEqual([0, 10, 20]);
    filter.close();
  });

  test('old keys are used while new ones are fetched, and stay if there are none', async () => {
    let answer: FilterResponse = { body: jwks(rsaKey) };
    const { filter, clock, calls } = await start(() => answer);
    const text = token(forever, rsa.privateKey);
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    answer = { status: 500, body: 'oh' };
    await clock.advance(299_000);
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    expect(calls).toEqual([0]);
    await clock.advance(1_000);
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    expect(filter.logs.at(-1)?.message).toBe(
      'the keys of "a" could not be had from cluster "jwks": status 500; those of before stay',
    );
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    expect(calls).toEqual([0, 300]);
    answer = { body: jwks(ecKey) };
    await clock.advance(10_000);
    // The fetch begins with this request, so the old key is good for it.
    expect(await filter.request(request(text))).toMatchObject({ status: 200 });
    await clock.advance(10_000);
    expect(await filter.request(request(token(forever, ec.privateKey)))).toMatchObject({ status: 200 });
    expect(calls).toEqual([0, 300, 310]);
    filter.close();
  });
});
