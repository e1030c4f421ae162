import type { UpstreamFailure, UpstreamPoolOptions } from '../upstream-transport.ts';

/** A request that waits for a connection. */
export interface WaitingCall {
  failed(failure: UpstreamFailure): void;
}

/** See {@link PooledConnections}. */
export interface PooledConnectionsOptions<Connection> extends Pick<UpstreamPoolOptions, 'budget' | 'maxConnections'> {
  open(): Connection;
  /** How many requests a connection is expected to take before its endpoint has said otherwise. */
  readonly expectedStreams: number;
}

/**
 * The connections to one endpoint and the requests that wait for one: whatever the protocol, here is decided when another connection is
 * opened and who hears that it could not be (as in Envoy).
 */
export class PooledConnections<Connection, Call extends WaitingCall> {
  readonly all = new Set<Connection>();
  /** Longest first. */
  readonly waiting = new Set<Call>();
  readonly #connecting = new Set<Connection>();
  readonly #options: PooledConnectionsOptions<Connection>;

  constructor(options: PooledConnectionsOptions<Connection>) {
    this.#options = options;
  }

  /** A request waits; a connection is opened for it if those that are being made will not do. */
  wait(call: Call): void {
    this.waiting.add(call);
    this.openForWaiting();
  }

  connected(connection: Connection): void {
    this.#connecting.delete(connection);
  }

  /** Envoy fails all who wait for a connection when one cannot be made. */
  connectFailed(connection: Connection, failure: UpstreamFailure): void {
    this.#connecting.delete(connection);
    this.failWaiting(failure);
  }

  /** A connection is gone: under the limit a place became free. */
  closed(connection: Connection): void {
    if (this.all.delete(connection)) this.#options.budget?.closed();
    this.#connecting.delete(connection);
    this.openForWaiting();
  }

  openForWaiting(): void {
    const { budget, expectedStreams } = this.#options;
    while (this.waiting.size > this.#connecting.size * expectedStreams && this.#mayOpen()) {
      budget?.opened();
      const connection = this.#options.open();
      this.all.add(connection);
      this.#connecting.add(connection);
    }
  }

  /** Those who come back at once to try again wait anew. */
  failWaiting(failure: UpstreamFailure): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const call of waiting) call.failed(failure);
  }

  /** An endpoint without any connection always gets one: otherwise those who wait here might wait for ever (as in Envoy). */
  #mayOpen(): boolean {
    const { budget, maxConnections } = this.#options;
    if (this.all.size < maxConnections && budget?.hasRoom !== false) return true;
    budget?.overflowed();
    return this.all.size === 0;
  }
}
