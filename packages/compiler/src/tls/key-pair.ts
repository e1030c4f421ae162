import { DER, type DerElement, derElements, derSequence } from './der.ts';
import type { PemBlock } from './pem.ts';

/** What a public key is, as far as it can be compared. */
type PublicKey =
  | { readonly kind: 'RSA'; readonly modulus: Uint8Array }
  | { readonly kind: 'EC'; readonly curve: string; readonly point: Uint8Array | undefined }
  | { readonly kind: 'other' };

const RSA = '2a864886f70d010101';
const EC = '2a8648ce3d0201';
const CURVES: Readonly<Record<string, string>> = {
  '2a8648ce3d030107': 'P-256',
  '2b81040022': 'P-384',
  '2b81040023': 'P-521',
};

/**
 * What is wrong with a certificate and a private key, as a sentence; undefined if nothing is, as far as that can be told without
 * cryptography: that both can be read, that the key is the certificate's, and that proxies accept its kind (Envoy, "TlsCertificate": RSA
 * of at least 2048 bits, ECDSA on P-256, P-384 or P-521).
 */
export function keyPairProblem(
  certificate: PemBlock,
  key: PemBlock,
): { readonly of: 'certificate' | 'key'; readonly message: string } | undefined {
  const own = certificateKey(certificate.der);
  if (own === undefined) return { of: 'certificate', message: 'found a certificate that cannot be read' };
  if (own.kind === 'RSA' && own.modulus.length < 256)
    return { of: 'certificate', message: `found an RSA key of ${own.modulus.length * 8} bits, wanted 2048 or more` };
  if (own.kind === 'EC' && !Object.values(CURVES).includes(own.curve))
    return {
      of: 'certificate',
      message: 'found an elliptic curve that proxies do not take, wanted P-256, P-384 or P-521',
    };
  if (key.label === 'ENCRYPTED PRIVATE KEY')
    return { of: 'key', message: 'found an encrypted private key, wanted one without a passphrase' };
  const secret = privateKey(key);
  if (secret === undefined) return { of: 'key', message: `found "${key.label}" that cannot be read` };
  return isSameKey(own, secret)
    ? undefined
    : { of: 'key', message: 'found a private key that does not belong to the certificate, wanted its own' };
}

/** Whether some DER is a certificate, as far as its outline goes. */
export function isCertificate(der: Uint8Array): boolean {
  return certificateKey(der) !== undefined;
}

function isSameKey(a: PublicKey, b: PublicKey): boolean {
  if (a.kind === 'other' || b.kind === 'other') return true;
  if (a.kind === 'RSA') return b.kind === 'RSA' && sameBytes(a.modulus, b.modulus);
  if (b.kind !== 'EC') return false;
  // A private key need not hold its public part.
  if (a.point === undefined || b.point === undefined) return b.curve === '' || a.curve === b.curve;
  return sameBytes(a.point, b.point);
}

/** `subjectPublicKeyInfo` of a certificate (RFC 5280, section 4.1). */
function certificateKey(der: Uint8Array): PublicKey | undefined {
  const [body] = derSequence(der) ?? [];
  const fields = body?.tag === DER.sequence ? derElements(body.content) : undefined;
  // An explicit version comes first; then serial number, algorithm, issuer, validity, subject, key.
  const info = fields?.[fields[0]?.tag === 0xa0 ? 6 : 5];
  const [algorithm, bits] = info?.tag === DER.sequence ? (derElements(info.content) ?? []) : [];
  if (algorithm === undefined || bits?.tag !== DER.bitString) return undefined;
  // The first octet of a bit string counts unused bits.
  return publicKey(algorithm, bits.content.subarray(1));
}

function publicKey(algorithm: DerElement, bits: Uint8Array): PublicKey | undefined {
  const [id, parameter] = derElements(algorithm.content) ?? [];
  if (id?.tag !== DER.objectId) return undefined;
  switch (hex(id.content)) {
    case RSA: {
      const [modulus] = derSequence(bits) ?? [];
      return modulus === undefined ? undefined : { kind: 'RSA', modulus: unsigned(modulus.content) };
    }
    case EC:
      return { kind: 'EC', curve: curveOf(parameter), point: bits };
    default:
      return { kind: 'other' };
  }
}

/** The public part of a private key: PKCS #8 (RFC 5208), PKCS #1 (RFC 8017, A.1.2) or SEC 1 (RFC 5915). */
function privateKey({ label, der }: PemBlock): PublicKey | undefined {
  const fields = derSequence(der);
  if (fields === undefined) return undefined;
  if (label === 'RSA PRIVATE KEY') return rsaPrivateKey(fields);
  if (label === 'EC PRIVATE KEY') return ecPrivateKey(fields, '');
  const [, algorithm, octets] = fields;
  if (algorithm?.tag !== DER.sequence || octets?.tag !== DER.octetString) return undefined;
  const [id, parameter] = derElements(algorithm.content) ?? [];
  const inner = derSequence(octets.content);
  switch (id === undefined ? '' : hex(id.content)) {
    case RSA:
      return inner === undefined ? undefined : rsaPrivateKey(inner);
    case EC:
      return inner === undefined ? undefined : ecPrivateKey(inner, curveOf(parameter));
    default:
      return { kind: 'other' };
  }
}

function rsaPrivateKey([, modulus]: readonly DerElement[]): PublicKey | undefined {
  return modulus?.tag === DER.integer ? { kind: 'RSA', modulus: unsigned(modulus.content) } : undefined;
}

function ecPrivateKey(fields: readonly DerElement[], curve: string): PublicKey | undefined {
  if (fields[1]?.tag !== DER.octetString) return undefined;
  const tagged = (tag: number): DerElement | undefined =>
    derElements(fields.find((field) => field.tag === tag)?.content ?? new Uint8Array())?.[0];
  const parameter = tagged(0xa0);
  const bits = tagged(0xa1);
  const point = bits?.tag === DER.bitString ? bits.content.subarray(1) : undefined;
  return { kind: 'EC', curve: parameter === undefined ? curve : curveOf(parameter), point };
}

function curveOf(parameter: DerElement | undefined): string {
  if (parameter?.tag !== DER.objectId) return '';
  const id = hex(parameter.content);
  return CURVES[id] ?? id;
}

/** An integer that is not negative has a zero before a first octet above 127. */
function unsigned(content: Uint8Array): Uint8Array {
  return content[0] === 0 ? content.subarray(1) : content;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
