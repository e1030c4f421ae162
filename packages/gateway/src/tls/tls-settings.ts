import { anyUnpack } from '@bufbuild/protobuf/wkt';
import type { DataSource, TransportSocket } from '@heddle/envoy-api/core';
import {
  type CertificateValidationContext,
  CertificateValidationContext_TrustChainVerification,
  type CommonTlsContext,
  DownstreamTlsContextSchema,
  type Secret,
  type TlsCertificate,
  TlsParameters_TlsProtocol,
} from '@heddle/envoy-api/tls';
import { compileSubjectAltNames, type SubjectAltNameMatcher } from './subject-alt-names.ts';

/** Where bytes come from: the configuration, or a file of this machine. */
export type TlsSource = { readonly bytes: Uint8Array } | { readonly file: string };

/** A certificate with its chain and its key, PEM. */
export interface CertificateSource {
  readonly chain: TlsSource;
  readonly key: TlsSource;
  readonly password: TlsSource | undefined;
}

/** What a peer's certificate is asked for. */
export interface PeerValidation {
  readonly trustedCa: TlsSource | undefined;
  readonly revoked: TlsSource | undefined;
  /** Of which one must match; none ask for nothing. */
  readonly names: readonly SubjectAltNameMatcher[];
  /** SHA-256 of public keys (base64) and of certificates (hexadecimal, lower case), of which one must match; none ask for nothing. */
  readonly publicKeyHashes: readonly string[];
  readonly certificateHashes: readonly string[];
  /** Whether the chain of trust may be broken. */
  readonly acceptsUntrusted: boolean;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** The TLS of either side, `CommonTlsContext` with its secrets. */
export interface TlsSettings {
  readonly certificates: readonly CertificateSource[];
  /** Undefined where the peer is asked for nothing. */
  readonly validation: PeerValidation | undefined;
  readonly alpnProtocols: readonly string[];
  readonly minVersion: TlsVersion | undefined;
  readonly maxVersion: TlsVersion | undefined;
  readonly cipherSuites: readonly string[];
  readonly ecdhCurves: readonly string[];
  /** Names of secrets that have not come: without them no handshake can succeed. */
  readonly missing: readonly string[];
}

/** The TLS of a filter chain. */
export interface DownstreamTls extends TlsSettings {
  readonly requireClientCertificate: boolean;
}

type Secrets = ReadonlyMap<string, Secret>;

/** Reads the transport socket of a filter chain; undefined for plain text. What cannot be obeyed is said in `problems`. */
export function downstreamTls(
  socket: TransportSocket | undefined,
  secrets: Secrets,
  problems: string[],
): DownstreamTls | undefined {
  if (socket === undefined || socket.name === 'envoy.transport_sockets.raw_buffer') return undefined;
  const context =
    socket.configType.case === 'typedConfig'
      ? anyUnpack(socket.configType.value, DownstreamTlsContextSchema)
      : undefined;
  if (context === undefined) {
    problems.push(`transport socket "${socket.name}" is not implemented, wanted TLS or plain text`);
    return { ...REFUSES_ALL, requireClientCertificate: true };
  }
  const settings = tlsSettings(context.commonTlsContext, secrets, problems);
  if (settings.certificates.length === 0 && settings.missing.length === 0) problems.push('its TLS has no certificate');
  return { ...settings, requireClientCertificate: context.requireClientCertificate ?? false };
}

const REFUSES_ALL: TlsSettings = {
  certificates: [],
  validation: undefined,
  alpnProtocols: [],
  minVersion: undefined,
  maxVersion: undefined,
  cipherSuites: [],
  ecdhCurves: [],
  missing: [],
};

/** Reads what both sides have in common. */
export function tlsSettings(context: CommonTlsContext | undefined, secrets: Secrets, problems: string[]): TlsSettings {
  if (context === undefined) return REFUSES_ALL;
  const missing: string[] = [];
  const certificates = context.tlsCertificates.flatMap((one) => certificateSource(one, problems));
  for (const { name } of context.tlsCertificateSdsSecretConfigs) {
    const secret = secrets.get(name);
    if (secret?.type.case === 'tlsCertificate') certificates.push(...certificateSource(secret.type.value, problems));
    else missing.push(name);
  }
  const { tlsParams, alpnProtocols } = context;
  return {
    certificates,
    validation: validationOf(context, secrets, missing, problems),
    alpnProtocols,
    minVersion: versionOf(tlsParams?.tlsMinimumProtocolVersion),
    maxVersion: versionOf(tlsParams?.tlsMaximumProtocolVersion),
    cipherSuites: tlsParams?.cipherSuites ?? [],
    ecdhCurves: tlsParams?.ecdhCurves ?? [],
    missing,
  };
}

function certificateSource(certificate: TlsCertificate, problems: string[]): CertificateSource[] {
  const chain = sourceOf(certificate.certificateChain);
  const key = sourceOf(certificate.privateKey);
  if (chain === undefined || key === undefined) {
    problems.push('a TLS certificate is not implemented: wanted certificate_chain and private_key, inline or as files');
    return [];
  }
  return [{ chain, key, password: sourceOf(certificate.password) }];
}

function validationOf(
  context: CommonTlsContext,
  secrets: Secrets,
  missing: string[],
  problems: string[],
): PeerValidation | undefined {
  const fromSecret = (name: string): CertificateValidationContext | undefined => {
    const secret = secrets.get(name);
    if (secret?.type.case === 'validationContext') return secret.type.value;
    missing.push(name);
    return undefined;
  };
  const validation = context.validationContextType;
  switch (validation.case) {
    case 'validationContext':
      return peerValidation([validation.value], problems);
    case 'validationContextSdsSecretConfig':
      return peerValidation([fromSecret(validation.value.name)], problems);
    case 'combinedValidationContext': {
      const { defaultValidationContext, validationContextSdsSecretConfig } = validation.value;
      return peerValidation(
        [defaultValidationContext, fromSecret(validationContextSdsSecretConfig?.name ?? '')],
        problems,
      );
    }
    case undefined:
      return undefined;
    default:
      problems.push(`${validation.case} is not implemented`);
      return undefined;
  }
}

/** Merges contexts as Envoy does: what the later one says of a single thing wins, lists are joined. */
function peerValidation(
  contexts: readonly (CertificateValidationContext | undefined)[],
  problems: string[],
): PeerValidation {
  const given = contexts.filter((context) => context !== undefined);
  const last = <Value>(of: (context: CertificateValidationContext) => Value | undefined): Value | undefined =>
    given.map(of).findLast((value) => value !== undefined);
  return {
    trustedCa: sourceOf(last(({ trustedCa }) => trustedCa)),
    revoked: sourceOf(last(({ crl }) => crl)),
    names: compileSubjectAltNames(
      given.flatMap(({ matchTypedSubjectAltNames }) => matchTypedSubjectAltNames),
      problems,
    ),
    publicKeyHashes: given.flatMap(({ verifyCertificateSpki }) => verifyCertificateSpki),
    certificateHashes: given.flatMap(({ verifyCertificateHash }) =>
      verifyCertificateHash.map((hash) => hash.replaceAll(':', '').toLowerCase()),
    ),
    acceptsUntrusted: given.some(
      ({ trustChainVerification }) =>
        trustChainVerification === CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED,
    ),
  };
}

function sourceOf(source: DataSource | undefined): TlsSource | undefined {
  switch (source?.specifier.case) {
    case 'inlineBytes':
      return { bytes: source.specifier.value };
    case 'inlineString':
      return { bytes: new TextEncoder().encode(source.specifier.value) };
    case 'filename':
      return { file: source.specifier.value };
    default:
      return undefined;
  }
}

function versionOf(version: TlsParameters_TlsProtocol | undefined): TlsVersion | undefined {
  switch (version) {
    case TlsParameters_TlsProtocol.TLSv1_0:
      return 'TLSv1';
    case TlsParameters_TlsProtocol.TLSv1_1:
      return 'TLSv1.1';
    case TlsParameters_TlsProtocol.TLSv1_2:
      return 'TLSv1.2';
    case TlsParameters_TlsProtocol.TLSv1_3:
      return 'TLSv1.3';
    default:
      return undefined;
  }
}
