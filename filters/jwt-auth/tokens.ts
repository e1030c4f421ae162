import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Keys that the tests sign with. */
export const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const secret = Buffer.alloc(32, 7);

const publicJwk = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), ...more });

/** Key sets by what the tests call them. */
export const rsaKey = publicJwk(rsa.publicKey, { kid: 'rsa', use: 'sig' });
export const ecKey = publicJwk(ec.publicKey, { kid: 'ec', alg: 'ES256' });
export const secretKey = { kty: 'oct', kid: 'secret', k: secret.toString('base64url') };

export const jwks = (...keys: readonly object[]): string => JSON.stringify({ keys });

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs claims; the algorithm is that of the key. */
export function token(claims: object, key: KeyObject | Buffer, header: object = {}): string {
  const isSecret = Buffer.isBuffer(key);
  const alg = isSecret ? 'HS256' : key.asymmetricKeyType === 'rsa' ? 'RS256' : 'ES256';
  const text = `${part({ alg, typ: 'JWT', ...header })}.${part(claims)}`;
  const signature = isSecret
    ? createHmac('sha256', key).update(text).digest()
    : sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}
