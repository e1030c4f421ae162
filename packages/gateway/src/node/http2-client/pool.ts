import type {
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamRequest,
} from '../../upstream-transport.ts';
import { PooledConnections } from '../pooled-connections.ts';
import { Http2Call } from './call.ts';
import { Http2Connection, type Http2ConnectionOwner } from './connection.ts';

/**
 * HTTP/2 connections to one endpoint. Requests share a connection up to the number of streams that both sides allow; only then is
 * another one opened, as in Envoy.
 */
export class Http2Pool implements UpstreamPool, Http2ConnectionOwner {
  readonly #options: UpstreamPoolOptions;
  readonly #connections: PooledConnections<Http2Connection, Http2Call>;
  #closing = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions) {
    this.#options = options;
    const most = options.maxRequestsPerConnection === 0 ? Number.POSITIVE_INFINITY : options.maxRequestsPerConnection;
    this.#connections = new PooledConnections({
      ...options,
      expectedStreams: Math.min(options.http2.maxConcurrentStreams, most),
      open: () => new Http2Connection(address, options, this),
    });
  }

  get isReady(): boolean {
    return this.#ready() !== undefined;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new Http2Call(request, handler, () => this.#connections.waiting.delete(call));
    const connection = this.#ready();
    if (connection !== undefined) {
      if (call.mayStart()) connection.send(call);
      return call;
    }
    this.#connections.wait(call);
    return call;
  }

  close(): void {
    this.#closing = true;
    for (const connection of this.#connections.all) connection.drain();
  }

  destroy(): void {
    this.#closing = true;
    for (const connection of this.#connections.all) connection.destroy();
    this.#connections.failWaiting({ kind: 'local reset', detail: 'the gateway closed' });
  }

  onCapacity(connection: Http2Connection): void {
    this.#connections.connected(connection);
    for (const call of this.#connections.waiting) {
      if (!connection.isReady) break;
      this.#connections.waiting.delete(call);
      if (call.mayStart()) connection.send(call);
    }
    if (this.#closing) connection.drain();
    else this.#armSweep();
    // An endpoint may allow fewer requests at once than were expected.
    this.#connections.openForWaiting();
  }

  onConnectFailed(connection: Http2Connection, failure: UpstreamFailure): void {
    this.#connections.connectFailed(connection, failure);
  }

  onClosed(connection: Http2Connection): void {
    this.#connections.closed(connection);
  }

  #ready(): Http2Connection | undefined {
    for (const connection of this.#connections.all) if (connection.isReady) return connection;
    return undefined;
  }

  #armSweep(): void {
    const { idleTimeoutMs } = this.#options;
    if (this.#sweep !== undefined || idleTimeoutMs === 0 || this.#connections.all.size === 0) return;
    this.#sweep = setTimeout(
      () => {
        this.#sweep = undefined;
        const limit = performance.now() - idleTimeoutMs;
        for (const connection of this.#connections.all) if (connection.idleSince <= limit) connection.drain();
        this.#armSweep();
      },
      Math.min(Math.max(idleTimeoutMs / 2, 10), 30_000),
    );
    this.#sweep.unref();
  }
}
