import type { Socket } from 'node:net';
import type { HeaderList } from '../../http/header-list.ts';
import type {
  UpgradedConnection,
  UpstreamAddress,
  UpstreamFailure,
  UpstreamPoolOptions,
} from '../../upstream-transport.ts';
import { connectDetail } from '../connect-detail.ts';
import { duplexSource } from '../duplex-source.ts';
import { openUpstreamSocket } from '../upstream-socket.ts';
import type { Http1Call } from './call.ts';
import { requestHead } from './request-head.ts';
import { type ResponseEvents, ResponseParser } from './response-parser.ts';

/** What a connection tells its pool. */
export interface ConnectionOwner {
  /** Ready for a request: just connected, or its response is complete. */
  onReady(connection: Http1Connection): void;
  onConnectFailed(connection: Http1Connection, failure: UpstreamFailure): void;
  onClosed(connection: Http1Connection): void;
}

/** Timers hold 31 bits; a connection of 25 days is old by any measure. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** One HTTP/1.1 connection to an endpoint, one request at a time. */
export class Http1Connection implements ResponseEvents {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #maxRequests: number;
  readonly #enableTrailers: boolean;
  readonly #maxDurationMs: number;
  #connectTimer: NodeJS.Timeout | undefined;
  #ageTimer: NodeJS.Timeout | undefined;
  #connected = false;
  #closed = false;
  #call: Http1Call | undefined;
  #requests = 0;
  /** Since when nothing is on it, on the monotonic clock. */
  idleSince = 0;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#maxRequests = options.maxRequestsPerConnection;
    this.#enableTrailers = options.enableTrailers;
    this.#parser = new ResponseParser(this, options.maxResponseHeaderBytes);
    this.#maxDurationMs = options.maxConnectionDurationMs;
    const { socket, readyEvent } = openUpstreamSocket(address, options);
    this.#socket = socket;
    socket.on(readyEvent, () => this.#onConnect());
    socket.on('data', (chunk: Buffer) => this.#onBytes(chunk));
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#call?.writable());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onClose());
    if (options.connectTimeoutMs > 0) {
      this.#connectTimer = setTimeout(() => this.#connectTimedOut(), options.connectTimeoutMs);
    }
  }

  get isUsable(): boolean {
    return this.#connected && !this.#closed && this.#call === undefined;
  }

  /** Writes a request; the connection must be usable. */
  send(call: Http1Call): void {
    const { request } = call;
    this.#call = call;
    this.#requests++;
    const head = requestHead(request);
    if (head === undefined) {
      // Nothing was written, so the connection stays good.
      this.#call = undefined;
      call.failed({ kind: 'local reset', detail: 'a header or the path has a line break in it' });
      this.#release();
      return;
    }
    this.#parser.expect(request.method, request.upgrade !== undefined);
    call.begin(this);
    this.#socket.write(head, 'latin1');
    if (request.body !== undefined) call.startBody(request.body, this.#socket, this.#enableTrailers);
  }

  /** Closes when idle; a request under way finishes first. */
  close(): void {
    this.#requests = Number.POSITIVE_INFINITY;
    if (this.#call === undefined) this.destroy();
  }

  destroy(): void {
    clearTimeout(this.#connectTimer);
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  onInformational(status: number, headers: HeaderList): void {
    this.#call?.handler.onInformational?.(status, headers);
  }

  onHead(status: number, headers: HeaderList, empty: boolean): void {
    this.#call?.head(status, headers, empty);
  }

  onData(chunk: Uint8Array): void {
    if (this.#call !== undefined && !this.#call.data(chunk)) this.#socket.pause();
  }

  onEnd(trailers: HeaderList | undefined): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    const reusable = this.#parser.keepsAlive && call.requestIsSent;
    if (!reusable) this.#requests = Number.POSITIVE_INFINITY;
    call.end(this.#enableTrailers ? trailers : undefined);
    this.#release();
  }

  onUpgrade(headers: HeaderList, rest: Uint8Array): void {
    const call = this.#call;
    this.#call = undefined;
    const socket = this.#socket;
    socket.removeAllListeners('data');
    socket.removeAllListeners('end');
    socket.removeAllListeners('drain');
    if (call === undefined) {
      socket.destroy();
      return;
    }
    socket.pause();
    if (rest.byteLength > 0) socket.unshift(rest);
    socket.once('close', () => call.done());
    const connection: UpgradedConnection = {
      source: duplexSource(socket),
      write: (chunk) => socket.write(chunk),
      onWritable: (listener) => void socket.on('drain', listener),
      end: () => void socket.end(),
      destroy: () => void socket.destroy(),
    };
    if (call.handler.onUpgrade === undefined) socket.destroy();
    else call.handler.onUpgrade(headers, connection);
  }

  #release(): void {
    if (this.#closed) return;
    if (this.#maxRequests > 0 && this.#requests >= this.#maxRequests) this.#requests = Number.POSITIVE_INFINITY;
    if (this.#requests === Number.POSITIVE_INFINITY) {
      this.#socket.destroy();
      return;
    }
    this.#socket.resume();
    this.#owner.onReady(this);
  }

  #onConnect(): void {
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.#connected = true;
    if (this.#maxDurationMs > 0) {
      this.#ageTimer = setTimeout(() => this.close(), Math.min(this.#maxDurationMs, LONGEST_TIMER_MS));
      this.#ageTimer.unref();
    }
    this.#owner.onReady(this);
  }

  #connectTimedOut(): void {
    this.#closed = true;
    this.#socket.destroy();
    this.#owner.onConnectFailed(this, { kind: 'connection timeout', detail: 'connection timeout' });
  }

  #onBytes(chunk: Buffer): void {
    try {
      this.#parser.execute(chunk);
    } catch (error) {
      this.#break({ kind: 'protocol error', detail: error instanceof Error ? error.message : String(error) });
    }
  }

  #onEnd(): void {
    if (this.#call !== undefined) {
      try {
        this.#parser.finish();
      } catch (error) {
        this.#break({ kind: 'protocol error', detail: error instanceof Error ? error.message : String(error) });
        return;
      }
    }
    this.#break({ kind: 'connection termination', detail: 'the endpoint closed the connection' });
  }

  #onError(error: Error): void {
    if (!this.#connected) {
      if (this.#closed) return;
      this.#closed = true;
      clearTimeout(this.#connectTimer);
      this.#owner.onConnectFailed(this, { kind: 'connection failure', detail: connectDetail(error) });
      return;
    }
    this.#break({ kind: 'connection termination', detail: error.message });
  }

  #onClose(): void {
    clearTimeout(this.#ageTimer);
    this.#break({ kind: 'connection termination', detail: 'the connection closed' });
    this.#closed = true;
    this.#owner.onClosed(this);
  }

  #break(failure: UpstreamFailure): void {
    const call = this.#call;
    this.#call = undefined;
    this.#closed = true;
    this.#socket.destroy();
    call?.failed(failure);
  }
}
