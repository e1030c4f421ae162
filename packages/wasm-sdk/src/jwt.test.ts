import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { compileModule } from '@heddle/testing/compile-module';
import { nodeForeignFunctions } from '@heddle/wasm-host/node';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { loadPlainModule, PLAIN_FLAGS, type PlainModule } from '../test/plain-module.ts';

let sdk: PlainModule;

beforeAll(async () => {
  const { wasm } = await compileModule(fileURLToPath(new URL('../test-modules/jwt.ts', import.meta.url)), {
    flags: PLAIN_FLAGS,
  });
  sdk = loadPlainModule(wasm, (memory, allocate) => ({
    proxy_call_foreign_function: (name = 0, nameSize = 0, args = 0, argsSize = 0, result = 0, size = 0) => {
      const bytes = (at: number, length: number) => new Uint8Array(memory().buffer).slice(at, at + length);
      const called = nodeForeignFunctions[new TextDecoder().decode(bytes(name, nameSize))];
      if (called === undefined) return 1;
      const answer = called(bytes(args, argsSize), undefined as never, undefined as never);
      const at = allocate(answer.result.length);
      new Uint8Array(memory().buffer).set(answer.result, at);
      const view = new DataView(memory().buffer);
      view.setUint32(result, at, true);
      view.setUint32(size, answer.result.length, true);
      return answer.status;
    },
  }));
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherRsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const secret = Buffer.alloc(32, 7);

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more });
const oct = (more: object = {}) => ({ kty: 'oct', k: secret.toString('base64url'), ...more });
const setKeys = (...keys: object[]) => sdk.text('setKeys', JSON.stringify({ keys }));

