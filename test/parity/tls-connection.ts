import type { Socket } from 'node:net';
import { connect, type EphemeralKeyInfo, type TLSSocket } from 'node:tls';
import type { CaseTls } from './parity-case.ts';

/** What a TLS handshake with a proxy came to. */
export interface HandshakeResult {
  /** SHA-256 of the proxy's certificate, hexadecimal. */
  readonly certificate: string;
  /** What was agreed on by ALPN. */
  readonly protocol: string;
  readonly version: string;
  /** Only of requests that ask for ciphers or curves: what is taken else differs between TLS libraries. */
  readonly cipher?: string;
  readonly curve?: string;
}

/** Opens TLS connections to a proxy as a request of a case wants, and remembers what the last handshake came to. */
export class TlsDialer {
  readonly #port: number;
  readonly #tls: CaseTls;
  #result: HandshakeResult | undefined;

  constructor(port: number, tls: CaseTls) {
    this.#port = port;
    this.#tls = tls;
  }

  /** Undefined if no handshake was finished. */
  get result(): HandshakeResult | undefined {
    return this.#result;
  }

  dial(): Socket {
    const { serverName, alpn, minVersion, maxVersion, ciphers, curves, certificate } = this.#tls;
    const socket = connect({
      host: '127.0.0.1',
      port: this.#port,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ALPNProtocols: [...alpn],
      // Whose certificate it is, is what the case asserts.
      rejectUnauthorized: false,
      ...(certificate === undefined ? {} : { cert: certificate.certificate, key: certificate.key }),
      ...(minVersion === undefined ? {} : { minVersion }),
      ...(maxVersion === undefined ? {} : { maxVersion }),
      ...(ciphers === undefined ? {} : { ciphers }),
      ...(curves === undefined ? {} : { ecdhCurve: curves }),
    });
    socket.setNoDelay(true);
    socket.once('secureConnect', () => {
      this.#result = this.#describe(socket);
    });
    return socket;
  }

  #describe(socket: TLSSocket): HandshakeResult {
    const { fingerprint256 } = socket.getPeerCertificate();
    return {
      certificate: fingerprint256.replaceAll(':', '').toLowerCase(),
      protocol: socket.alpnProtocol === false ? '' : (socket.alpnProtocol ?? ''),
      version: socket.getProtocol() ?? '',
      ...(this.#tls.ciphers === undefined ? {} : { cipher: socket.getCipher().name }),
      ...(this.#tls.curves === undefined
        ? {}
        : { curve: (socket.getEphemeralKeyInfo() as EphemeralKeyInfo | null)?.name ?? '' }),
    };
  }
}
