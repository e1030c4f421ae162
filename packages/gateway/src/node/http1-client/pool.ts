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
import { Http1Call } from './call.ts';
import { type ConnectionOwner, Http1Connection } from './connection.ts';

/**
 * HTTP/1.1 connections to one endpoint. A request takes the connection that was used last; without one it waits, and for each waiting
 * request a connection is opened: whichever is ready first takes the one that waits longest.
 */
export class Http1Pool implements UpstreamPool, ConnectionOwner {
  readonly #options: UpstreamPoolOptions;
  readonly #idle: Http1Connection[] = [];
  readonly #connections: PooledConnections<Http1Connection, Http1Call>;
  #closing = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions) {
    this.#options = options;
    this.#connections = new PooledConnections({
      ...options,
      expectedStreams: 1,
      open: () => new Http1Connection(address, options, this),
    });
  }

  get isReady(): boolean {
    const idle = this.#idle;
    for (let last = idle.at(-1); last !== undefined; last = idle.at(-1)) {
      if (last.isUsable) return true;
      idle.pop();
    }
    return false;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new Http1Call(request, handler, () => this.#connections.waiting.delete(call));
    if (this.isReady) {
      if (!call.mayStart()) return call;
      (this.#idle.pop() as Http1Connection).send(call);
      return call;
    }
    this.#connections.wait(call);
    return call;
  }

  close(): void {
    this.#closing = true;
    this.#stopSweep();
    for (const connection of this.#connections.all) connection.close();
  }

  destroy(): void {
    this.#closing = true;
    this.#stopSweep();
    for (const connection of this.#connections.all) connection.destroy();
    this.#connections.failWaiting({ kind: 'local reset', detail: 'the gateway closed' });
  }

  onReady(connection: Http1Connection): void {
    this.#connections.connected(connection);
    for (let call = this.#nextWaiting(); call !== undefined; call = this.#nextWaiting()) {
      if (!call.mayStart()) continue;
      connection.send(call);
      return;
    }
    if (this.#closing) {
      connection.destroy();
      return;
    }
    connection.idleSince = performance.now();
    this.#idle.push(connection);
    this.#armSweep();
  }

  onConnectFailed(connection: Http1Connection, failure: UpstreamFailure): void {
    this.#connections.connectFailed(connection, failure);
  }

  onClosed(connection: Http1Connection): void {
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#connections.closed(connection);
  }

  #nextWaiting(): Http1Call | undefined {
    const [first] = this.#connections.waiting;
    if (first !== undefined) this.#connections.waiting.delete(first);
    return first;
  }

  /** One timer for all idle connections: the oldest stand first. */
  #armSweep(): void {
    if (this.#sweep !== undefined || this.#options.idleTimeoutMs === 0) return;
    this.#sweep = setTimeout(
      () => {
        this.#sweep = undefined;
        const limit = performance.now() - this.#options.idleTimeoutMs;
        while (this.#idle.length > 0 && (this.#idle[0] as Http1Connection).idleSince <= limit) {
          this.#idle.shift()?.destroy();
        }
        if (this.#idle.length > 0) this.#armSweep();
      },
      Math.min(Math.max(this.#options.idleTimeoutMs / 2, 10), 30_000),
    );
    this.#sweep.unref();
  }

  #stopSweep(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
  }
}