function token(algorithm: string, key: KeyObject | Buffer, claims: object = { sub: 'x' }, header: object = {}): string {
  const text = `${part({ alg: algorithm, ...header })}.${part(claims)}`;
  const signature = Buffer.isBuffer(key)
    ? createHmac('sha256', key).update(text).digest()
    : sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

test('the examples of RFC 7515, appendix A, are verified', () => {
  const claims = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}';
  const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
  setKeys({ kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow' });
  const a1 = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`;
  expect(sdk.text('verify', a1)).toBe(`ok ${claims}`);
  setKeys({
    kty: 'RSA',
    n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    e: 'AQAB',
  });
  const a2 = `eyJhbGciOiJSUzI1NiJ9.${payload}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`;
  expect(sdk.text('verify', a2)).toBe(`ok ${claims}`);
  setKeys({
    kty: 'EC',
    crv: 'P-256',
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  });
  const a3 = `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`;
  expect(sdk.text('verify', a3)).toBe(`ok ${claims}`);
});

test('keys come out as OpenSSL writes them', () => {
  setKeys(jwk(rsa.publicKey), jwk(ec.publicKey), oct());
  const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' });
  expect(Buffer.from(sdk.bytes('keyBytes', 0))).toEqual(spki(rsa.publicKey));
  expect(Buffer.from(sdk.bytes('keyBytes', 1))).toEqual(spki(ec.publicKey));
  expect(Buffer.from(sdk.bytes('keyBytes', 2))).toEqual(secret);
  const odd = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 });
  setKeys(jwk(odd.publicKey));
  expect(Buffer.from(sdk.bytes('keyBytes', 0))).toEqual(spki(odd.publicKey));
});

test('each algorithm verifies what its key signed and nothing else', () => {
  setKeys(jwk(rsa.publicKey), jwk(ec.publicKey), oct());
  for (let round = 0; round < 20; round++) {
    // Signatures of ES256 differ each time, in their leading zeros too.
    expect(sdk.text('verify', token('ES256', ec.privateKey))).toBe('ok {"sub":"x"}');
  }
  expect(sdk.text('verify', token('RS256', rsa.privateKey))).toBe('ok {"sub":"x"}');
  expect(sdk.text('verify', token('HS256', secret))).toBe('ok {"sub":"x"}');
  expect(sdk.text('verify', token('RS256', otherRsa.privateKey))).toBe('no key');
  expect(sdk.text('verify', token('ES256', otherEc.privateKey))).toBe('no key');
  expect(sdk.text('verify', token('HS256', Buffer.alloc(32, 8)))).toBe('no key');
  for (const good of [token('RS256', rsa.privateKey), token('ES256', ec.privateKey), token('HS256', secret)]) {
    const [header, , signature] = good.split('.');
    expect(sdk.text('verify', `${header}.${part({ sub: 'y' })}.${signature}`)).toBe('no key');
    expect(sdk.text('verify', `${header}.${part({ sub: 'x' })}.`)).toBe('no key');
  }
});

test('the algorithm is the key’s: a public key is no secret, and none is none', () => {
  setKeys(jwk(rsa.publicKey), jwk(ec.publicKey));
  const der = createPublicKey(rsa.publicKey.export({ format: 'pem', type: 'spki' })).export({
    format: 'der',
    type: 'spki',
  });
  const pem = Buffer.from(rsa.publicKey.export({ format: 'pem', type: 'spki' }));
  for (const key of [der, pem]) {
    expect(sdk.text('verify', token('HS256', key))).toBe('no key');
    expect(sdk.number('isSigned', token('HS256', key))).toBe(0);
  }
  expect(sdk.number('isSigned', token('RS256', rsa.privateKey))).toBe(1);
  for (const algorithm of ['none', 'None', 'RS512', 'PS256', 'HS256', 'ES256']) {
    expect(sdk.text('verify', token(algorithm, rsa.privateKey))).toBe('no key');
  }
  expect(sdk.text('verify', `${part({ alg: 'none' })}.${part({ sub: 'x' })}.`)).toBe('no key');
});

test('a key id chooses among keys', () => {
  expect(setKeys(jwk(rsa.publicKey, { kid: 'a' }), jwk(otherRsa.publicKey, { kid: 'b' }))).toBe('RS256:a RS256:b ');
  expect(sdk.text('verify', token('RS256', rsa.privateKey, {}, { kid: 'a' }))).toBe('ok {}');
  expect(sdk.text('verify', token('RS256', rsa.privateKey, {}, { kid: 'b' }))).toBe('no key');
  expect(sdk.text('verify', token('RS256', rsa.privateKey, {}))).toBe('ok {}');
});

test('keys that are of no use are left out, with a reason if none is left', () => {
  const useless: object[] = [
    jwk(rsa.publicKey, { use: 'enc' }),
    jwk(rsa.publicKey, { alg: 'RS512' }),
    jwk(rsa.publicKey, { key_ops: ['encrypt'] }),
    jwk(rsa.publicKey, { n: 'a*' }),
    jwk(rsa.publicKey, { e: undefined }),
    jwk(weakRsa.publicKey),
    jwk(p384.publicKey),
    jwk(ec.publicKey, { x: 'AA' }),
    oct({ k: 'AAAA' }),
    oct({ k: 1 }),
    { kty: 'OKP' },
    {},
    [],
    'x' as unknown as object,
    null as unknown as object,
  ]; // prettier-ignore
  expect(setKeys(...useless)).toBe('no key in it that HS256, RS256 or ES256 could use');
  expect(setKeys(...useless, jwk(ec.publicKey, { use: 'sig', key_ops: ['verify'], alg: 'ES256', kid: 'k' }))).toBe(
    'ES256:k ',
  );
  expect(sdk.text('setKeys', '{"keys":[}')).toBe('not JSON: unexpected "}" at line 1, column 10');
  for (const text of ['[]', '{"keys":{}}', '{}', '1']) expect(sdk.text('setKeys', text)).toBe('no list "keys" in it');
});

test.each([
  ['', 'the token has not three parts'],
  ['a.b', 'the token has not three parts'],
  ['a.b.c.d', 'the token has not three parts'],
  ['a.b.c', "the token's header is not base64url"],
  [`${part({})}.=.c`, "the token's claims are not base64url"],
  [`${part({})}.${part({})}.c`, "the token's signature is not base64url"],
  [`${part([])}.${part({})}.`, "the token's header is no JSON object"],
  [`${part({ alg: 'x' })}.${part(1)}.`, "the token's claims are no JSON object"],
  [`${part({})}.${part({})}.`, "the token's header has no algorithm"],
  [`${part({ alg: 1 })}.${part({})}.`, "the token's header has no algorithm"],
  [`${part({ alg: 'x', crit: ['b64'] })}.${part({})}.`, "the token's header has extensions that must be understood"],
  [`${part({ alg: 'x' })}.${part({})}.${'A'.repeat(1000)}`, 'the token has more than 1000 bytes'],
])('the token %j is refused with a reason', (text, error) => {
  expect(sdk.text('read', text, 1000)).toBe(error);
});

test('no text is a trap', () => {
  setKeys(jwk(rsa.publicKey), jwk(ec.publicKey), oct());
  const good = [token('RS256', rsa.privateKey), token('ES256', ec.privateKey), token('HS256', secret)];
  fc.assert(
    fc.property(fc.constantFrom(...good), fc.nat(), fc.nat(255), fc.nat(), (text, at, byte, end) => {
      const bytes = Buffer.from(text);
      bytes[at % bytes.length] = byte;
      const isSame = bytes.equals(Buffer.from(text));
      expect(sdk.text('verify', bytes).startsWith('ok')).toBe(isSame);
      expect(sdk.text('verify', bytes.subarray(0, end % bytes.length))).not.toMatch(/^ok/);
    }),
    { numRuns: 300 },
  );
});

const claimCases: [claims: object, wanted: string, issuers?: string, audiences?: string, requireExpiry?: boolean][] = [
  [{ exp: 1059 }, ''],
  [{ exp: 941 }, ''],
  [{ exp: 940 }, 'the token has expired'],
  [{ exp: 940.5 }, ''],
  [{ exp: '2000' }, 'the token has no valid "exp"'],
  [{ exp: null }, 'the token has no valid "exp"'],
  [{}, 'the token has no valid "exp"'],
  [{}, '', '', '', false],
  [{ exp: '2000' }, 'the token has no valid "exp"', '', '', false],
  [{ exp: 2000, nbf: 1060 }, ''],
  [{ exp: 2000, nbf: 1061 }, 'the token is not valid yet'],
  [{ exp: 2000, nbf: 'x' }, 'the token has no valid "nbf"'],
  [{ exp: 2000, iss: 'a' }, '', 'b a'],
  [{ exp: 2000, iss: 'c' }, "the token's issuer is not accepted", 'b a'],
  [{ exp: 2000 }, "the token's issuer is not accepted", 'b a'],
  [{ exp: 2000, iss: ['a'] }, "the token's issuer is not accepted", 'b a'],
  [{ exp: 2000, aud: 'a' }, '', '', 'b a'],
  [{ exp: 2000, aud: ['x', 'a'] }, '', '', 'b a'],
  [{ exp: 2000, aud: ['x'] }, 'the token is not for this audience', '', 'b a'],
  [{ exp: 2000, aud: { a: 'a' } }, 'the token is not for this audience', '', 'b a'],
  [{ exp: 2000 }, 'the token is not for this audience', '', 'b a'],
];

test.each(claimCases)(
  'claims %j at second 1000, clocks a minute apart: %j',
  (claims, wanted, issuers = '', audiences = '', requireExpiry = true) => {
    expect(sdk.text('check', token('HS256', secret, claims), 1000, issuers, audiences, 60, Number(requireExpiry))).toBe(
      wanted,
    );
  },
);
