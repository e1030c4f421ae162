import type { FieldPath } from '@heddle/model';
import type { Memo } from '../memo.ts';
import type { Secret } from '../mesh-objects.ts';
import { isCertificate, keyPairProblem } from './key-pair.ts';
import { type PemBlock, pemBlocks } from './pem.ts';

/** What of a Secret cannot be used, and where it stands there. The sentence holds nothing of the Secret's values. */
export interface CredentialProblem {
  readonly path: FieldPath;
  readonly message: string;
}

/** A certificate with its chain, and its key: PEM. */
export interface KeyPair {
  readonly certificateChain: Uint8Array;
  readonly privateKey: Uint8Array;
  /** A stapled OCSP response, DER. */
  readonly ocspStaple?: Uint8Array;
}

/** Whom to trust: PEM. */
export interface TrustedCa {
  readonly certificates: Uint8Array;
  readonly revoked?: Uint8Array;
}

/** What was found: the thing, or why it cannot be used. */
export type Found<Thing> = { readonly value: Thing } | { readonly problem: CredentialProblem };

/** The keys under which Istio looks (Istio, "Secure Gateways", key formats): of generic Secrets, and of those for TLS. */
const PAIRS = [
  ['cert', 'key'],
  ['tls.crt', 'tls.key'],
] as const;
const AUTHORITIES = ['cacert', 'ca.crt'] as const;
const REVOCATIONS = ['crl', 'ca.crl'] as const;

/** The certificate and key of a Secret. */
export function keyPairOf(_memo: Memo, secret: Secret): Found<KeyPair> {
  const pair = PAIRS.find((keys) => keys.some((key) => fieldOf(secret, key) !== undefined)) ?? PAIRS[1];
  const [certificateKey, privateKeyKey] = pair;
  const certificate = pemOf(secret, certificateKey, 'CERTIFICATE');
  if ('problem' in certificate) return certificate;
  const key = pemOf(secret, privateKeyKey, 'PRIVATE KEY');
  if ('problem' in key) return key;
  const [leaf] = certificate.value.blocks;
  const [own] = key.value.blocks;
  const wrong = leaf === undefined || own === undefined ? undefined : keyPairProblem(leaf, own);
  if (wrong !== undefined) {
    const at = wrong.of === 'key' ? privateKeyKey : certificateKey;
    return { problem: { path: pathOf(secret, at), message: wrong.message } };
  }
  const staple = fieldOf(secret, 'tls.ocsp-staple');
  return {
    value: {
      certificateChain: certificate.value.bytes,
      privateKey: key.value.bytes,
      ...(staple === undefined ? {} : { ocspStaple: staple }),
    },
  };
}

/** The certificates of a Secret that say whom to trust. */
export function trustedCaOf(_memo: Memo, secret: Secret): Found<TrustedCa> {
  const key = AUTHORITIES.find((candidate) => fieldOf(secret, candidate) !== undefined) ?? AUTHORITIES[1];
  const found = pemOf(secret, key, 'CERTIFICATE');
  if ('problem' in found) return found;
  if (!found.value.blocks.every(({ der }) => isCertificate(der)))
    return { problem: { path: pathOf(secret, key), message: 'found a certificate that cannot be read' } };
  const revocationKey = REVOCATIONS.find((candidate) => fieldOf(secret, candidate) !== undefined);
  if (revocationKey === undefined) return { value: { certificates: found.value.bytes } };
  const revoked = pemOf(secret, revocationKey, 'X509 CRL');
  if ('problem' in revoked) return revoked;
  return { value: { certificates: found.value.bytes, revoked: revoked.value.bytes } };
}

function pemOf(
  secret: Secret,
  key: string,
  wanted: 'CERTIFICATE' | 'PRIVATE KEY' | 'X509 CRL',
): Found<{ readonly bytes: Uint8Array; readonly blocks: readonly PemBlock[] }> {
  const problem = (message: string) => ({ problem: { path: pathOf(secret, key), message } });
  const bytes = fieldOf(secret, key);
  if (bytes === undefined || bytes.length === 0) {
    const keys = Object.keys({ ...secret.spec.data, ...secret.spec.stringData });
    const listed = keys.length === 0 ? 'nothing' : keys.slice(0, 10).join(', ');
    return problem(`found ${bytes === undefined ? `no "${key}", only ${listed}` : `"${key}" empty`}`);
  }
  const blocks = pemBlocks(bytes);
  if (typeof blocks === 'string') return problem(`${blocks}, wanted ${wanted} in PEM`);
  const fitting = blocks.filter(({ label }) => label === wanted || label.endsWith(` ${wanted}`));
  if (fitting.length === 0)
    return problem(`found ${blocks.map(({ label }) => `"${label}"`).join(', ')}, wanted ${wanted} in PEM`);
  return { value: { bytes, blocks: fitting } };
}

/** `stringData` stands before `data`, as Kubernetes merges them. */
function fieldOf({ spec }: Secret, key: string): Uint8Array | undefined {
  return (own(spec.stringData, key) ?? own(spec.data, key))?.reveal();
}

function pathOf({ spec }: Secret, key: string): FieldPath {
  if (own(spec.stringData, key) !== undefined) return ['stringData', key];
  return own(spec.data, key) === undefined ? ['data'] : ['data', key];
}

function own<Value>(map: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}
