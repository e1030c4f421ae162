import type {
  UpstreamAddress,
  UpstreamPool,
  UpstreamPoolOptions,
  UpstreamProtocol,
  UpstreamTransport,
} from '../upstream-transport.ts';

/** The settings of pools to any endpoint of a cluster; the protocol may differ from request to request. */
export type HostPoolOptions = Omit<UpstreamPoolOptions, 'protocol' | 'serverName'>;

/** Names in TLS that connections to one endpoint are kept for; clients choose them where the cluster has none of its own. */
const MAX_SERVER_NAMES = 100;

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
  /** When it came into the cluster, on the cluster's clock. */
  addedAtMs = Number.NEGATIVE_INFINITY;
  failuresTotal = 0;
  #transport: UpstreamTransport;
  #options: HostPoolOptions;
  readonly #pools = new Map<string, UpstreamPool>();
  #retired = false;

  /** The endpoint's `hostname`, or the name it was resolved from: what `auto_host_rewrite` writes. */
  readonly hostname: string | undefined;

  constructor(address: UpstreamAddress, transport: UpstreamTransport, options: HostPoolOptions, hostname?: string) {
    this.address = address;
    this.hostname = hostname;
    this.name = address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
    this.#transport = transport;
    this.#options = options;
  }

  /** The connections of a protocol for requests to a host, opened on first use. A retired host that is still asked opens them again until its request is over. */
  pool(protocol: UpstreamProtocol, authority: string): UpstreamPool {
    const serverName = this.#options.tls?.serverNameFor(authority);
    const key = serverName === undefined ? protocol : `${protocol} ${serverName}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = this.#transport.createPool(this.address, { ...this.#options, protocol, serverName });
      this.#pools.set(key, pool);
      const [oldest] = this.#pools;
      if (this.#pools.size > MAX_SERVER_NAMES && oldest !== undefined) {
        oldest[1].close();
        this.#pools.delete(oldest[0]);
      }
    }
    return pool;
  }

  requestStarted(): void {
    this.activeRequests++;
    this.requestsTotal++;
  }

  requestEnded(): void {
    this.activeRequests--;
    if (this.#retired && this.activeRequests === 0) this.#closePools();
  }

  /** The endpoint is no longer configured: requests in flight finish, then the connections close. */
  retire(): void {
    this.#retired = true;
    if (this.activeRequests === 0) this.#closePools();
  }

  destroy(): void {
    for (const pool of this.#pools.values()) pool.destroy();
    this.#pools.clear();
  }

  #closePools(): void {
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }
}
