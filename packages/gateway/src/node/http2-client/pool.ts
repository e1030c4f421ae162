import type {
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamRequest,
} from '../../upstream-transport.ts';
import { Http2Call } from './call.ts';
import { Http2Connection, type Http2ConnectionOwner } from './connection.ts';

/**
 * HTTP/2 connections to one endpoint. Requests share a connection up to the number of streams that both sides allow; only then is
 * another one opened, as in Envoy.
 */
export class Http2Pool implements UpstreamPool, Http2ConnectionOwner {
  readonly #address: UpstreamAddress;
  readonly #options: UpstreamPoolOptions;
  readonly #all = new Set<Http2Connection>();
  readonly #connecting = new Set<Http2Connection>();
  readonly #waiting = new Set<Http2Call>();
  /** How many requests a connection is expected to take before its endpoint has said otherwise. */
  readonly #expectedStreams: number;
  #closing = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions) {
    this.#address = address;
    this.#options = options;
    const most = options.maxRequestsPerConnection === 0 ? Number.POSITIVE_INFINITY : options.maxRequestsPerConnection;
    this.#expectedStreams = Math.min(options.http2.maxConcurrentStreams, most);
  }

  get isReady(): boolean {
    return this.#ready() !== undefined;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new Http2Call(request, handler, () => this.#waiting.delete(call));
    const connection = this.#ready();
    if (connection !== undefined) {
      if (call.mayStart()) connection.send(call);
      return call;
    }
    this.#waiting.add(call);
    this.#connectForWaiting();
    return call;
  }

  close(): void {
    this.#closing = true;
    for (const connection of this.#all) connection.drain();
  }

  destroy(): void {
    this.#closing = true;
    for (const connection of this.#all) connection.destroy();
    this.#failWaiting({ kind: 'local reset', detail: 'the gateway closed' });
  }

  onCapacity(connection: Http2Connection): void {
    this.#connecting.delete(connection);
    for (const call of this.#waiting) {
      if (!connection.isReady) break;
      this.#waiting.delete(call);
      if (call.mayStart()) connection.send(call);
    }
    if (this.#closing) connection.drain();
    else this.#armSweep();
    // An endpoint may allow fewer requests at once than were expected.
    this.#connectForWaiting();
  }

  onConnectFailed(connection: Http2Connection, failure: UpstreamFailure): void {
    this.#connecting.delete(connection);
    this.#failWaiting(failure);
  }

  onClosed(connection: Http2Connection): void {
    if (this.#all.delete(connection)) this.#options.budget?.closed();
    this.#connecting.delete(connection);
    this.#connectForWaiting();
  }

  #ready(): Http2Connection | undefined {
    for (const connection of this.#all) if (connection.isReady) return connection;
    return undefined;
  }

  #connectForWaiting(): void {
    while (this.#waiting.size > this.#connecting.size * this.#expectedStreams && this.#mayConnect()) {
      this.#options.budget?.opened();
      const connection = new Http2Connection(this.#address, this.#options, this);
      this.#all.add(connection);
      this.#connecting.add(connection);
    }
  }

  /** An endpoint without any connection always gets one: otherwise those who wait here might wait for ever (as in Envoy). */
  #mayConnect(): boolean {
    const { budget, maxConnections } = this.#options;
    if (this.#all.size < maxConnections && budget?.hasRoom !== false) return true;
    budget?.overflowed();
    return this.#all.size === 0;
  }

  /** Those who come back at once to try again wait anew. */
  #failWaiting(failure: UpstreamFailure): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.failed(failure);
  }

  #armSweep(): void {
    const { idleTimeoutMs } = this.#options;
    if (this.#sweep !== undefined || idleTimeoutMs === 0 || this.#all.size === 0) return;
    this.#sweep = setTimeout(
      () => {
        this.#sweep = undefined;
        const limit = performance.now() - idleTimeoutMs;
        for (const connection of this.#all) if (connection.idleSince <= limit) connection.drain();
        this.#armSweep();
      },
      Math.min(Math.max(idleTimeoutMs / 2, 10), 30_000),
    );
    this.#sweep.unref();
  }
}
