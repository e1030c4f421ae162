import type { SubjectAltName } from './subject-alt-names.ts';
import type { PeerValidation } from './tls-settings.ts';

/** What is known of the certificate that a client showed. */
export interface PeerCertificate {
  /** SHA-256 of the certificate, hexadecimal, lower case. */
  readonly hash: string;
  /** SHA-256 of its public key, base64. */
  readonly publicKeyHash: string;
  readonly pem: string;
  /** As RFC 2253 writes it: `CN=client,O=shop`. */
  readonly subject: string;
  readonly names: readonly SubjectAltName[];
}

/** What a TLS handshake told of a client. */
export interface DownstreamTlsFacts {
  /** The name it asked for. */
  readonly serverName: string | undefined;
  readonly version: string | undefined;
  readonly cipher: string | undefined;
  readonly peer: PeerCertificate | undefined;
}

/**
 * Why a peer is refused, or undefined. `isTrusted` is whether its certificate's chain leads to the trusted ones, as the runtime's TLS found.
 */
export function peerRefusal(
  validation: PeerValidation | undefined,
  peer: PeerCertificate | undefined,
  isRequired: boolean,
  isTrusted: boolean,
): string | undefined {
  if (validation === undefined) return isRequired && peer === undefined ? 'no certificate was shown' : undefined;
  if (peer === undefined) return isRequired ? 'no certificate was shown' : undefined;
  if (validation.trustedCa !== undefined && !isTrusted && !validation.acceptsUntrusted)
    return 'its certificate is not trusted';
  const { names, publicKeyHashes, certificateHashes } = validation;
  if (names.length > 0 && !names.some((matches) => matches(peer.names))) return 'its names do not match';
  if (publicKeyHashes.length + certificateHashes.length === 0) return undefined;
  const isPinned = publicKeyHashes.includes(peer.publicKeyHash) || certificateHashes.includes(peer.hash);
  return isPinned ? undefined : 'its certificate is none of the expected ones';
}

/** Which parts of a certificate `x-forwarded-client-cert` tells; order and form are Envoy's. */
export interface ClientCertificateDetails {
  readonly cert: boolean;
  readonly subject: boolean;
  readonly uri: boolean;
  readonly dns: boolean;
}

/** One element of `x-forwarded-client-cert` (Envoy, "x-forwarded-client-cert"). */
export function forwardedClientCertificate(peer: PeerCertificate, details: ClientCertificateDetails): string {
  const ofKind = (kind: SubjectAltName['kind']) => peer.names.filter((name) => name.kind === kind);
  const uris = ofKind('URI');
  return [
    `Hash=${peer.hash}`,
    ...(details.cert ? [`Cert="${urlEncodedPem(peer.pem)}"`] : []),
    ...(details.subject ? [`Subject="${peer.subject}"`] : []),
    ...(details.uri ? [`URI=${uris[0]?.value ?? ''}`] : []),
    ...(details.dns ? ofKind('DNS').map(({ value }) => `DNS=${value}`) : []),
  ].join(';');
}

/** Only those signs that PEM has and URLs give a meaning. */
function urlEncodedPem(pem: string): string {
  return pem.replace(/[\n +/=]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
