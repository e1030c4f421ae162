import { createHash, type X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { DownstreamTlsFacts, PeerCertificate } from '../tls/peer-certificate.ts';
import type { NameKind, SubjectAltName } from '../tls/subject-alt-names.ts';

/** What a finished handshake told. */
export function tlsFacts(socket: TLSSocket, serverName: string | undefined): DownstreamTlsFacts {
  const certificate = socket.getPeerX509Certificate();
  return {
    serverName,
    version: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher().name,
    peer: certificate === undefined ? undefined : peerCertificate(certificate),
  };
}

export function peerCertificate(certificate: X509Certificate): PeerCertificate {
  const publicKey = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return {
    hash: createHash('sha256').update(certificate.raw).digest('hex'),
    publicKeyHash: createHash('sha256').update(publicKey).digest('base64'),
    pem: certificate.toString(),
    // Node writes one part a line, the first one first; RFC 2253 (section 2.1) begins with the last.
    subject: certificate.subject === undefined ? '' : certificate.subject.split('\n').reverse().join(','),
    names: subjectAltNames(certificate.subjectAltName ?? ''),
  };
}

const KINDS: Readonly<Record<string, NameKind>> = {
  DNS: 'DNS',
  URI: 'URI',
  email: 'EMAIL',
  'IP Address': 'IP_ADDRESS',
};

/** Reads Node's `DNS:a.example, URI:spiffe://mesh/a`; values with signs that could be mistaken stand in it as JSON. */
function subjectAltNames(text: string): readonly SubjectAltName[] {
  return (text.match(/[^,"]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? []).flatMap((entry) => {
    const colon = entry.indexOf(':');
    const kind = KINDS[entry.slice(0, colon).trim()];
    const written = entry.slice(colon + 1);
    if (kind === undefined) return [];
    return [{ kind, value: written.startsWith('"') ? (JSON.parse(written) as string) : written }];
  });
}
