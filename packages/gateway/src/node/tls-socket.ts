import { X509Certificate } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { peerRefusal } from '../tls/peer-certificate.ts';
import { dnsNameCovers } from '../tls/subject-alt-names.ts';
import type { PeerValidation } from '../tls/tls-settings.ts';
import type { UpstreamTls } from '../tls/upstream-tls.ts';
import type { UpstreamAddress } from '../upstream-transport.ts';
import { peerCertificate } from './peer-facts.ts';
import { secureContextOptions } from './tls-material.ts';

/** Where the compiler says that a machine's roots are; on machines where they are elsewhere, Node's own are taken. */
const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Starts to connect to an endpoint over TLS. An endpoint whose certificate is not what the cluster asks for ends the socket with an error
 * before it is `secureConnect`.
 */
export function openTlsSocket(
  address: UpstreamAddress,
  tls: UpstreamTls,
  serverName: string,
  http2: boolean,
): TLSSocket {
  const { settings } = tls;
  const { missing, alpnProtocols, validation } = settings;
  const isVerified = validation?.trustedCa !== undefined && !validation.acceptsUntrusted;
  const unusable =
    missing.length > 0
      ? `secrets ${missing.map((name) => `"${name}"`).join(', ')} have not come`
      : !isVerified && asksForMore(validation, tls)
        ? 'names and hashes are looked at only where the chain of trust is'
        : undefined;
  const socket = connect({
    host: address.host,
    port: address.port,
    ...(unusable === undefined ? secureContextOptions({ ...settings, validation: readable(validation) }) : {}),
    // An address is no server name (RFC 6066, section 3).
    ...(serverName === '' || isIP(serverName) !== 0 ? {} : { servername: serverName }),
    ALPNProtocols: alpnProtocols.length > 0 ? [...alpnProtocols] : [http2 ? 'h2' : 'http/1.1'],
    rejectUnauthorized: isVerified,
    // Called for chains that are trusted: the names are judged by the cluster's settings instead of the host.
    checkServerIdentity: (_host, { raw }) => {
      const refusal = judge(new X509Certificate(raw), validation, tls.verifiesServerName ? serverName : undefined);
      return refusal === undefined ? undefined : new Error(`CERTIFICATE_VERIFY_FAILED: ${refusal}`);
    },
  });
  socket.setNoDelay(true);
  if (unusable !== undefined) process.nextTick(() => socket.destroy(new Error(unusable)));
  return socket;
}

function asksForMore(validation: PeerValidation | undefined, tls: UpstreamTls): boolean {
  if (tls.verifiesServerName) return true;
  if (validation === undefined) return false;
  return validation.names.length + validation.publicKeyHashes.length + validation.certificateHashes.length > 0;
}

function judge(
  certificate: X509Certificate,
  validation: PeerValidation | undefined,
  wantedName: string | undefined,
): string | undefined {
  const peer = peerCertificate(certificate);
  const refusal = peerRefusal(validation, peer, true, true);
  if (refusal !== undefined || wantedName === undefined) return refusal;
  const fits = peer.names.some(({ kind, value }) =>
    kind === 'DNS' ? dnsNameCovers(value, wantedName) : kind === 'IP_ADDRESS' && value === wantedName,
  );
  return fits ? undefined : `its names do not match "${wantedName}"`;
}

/** What Node is to read: nothing for the machine's roots where they are not where Debian has them; then it takes its own. */
function readable(validation: PeerValidation | undefined): PeerValidation | undefined {
  const ca = validation?.trustedCa;
  const isElsewhere = ca !== undefined && 'file' in ca && ca.file === SYSTEM_ROOTS && !existsSync(SYSTEM_ROOTS);
  return isElsewhere && validation !== undefined ? { ...validation, trustedCa: undefined } : validation;
}
