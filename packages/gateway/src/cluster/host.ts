import type { UpstreamAddress, UpstreamPool, UpstreamPoolOptions, UpstreamTransport } from '../upstream-transport.ts';

/**
 * One endpoint of a cluster with its connections and the requests now on them. A host outlives configurations: an endpoint
 * that is still there after an update keeps its host, so its connections and its load stay known.
 */
export class Host {
  readonly address: UpstreamAddress;
  /** `10.0.0.1:80`, as access logs and tests name it. */
  readonly name: string;
  /** Requests sent and not over yet: what LEAST_REQUEST compares. */
  activeRequests = 0;
  requestsTotal = 0;
  failuresTotal = 0;
  #transport: UpstreamTransport;
  #options: UpstreamPoolOptions;
  #pool: UpstreamPool | undefined;
  #retired = false;

  /** The endpoint's `hostname`, or the name it was resolved from: what `auto_host_rewrite` writes. */
  readonly hostname: string | undefined;

  constructor(address: UpstreamAddress, transport: UpstreamTransport, options: UpstreamPoolOptions, hostname?: string) {
    this.address = address;
    this.hostname = hostname;
    this.name = address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
    this.#transport = transport;
    this.#options = options;
  }

  /** The connections, opened on first use. A retired host that is still asked opens them again until its request is over. */
  get pool(): UpstreamPool {
    this.#pool ??= this.#transport.createPool(this.address, this.#options);
    return this.#pool;
  }

  requestStarted(): void {
    this.activeRequests++;
    this.requestsTotal++;
  }

  requestEnded(): void {
    this.activeRequests--;
    if (this.#retired && this.activeRequests === 0) this.#closePool();
  }

  /** The endpoint is no longer configured: requests in flight finish, then the connections close. */
  retire(): void {
    this.#retired = true;
    if (this.activeRequests === 0) this.#closePool();
  }

  destroy(): void {
    this.#pool?.destroy();
    this.#pool = undefined;
  }

  #closePool(): void {
    this.#pool?.close();
    this.#pool = undefined;
  }
}
