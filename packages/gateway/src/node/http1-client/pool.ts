import type {
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamRequest,
} from '../../upstream-transport.ts';
import { Http1Call } from './call.ts';
import { type ConnectionOwner, Http1Connection } from './connection.ts';

/**
 * HTTP/1.1 connections to one endpoint. A request takes the connection that was used last; without one it waits, and for each waiting
 * request a connection is opened: whichever is ready first takes the one that waits longest.
 */
export class Http1Pool implements UpstreamPool, ConnectionOwner {
  readonly #address: UpstreamAddress;
  readonly #options: UpstreamPoolOptions;
  readonly #idle: Http1Connection[] = [];
  readonly #all = new Set<Http1Connection>();
  readonly #waiting = new Set<Http1Call>();
  readonly #connectingNow = new Set<Http1Connection>();
  #closing = false;
  #sweep: NodeJS.Timeout | undefined;

  constructor(address: UpstreamAddress, options: UpstreamPoolOptions) {
    this.#address = address;
    this.#options = options;
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
    const call = new Http1Call(request, handler, () => this.#waiting.delete(call));
    if (this.isReady) {
      if (!call.mayStart()) return call;
      (this.#idle.pop() as Http1Connection).send(call);
      return call;
    }
    this.#waiting.add(call);
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
    this.#failWaiting({ kind: 'local reset', detail: 'the gateway closed' });
  }

  onReady(connection: Http1Connection): void {
    this.#connectingNow.delete(connection);
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
    this.#connectingNow.delete(connection);
    // Envoy fails all who wait for a connection when one cannot be made.
    this.#failWaiting(failure);
  }

  onClosed(connection: Http1Connection): void {
    if (this.#all.delete(connection)) this.#options.budget?.closed();
    this.#connectingNow.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    // A place became free under the connection limit.
    this.#connectForWaiting();
  }

  #connectForWaiting(): void {
    while (this.#connectingNow.size < this.#waiting.size && this.#mayConnect()) {
      this.#options.budget?.opened();
      const connection = new Http1Connection(this.#address, this.#options, this);
      this.#all.add(connection);
      this.#connectingNow.add(connection);
    }
  }

  /** An endpoint without any connection always gets one: otherwise those who wait here might wait for ever (as in Envoy). */
  #mayConnect(): boolean {
    const { budget, maxConnections } = this.#options;
    if (this.#all.size < maxConnections && budget?.hasRoom !== false) return true;
    budget?.overflowed();
    return this.#all.size === 0;
  }

  #nextWaiting(): Http1Call | undefined {
    const [first] = this.#waiting;
    if (first !== undefined) this.#waiting.delete(first);
    return first;
  }

  /** Those who come back at once to try again wait anew. */
  #failWaiting(failure: UpstreamFailure): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.failed(failure);
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
