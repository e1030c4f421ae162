import type {
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamRequest,
  UpstreamTransport,
} from '../../upstream-transport.ts';
import { Http1Call } from './call.ts';
import { type ConnectionOwner, Http1Connection } from './connection.ts';

/**
 * HTTP/1.1 to endpoints over sockets of its own, for Node, Bun and Deno. Sends what Envoy sends (no `connection` header, empty
 * bodies as they came), forwards responses as they come, hands upgraded connections over raw.
 */
export function http1Transport(): UpstreamTransport {
  return {
    name: 'http1',
    supports: { upgrades: true, http2: false, trailers: true },
    createPool: (address, options) => new Http1Pool(address, options),
  };
}

/**
 * Connections to one endpoint. A request takes the connection that was used last; without one it waits, and for each waiting
 * request a connection is opened: whichever is ready first takes the one that waits longest.
 */
class Http1Pool implements UpstreamPool, ConnectionOwner {
  readonly #address: UpstreamAddress;
  readonly #options: UpstreamPoolOptions;
  readonly #idle: Http1Connection[] = [];
  readonly #all = new Set<Http1Connection>();
  #waiting: Http1Call[] = [];
  #connecting = 0;
  #closing = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions) {
    this.#address = address;
    this.#options = options;
  }

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    const call = new Http1Call(request, handler);
    for (let connection = this.#idle.pop(); connection !== undefined; connection = this.#idle.pop()) {
      if (!connection.isUsable) continue;
      connection.send(call);
      return call;
    }
    this.#waiting.push(call);
    this.#connectForWaiting();
    return call;
  }

  close(): void {
    this.#closing = true;
    this.#stopSweep();
    for (const connection of this.#all) connection.close();
  }

  destroy(): void {
    this.#closing = true;
    this.#stopSweep();
    for (const connection of this.#all) connection.destroy();
    for (const call of this.#waiting.splice(0)) {
      call.failed({ kind: 'local reset', detail: 'the gateway closed' });
    }
  }

  onReady(connection: Http1Connection): void {
    if (this.#connectingNow.delete(connection)) this.#connecting--;
    const call = this.#nextWaiting();
    if (call !== undefined) {
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
    this.#all.delete(connection);
    if (this.#connectingNow.delete(connection)) this.#connecting--;
    this.#nextWaiting()?.failed(failure);
  }

  onClosed(connection: Http1Connection): void {
    this.#all.delete(connection);
    if (this.#connectingNow.delete(connection)) this.#connecting--;
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // A place became free under the connection limit.
    this.#connectForWaiting();
  }

  readonly #connectingNow = new Set<Http1Connection>();

  #connectForWaiting(): void {
    while (this.#connecting < this.#waiting.length && this.#all.size < this.#options.maxConnections) {
      const connection = new Http1Connection(this.#address, this.#options, this);
      this.#all.add(connection);
      this.#connectingNow.add(connection);
      this.#connecting++;
    }
  }

  #nextWaiting(): Http1Call | undefined {
    for (let call = this.#waiting.shift(); call !== undefined; call = this.#waiting.shift()) {
      if (!call.isCancelled) return call;
    }
    return undefined;
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
