import net, { type Socket } from 'node:net';
import { chainFor, inspectsTls, type ServedChain, type ServedListener } from '../http/served-listener.ts';
import { ChainServer } from './chain-server.ts';
import { type ClientHello, readClientHello } from './client-hello.ts';
import { connectionFacts } from './http1-exchange.ts';
import { TlsEnding } from './tls-ending.ts';

/** Hears what of a listener cannot be used. */
export type ListenerReport = (listener: string, message: string) => void;

/** How long a client may take to say what decides about its chain (Envoy's `listener_filters_timeout`). */
const INSPECTION_MS = 15_000;

/** What serves a filter chain, through all generations of its configuration. */
interface LiveChain {
  http: ChainServer | undefined;
  tls: TlsEnding | undefined;
}

/**
 * One bound address. The socket stays while its configuration changes: {@link update} takes effect for the next request, and for chains
 * and certificates with the next connection.
 */
export class ListenerServer {
  readonly host: string;
  readonly #configuredPort: number;
  readonly #net: net.Server;
  readonly #sockets = new Set<Socket>();
  readonly #chains = new Map<string, LiveChain>();
  /** Chains that are gone, and of which connections may be left. */
  readonly #retired = new Set<ChainServer>();
  #listener: ServedListener;
  #report: ListenerReport;

  constructor(listener: ServedListener, report: ListenerReport) {
    this.#listener = listener;
    this.#report = report;
    this.host = listener.address.host;
    this.#configuredPort = listener.address.port;
    this.#net = net.createServer({ noDelay: true, pauseOnConnect: false }, (socket) => this.#accept(socket));
    this.update(listener, report);
  }

  /** The listener configuration new requests get. */
  get listener(): ServedListener {
    return this.#listener;
  }

  /** The bound port; the configured one unless that was 0. */
  get port(): number {
    const address = this.#net.address();
    return address !== null && typeof address === 'object' ? address.port : this.#configuredPort;
  }

  /** Binds; rejects with the system's error (`EADDRINUSE`, `EACCES`, …). */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#net.once('error', reject);
      this.#net.listen({ host: this.host, port: this.#configuredPort, backlog: 1024 }, () => {
        this.#net.off('error', reject);
        this.#net.on('error', () => {});
        resolve();
      });
    });
  }

  /** Puts a new configuration in force. Connections of chains that are gone finish what is under way. */
  update(listener: ServedListener, report: ListenerReport): void {
    this.#listener = listener;
    this.#report = report;
    const keys = new Set(listener.chains.map(({ key }) => key));
    for (const [key, live] of this.#chains) {
      if (keys.has(key)) continue;
      this.#chains.delete(key);
      this.#retire(live);
    }
    for (const chain of listener.chains) {
      const live = this.#chains.get(chain.key) ?? { http: undefined, tls: undefined };
      this.#chains.set(chain.key, live);
      this.#updateChain(chain, live);
    }
  }

  #updateChain(chain: ServedChain, live: LiveChain): void {
    const { http, tls } = chain;
    if (http === undefined) this.#retire(live);
    else if (live.http === undefined) live.http = new ChainServer(http);
    else live.http.update(http);
    if (tls === undefined || http === undefined) {
      live.tls = undefined;
    } else if (live.tls === undefined) {
      live.tls = new TlsEnding(
        tls,
        (message) => this.#report(this.#listener.name, message),
        (socket, facts) =>
          live.http?.serve(socket, { ...connectionFacts(socket), secure: true, tls: facts }, socket.alpnProtocol),
      );
    } else {
      live.tls.update(tls);
    }
  }

  #retire(live: LiveChain): void {
    if (live.http === undefined) return;
    live.http.drain();
    this.#retired.add(live.http);
    live.http = undefined;
  }

  /** Stops accepting, lets what is under way finish, and breaks off what is left after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#net.close(() => resolve()));
    for (const { http } of this.#chains.values()) http?.drain();
    for (const http of this.#retired) http.drain();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, timeoutMs);
    await closed;
    clearTimeout(timer);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    if (inspectsTls(this.#listener)) this.#inspect(socket);
    else this.#serve(socket, undefined);
  }

  /** Reads what the client says first, puts it back, and hands the connection to the chain it asks for. */
  #inspect(socket: Socket): void {
    let seen: Buffer = Buffer.alloc(0);
    const timer = setTimeout(() => socket.destroy(), INSPECTION_MS);
    const stop = () => clearTimeout(timer);
    const onData = (chunk: Buffer) => {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const hello = readClientHello(seen);
      if (hello === 'more') return;
      stop();
      socket.off('close', stop);
      socket.off('data', onData);
      socket.pause();
      socket.unshift(seen);
      this.#serve(socket, hello === 'none' ? undefined : hello);
    };
    socket.on('data', onData);
    socket.once('close', stop);
  }

  #serve(socket: Socket, hello: ClientHello | undefined): void {
    const chain = chainFor(this.#listener, hello?.serverName);
    const live = chain === undefined ? undefined : this.#chains.get(chain.key);
    if (live?.tls !== undefined) {
      live.tls.accept(socket, hello);
    } else if (live?.http !== undefined) {
      live.http.serve(socket, connectionFacts(socket));
      socket.resume();
    } else {
      socket.destroy();
    }
  }
}
