/** Certificates for tests, made when they run: no key lies in the repository that anybody could mistake for a good one. */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate with its key. */
export interface TestCertificate {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** SHA-256 of the certificate, hexadecimal. */
  readonly hash: string;
  /** SHA-256 of its public key, base64. */
  readonly publicKeyHash: string;
}

/** An authority that issues them. */
export interface TestAuthority extends TestCertificate {
  issue(options: IssueOptions): TestCertificate;
}

/** What a certificate says. */
export interface IssueOptions {
  readonly commonName: string;
  /** `DNS:a.example`, `URI:spiffe://mesh/a`, `IP:127.0.0.1`. */
  readonly names?: readonly string[];
  readonly keyType?: 'ec' | 'rsa';
  /** When it begins and ends to be valid; from an hour ago to in ten days unless given. */
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

/** A new authority whose own certificate is called so. */
export function testAuthority(commonName: string): TestAuthority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = build({ commonName }, own.publicKey, commonName, own.privateKey, own.publicKey, true);
  return {
    ...described(self, own.privateKey),
    issue(options) {
      const { publicKey, privateKey } =
        options.keyType === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const der = build(options, publicKey, commonName, own.privateKey, own.publicKey, false);
      return described(der, privateKey);
    },
  };
}

function described(der: Buffer, key: KeyObject): TestCertificate {
  const body = der.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
    key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    hash: createHash('sha256').update(der).digest('hex'),
    publicKeyHash: createHash('sha256').update(spki).digest('base64'),
  };
}

const HOUR_MS = 3_600_000;
let serial = 0;

/** A certificate (RFC 5280, section 4.1), signed with ECDSA and SHA-256. */
function build(
  options: IssueOptions,
  publicKey: KeyObject,
  issuer: string,
  issuerKey: KeyObject,
  issuerPublicKey: KeyObject,
  isAuthority: boolean,
): Buffer {
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'));
  const now = Date.now();
  const keyUsage = isAuthority ? Buffer.from([3, 2, 1, 0x06]) : Buffer.from([3, 2, 5, 0xa0]);
  const names = options.names ?? [];
  const extensions = [
    extension('2.5.29.19', isAuthority ? sequence(Buffer.from([1, 1, 0xff])) : sequence()),
    extension('2.5.29.15', keyUsage),
    extension('2.5.29.14', tagged(4, keyId(publicKey))),
    extension('2.5.29.35', sequence(tagged(0x80, keyId(issuerPublicKey)))),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names.map(generalName)))]),
  ];
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(++serial + now * 1000),
    algorithm,
    distinguishedName(issuer),
    sequence(
      time(options.validFrom ?? new Date(now - HOUR_MS)),
      time(options.validTo ?? new Date(now + 240 * HOUR_MS)),
    ),
    distinguishedName(options.commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions)),
  );
  return sequence(body, algorithm, tagged(3, Buffer.concat([Buffer.from([0]), sign('sha256', body, issuerKey)])));
}

function keyId(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), tagged(4, value));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(objectId('2.5.4.3'), tagged(0x0c, Buffer.from(commonName)))));
}

const NAME_TAGS: Readonly<Record<string, number>> = { email: 0x81, DNS: 0x82, URI: 0x86, IP: 0x87 };

function generalName(name: string): Buffer {
  const colon = name.indexOf(':');
  const [kind, value] = [name.slice(0, colon), name.slice(colon + 1)];
  const tag = NAME_TAGS[kind];
  if (tag === undefined) throw new TypeError(`cannot name "${name}", wanted DNS:, URI:, IP: or email:`);
  return tagged(tag, kind === 'IP' ? Buffer.from(value.split('.').map(Number)) : Buffer.from(value));
}

function time(date: Date): Buffer {
  // UTCTime, as RFC 5280 (section 4.1.2.5) wants it until 2049.
  return tagged(
    0x17,
    Buffer.from(
      date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(2),
    ),
  );
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return tagged(2, (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.from([0]), bytes]));
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return tagged(6, Buffer.from(bytes));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
