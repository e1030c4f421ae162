import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type DownstreamTlsFacts, peerRefusal } from '../tls/peer-certificate.ts';
import type { DownstreamTls } from '../tls/tls-settings.ts';
import type { ClientHello } from './client-hello.ts';
import { tlsFacts } from './peer-facts.ts';
import { fileVersions, secureContextOptions } from './tls-material.ts';

/** How often files are looked at again, when connections come. */
const FILES_SEEN_FOR_MS = 1_000;
/** A handshake takes no longer. */
const HANDSHAKE_MS = 30_000;

/**
 * Ends TLS on connections that some other socket accepted. A change of settings or files concerns connections that come after it; what
 * cannot be used leaves the last usable state in force.
 */
export class TlsEnding {
  readonly #report: (message: string) => void;
  readonly #serve: (socket: TLSSocket, facts: DownstreamTlsFacts) => void;
  #settings: DownstreamTls;
  #files = '';
  #filesSeenAt = Number.NEGATIVE_INFINITY;
  #server: { readonly negotiating: Server; readonly silent: Server } | undefined;

  constructor(
    settings: DownstreamTls,
    report: (message: string) => void,
    serve: (socket: TLSSocket, facts: DownstreamTlsFacts) => void,
  ) {
    this.#settings = settings;
    this.#report = report;
    this.#serve = serve;
    this.#files = fileVersions(settings);
    this.#build();
  }

  update(settings: DownstreamTls): void {
    if (settings === this.#settings) return;
    this.#settings = settings;
    this.#files = fileVersions(settings);
    this.#build();
  }

  /** Takes a connection whose first bytes were put back. */
  accept(socket: Socket, hello: ClientHello | undefined): void {
    this.#lookAtFiles();
    if (this.#server === undefined) {
      socket.destroy();
      return;
    }
    const { alpnProtocols } = this.#settings;
    // Without a protocol in common Envoy goes on without one, and Node would refuse the client.
    const inCommon = hello?.alpnProtocols.some((protocol) => alpnProtocols.includes(protocol)) === true;
    const server = inCommon ? this.#server.negotiating : this.#server.silent;
    server.emit('connection', socket);
  }

  #lookAtFiles(): void {
    const now = performance.now();
    if (now - this.#filesSeenAt < FILES_SEEN_FOR_MS) return;
    this.#filesSeenAt = now;
    const files = fileVersions(this.#settings);
    if (files === this.#files) return;
    this.#files = files;
    this.#build();
  }

  #build(): void {
    const settings = this.#settings;
    if (settings.missing.length > 0) {
      this.#report(`secrets ${settings.missing.map((name) => `"${name}"`).join(', ')} have not come`);
      return;
    }
    try {
      this.#server = { negotiating: this.#createServer(settings, true), silent: this.#createServer(settings, false) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#report(`its certificate or key cannot be used: ${message}`);
    }
  }

  #createServer(settings: DownstreamTls, negotiates: boolean): Server {
    const { validation, alpnProtocols, requireClientCertificate } = settings;
    const options = secureContextOptions(settings);
    const server = createServer({
      ...options,
      ...(negotiates ? { ALPNProtocols: [...alpnProtocols] } : {}),
      requestCert: validation !== undefined || requireClientCertificate,
      // Judged below: what Node calls unauthorised may be what the settings accept, and the other way round.
      rejectUnauthorized: false,
      honorCipherOrder: true,
      handshakeTimeout: HANDSHAKE_MS,
      // Sessions of clients that were trusted under other settings are not resumed.
      sessionIdContext: createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 32),
    });
    server.on('secureConnection', (socket) => {
      const facts = tlsFacts(socket, this.#nameOf(socket));
      if (peerRefusal(validation, facts.peer, requireClientCertificate, socket.authorized) !== undefined) {
        socket.destroy();
        return;
      }
      this.#serve(socket, facts);
    });
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    return server;
  }

  #nameOf(socket: TLSSocket): string | undefined {
    const { servername } = socket;
    return typeof servername === 'string' && servername !== '' ? servername.toLowerCase() : undefined;
  }
}
