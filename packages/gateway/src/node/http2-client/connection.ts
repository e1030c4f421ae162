import { type ClientHttp2Session, connect } from 'node:http2';
import type { Socket } from 'node:net';
import type { UpstreamAddress, UpstreamFailure, UpstreamPoolOptions } from '../../upstream-transport.ts';
import { connectDetail } from '../connect-detail.ts';
import { openUpstreamSocket } from '../upstream-socket.ts';
import type { Http2Call } from './call.ts';

/** What a connection tells its pool. */
export interface Http2ConnectionOwner {
  /** The connection is made, or a request on it is over, or its endpoint allows more of them: it may take requests. */
  onCapacity(connection: Http2Connection): void;
  onConnectFailed(connection: Http2Connection, failure: UpstreamFailure): void;
  onClosed(connection: Http2Connection): void;
}

/** Timers hold 31 bits; a connection of 25 days is old by any measure. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One HTTP/2 connection to an endpoint. */
export class Http2Connection {
  readonly #owner: Http2ConnectionOwner;
  readonly #options: UpstreamPoolOptions;
  readonly #socket: Socket;
  readonly #session: ClientHttp2Session;
  readonly #calls = new Set<Http2Call>();
  #state: 'connecting' | 'open' | 'draining' | 'closed' = 'connecting';
  #requests = 0;
  #streamLimit: number;
  #connectTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  #lost: UpstreamFailure | undefined;
  /** Since when nothing is on it, on the monotonic clock; infinite while something is. */
  idleSince = Number.POSITIVE_INFINITY;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions, owner: Http2ConnectionOwner) {
    this.#owner = owner;
    this.#options = options;
    this.#streamLimit = options.http2.maxConcurrentStreams;
    const { socket } = openUpstreamSocket(address, options);
    this.#socket = socket;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    const session = connect(`http://${host}:${address.port}`, {
      createConnection: () => socket,
      maxHeaderListPairs: 1024,
      settings: {
        enablePush: false,
        initialWindowSize: options.http2.streamWindowBytes,
        maxHeaderListSize: options.maxResponseHeaderBytes,
      },
    });
    this.#session = session;
    session.once('connect', () => this.#onReady());
    socket.on('error', (error) => this.#onError(error));
    // Told before the streams are: they cannot tell a lost connection from a reset.
    socket.on('close', () => {
      this.#lost ??= { kind: 'connection termination', detail: 'the endpoint closed the connection' };
    });
    session.on('error', (error) => this.#onError(error));
    session.on('remoteSettings', ({ maxConcurrentStreams }) => {
      if (maxConcurrentStreams !== undefined) {
        this.#streamLimit = Math.min(options.http2.maxConcurrentStreams, maxConcurrentStreams);
      }
      if (this.#state === 'open') this.#owner.onCapacity(this);
    });
    // Streams that the endpoint will not look at are reset as refused; those it has begun go on to their end.
    session.on('goaway', () => this.#leave());
    session.on('close', () => this.#onClose());
    if (options.connectTimeoutMs > 0) {
      this.#connectTimer = setTimeout(() => this.#connectTimedOut(), options.connectTimeoutMs);
    }
  }

  /** Whether another request may be sent now. */
  get isReady(): boolean {
    return this.#state === 'open' && this.#calls.size < this.#streamLimit && !this.#session.destroyed;
  }

  send(call: Http2Call): void {
    this.#calls.add(call);
    this.#requests++;
    this.idleSince = Number.POSITIVE_INFINITY;
    const most = this.#options.maxRequestsPerConnection;
    if (most > 0 && this.#requests >= most) this.#leave();
    call.begin(this, this.#session);
  }

  /** The request is over. */
  release(call: Http2Call): void {
    if (!this.#calls.delete(call)) return;
    if (this.#calls.size === 0) this.idleSince = performance.now();
    if (this.#state === 'draining') this.#closeIfUnused();
    else if (this.#state === 'open') this.#owner.onCapacity(this);
  }

  /** What a stream that ended without saying why has ended with. */
  get lost(): UpstreamFailure | undefined {
    return this.#lost;
  }

  /** Takes no more requests, and closes when those under way are over. */
  drain(): void {
    this.#leave();
    this.#closeIfUnused();
  }

  destroy(): void {
    this.#lost ??= { kind: 'connection termination', detail: 'the gateway closed the connection' };
    this.#session.destroy();
    this.#socket.destroy();
  }

  #leave(): void {
    if (this.#state === 'open' || this.#state === 'connecting') this.#state = 'draining';
  }

  #closeIfUnused(): void {
    if (this.#calls.size === 0) this.destroy();
  }

  #onReady(): void {
    clearTimeout(this.#connectTimer);
    if (this.#state !== 'connecting') return;
    this.#state = 'open';
    this.idleSince = performance.now();
    const { connectionWindowBytes, keepAlive } = this.#options.http2;
    // The default window of a connection is 65,535 bytes and cannot be had in the settings (RFC 9113 section 6.9.2).
    if (connectionWindowBytes > 65_535) this.#session.setLocalWindowSize(connectionWindowBytes);
    if (this.#options.maxConnectionDurationMs > 0) {
      const afterMs = Math.min(this.#options.maxConnectionDurationMs, LONGEST_TIMER_MS);
      this.#ageTimer = setTimeout(() => this.drain(), afterMs);
      this.#ageTimer.unref();
    }
    if (keepAlive !== undefined) this.#pingLater(keepAlive.intervalMs, keepAlive.timeoutMs);
    this.#owner.onCapacity(this);
  }

  #pingLater(intervalMs: number, timeoutMs: number): void {
    this.#pingTimer = setTimeout(() => {
      this.#pingTimer = setTimeout(() => this.#lose('no answer to a ping in time'), timeoutMs);
      this.#pingTimer.unref();
      this.#session.ping((error) => {
        clearTimeout(this.#pingTimer);
        if (error === null && this.#state !== 'closed') this.#pingLater(intervalMs, timeoutMs);
      });
    }, intervalMs);
    this.#pingTimer.unref();
  }

  #lose(detail: string): void {
    this.#lost ??= { kind: 'connection termination', detail };
    this.destroy();
  }

  #connectTimedOut(): void {
    if (this.#state !== 'connecting') return;
    this.#fail({ kind: 'connection timeout', detail: 'connection timeout' });
    this.destroy();
  }

  #onError(error: Error): void {
    if (this.#state === 'connecting') {
      this.#fail({ kind: 'connection failure', detail: connectDetail(error) });
      this.destroy();
      return;
    }
    const isProtocolError = (error as { code?: string }).code === 'ERR_HTTP2_ERROR';
    this.#lost ??= { kind: isProtocolError ? 'protocol error' : 'connection termination', detail: error.message };
  }

  #fail(failure: UpstreamFailure): void {
    this.#state = 'closed';
    this.#lost = failure;
    clearTimeout(this.#connectTimer);
    this.#owner.onConnectFailed(this, failure);
  }

  #onClose(): void {
    if (this.#state === 'connecting') this.#fail({ kind: 'connection failure', detail: 'the connection closed' });
    this.#state = 'closed';
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#pingTimer);
    this.#socket.destroy();
    const failure = this.#lost ?? { kind: 'connection termination', detail: 'the endpoint closed the connection' };
    for (const call of [...this.#calls]) call.failed(failure);
    this.#calls.clear();
    this.#owner.onClosed(this);
  }
}
