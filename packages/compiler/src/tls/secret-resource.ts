import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { SECRET_TYPE_URL } from '@heddle/envoy-api';
import type { DataSourceSchema } from '@heddle/envoy-api/core';
import { SecretSchema } from '@heddle/envoy-api/tls';
import { type Origin, xdsResource } from '@heddle/model';
import type { CompiledResource } from '../compiled-resource.ts';
import type { Memo } from '../memo.ts';
import { refOfObject, type Secret } from '../mesh-objects.ts';
import type { KeyPair, TrustedCa } from './credential.ts';

/** A certificate and its key, for SDS. */
export function buildKeyPairSecret(_memo: Memo, secret: Secret, name: string, pair: KeyPair): CompiledResource {
  const type = {
    case: 'tlsCertificate' as const,
    value: {
      certificateChain: inline(pair.certificateChain),
      privateKey: inline(pair.privateKey),
      ...(pair.ocspStaple === undefined ? {} : { ocspStaple: inline(pair.ocspStaple) }),
    },
  };
  return asResource({ name, type }, { resource: refOfObject(secret), path: [] });
}

/** Whom to trust, for SDS. */
export function buildTrustedCaSecret(_memo: Memo, secret: Secret, name: string, ca: TrustedCa): CompiledResource {
  const type = {
    case: 'validationContext' as const,
    value: {
      trustedCa: inline(ca.certificates),
      ...(ca.revoked === undefined ? {} : { crl: inline(ca.revoked) }),
    },
  };
  return asResource({ name, type }, { resource: refOfObject(secret), path: [] });
}

/**
 * Files that the proxy reads itself: by SDS, so that what is wrong with them costs one certificate and not the listener, and so that the
 * proxy follows them (Envoy watches the folders of files that secrets name).
 */
export function buildFileSecret(
  _memo: Memo,
  owner: Origin,
  name: string,
  ...paths: readonly string[]
): CompiledResource {
  const [first = '', second] = paths;
  const type = name.startsWith(FILE_PAIR)
    ? ({
        case: 'tlsCertificate',
        value: { certificateChain: file(first), privateKey: file(second ?? '') },
      } as const)
    : ({
        case: 'validationContext',
        value: { trustedCa: file(first) },
      } as const);
  return asResource({ name, type }, owner);
}

const FILE_PAIR = 'file-cert:';

/** The name of a Secret's certificate and key. */
export function credentialSecretName(name: string): string {
  return `kubernetes://${name}`;
}

/** The name of a Secret's trusted certificates: Istio's suffix tells them from the certificate and key of the same Secret. */
export function trustedCaSecretName(name: string): string {
  return name.endsWith(CA_SUFFIX) ? credentialSecretName(name) : credentialSecretName(name + CA_SUFFIX);
}

/** The roots that the proxy's machine trusts, as Istio names them. */
export const SYSTEM_CA_NAME = 'file-root:system';
/** Where Debian, Ubuntu and Alpine keep them. */
export const SYSTEM_CA_FILE = '/etc/ssl/certs/ca-certificates.crt';

export const CA_SUFFIX = '-cacert';

/** `file-cert:CERTIFICATE~KEY`, as Istio's agent has it. */
export function filePairName(certificate: string, key: string): string {
  return `${FILE_PAIR}${certificate}~${key}`;
}

/** `file-root:CERTIFICATES`, as Istio's agent has it. */
export function fileCaName(certificates: string): string {
  return `file-root:${certificates}`;
}

type DataSource = MessageInitShape<typeof DataSourceSchema>;

function inline(value: Uint8Array): DataSource {
  return { specifier: { case: 'inlineBytes', value } };
}

function file(value: string): DataSource {
  return { specifier: { case: 'filename', value } };
}

function asResource(message: MessageInitShape<typeof SecretSchema>, origin: Origin): CompiledResource {
  const bytes = toBinary(SecretSchema, create(SecretSchema, message));
  return {
    resource: xdsResource(SECRET_TYPE_URL, message.name ?? '', bytes),
    diagnostics: [],
    provenance: () => new Map([['', origin]]),
  };
}
