import type { StringFormat } from '../schema.ts';

/** The cipher suites of TLS 1.2 and older that proxies know (Istio's `ValidCipherSuites`); those of TLS 1.3 cannot be chosen. */
const CIPHER_SUITES: ReadonlySet<string> = new Set([
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
]);

/** Curves that every supported proxy knows. */
const ECDH_CURVES: ReadonlySet<string> = new Set(['X25519', 'P-256', 'P-384', 'P-521', 'X25519MLKEM768']);

/** Whether proxies know a cipher suite by this name. */
export function isCipherSuite(name: string): boolean {
  return CIPHER_SUITES.has(name);
}

/** Whether proxies know an elliptic curve by this name. */
export function isEcdhCurve(name: string): boolean {
  return ECDH_CURVES.has(name);
}

/** As Istio does, a name that is not known is left out rather than refused. */
export const cipherSuite: StringFormat = {
  name: 'cipher-suite',
  check: () => undefined,
  notApplied: (text) =>
    isCipherSuite(text) ? undefined : `the cipher suite "${text.slice(0, 80)}" is not known to proxies and is left out`,
};

/** See {@link cipherSuite}. */
export const ecdhCurve: StringFormat = {
  name: 'ecdh-curve',
  check: () => undefined,
  notApplied: (text) =>
    isEcdhCurve(text) ? undefined : `the curve "${text.slice(0, 80)}" is not known to proxies and is left out`,
};

/** SHA-256 of a certificate: 64 hexadecimal digits, bytes optionally set off by colons. */
export const certificateHash: StringFormat = {
  name: 'certificate-hash',
  check: (text) =>
    /^(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/.test(text)
      ? undefined
      : 'a SHA-256 of a certificate: 64 hexadecimal digits',
};

/** SHA-256 of a public key (`SubjectPublicKeyInfo`) in base64. */
export const publicKeyHash: StringFormat = {
  name: 'public-key-hash',
  check: (text) => (/^[A-Za-z0-9+/]{43}=$/.test(text) ? undefined : 'a SHA-256 of a public key in base64'),
};
