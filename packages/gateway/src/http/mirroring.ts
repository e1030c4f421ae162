import { portStart } from '@heddle/routing';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { Host } from '../cluster/host.ts';
import type { UpstreamCall, UpstreamHandler, UpstreamPool } from '../upstream-transport.ts';
import type { ByteSink, ByteSource } from './byte-stream.ts';
import type { Exchange } from './exchange.ts';
import { type HeaderList, headerValue, setHeader } from './header-list.ts';
import { copiedBody, MirrorBody } from './mirror-body.ts';
import type { MirrorSettings } from './mirror-settings.ts';

/**
 * Sends copies of an exchange's request to the mirrors of its route, as it is about to go to its endpoint. Their answers are read and
 * thrown away; nothing that becomes of them concerns the exchange. A mirror whose request has not passed whole ends with the
 * exchange; one that has goes on until it is answered, or for `timeoutMs` (0: as long as a silent stream may last).
 */
export function startMirrors(exchange: Exchange, mirrors: readonly MirrorSettings[], timeoutMs: number): void {
  const { listener } = exchange;
  const copies: Mirror[] = [];
  for (const { cluster: name, numerator, denominator, marksHost } of mirrors) {
    const cluster = listener.clusters.get(name);
    if (cluster === undefined || exchange.random % denominator >= numerator) continue;
    const { maxPendingRequests } = cluster.settings.circuitBreakers;
    const host = cluster.hosts.pick();
    if (host === undefined) continue;
    const pool = host.pool(
      cluster.protocolFor(exchange.protocol),
      marksHost ? shadowAuthority(exchange.authority) : exchange.authority,
    );
    if (cluster.pendingRequests >= maxPendingRequests && !pool.isReady) continue;
    const hasBody = exchange.requestBody !== undefined;
    copies.push(new Mirror(cluster, host, hasBody ? listener.bufferLimitBytes : undefined));
    copies.at(-1)?.send(pool, exchange, marksHost, timeoutMs);
  }
  if (copies.length === 0 || exchange.requestBody === undefined) return;
  const bodies = copies.flatMap(({ body }) => body ?? []);
  const giveUp = (): void => {
    for (const copy of copies) copy.giveUpUnlessSent();
  };
  exchange.requestBody = copiedBody(exchange.requestBody, bodies, giveUp);
  exchange.mirrors = giveUp;
}

/** One copy on its way. */
class Mirror implements UpstreamHandler {
  readonly body: MirrorBody | undefined;
  readonly #cluster: ClusterRuntime;
  readonly #host: Host;
  #call: UpstreamCall | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending = true;
  #started = false;
  #over = false;

  constructor(cluster: ClusterRuntime, host: Host, bodyLimitBytes: number | undefined) {
    this.#cluster = cluster;
    this.#host = host;
    this.body = bodyLimitBytes === undefined ? undefined : new MirrorBody(bodyLimitBytes, () => this.#giveUp());
  }

  send(pool: UpstreamPool, exchange: Exchange, marksHost: boolean, timeoutMs: number): void {
    const { stats } = this.#cluster;
    stats.upstreamRequestsTotal++;
    stats.upstreamRequestsActive++;
    this.#cluster.pendingRequests++;
    this.#host.requestStarted();
    const call = pool.send(
      {
        method: exchange.method,
        scheme: exchange.scheme,
        authority: marksHost ? shadowAuthority(exchange.authority) : exchange.authority,
        path: exchange.path,
        headers: mirrorHeaders(exchange),
        body: this.body,
      },
      this,
    );
    if (this.#over) {
      call.cancel();
      return;
    }
    this.#call = call;
    const limitMs = timeoutMs > 0 ? timeoutMs : exchange.listener.settings.streamIdleTimeoutMs;
    if (limitMs > 0) this.#timer = setTimeout(() => this.#giveUp(), Math.min(limitMs, LONGEST_TIMER_MS));
    // A mirror must not keep a program alive that has nothing else to do.
    (this.#timer as { unref?: () => void } | undefined)?.unref?.();
  }

  /** The exchange is over. */
  giveUpUnlessSent(): void {
    if (this.body?.ended !== true) this.#giveUp();
  }

  mayStart(): boolean {
    const cluster = this.#cluster;
    if (cluster.startedRequests < cluster.settings.circuitBreakers.maxRequests) {
      cluster.startedRequests++;
      this.#started = true;
      return true;
    }
    this.#giveUp();
    return false;
  }

  onRequestStarted(): void {
    this.#leavePending();
    this.#cluster.outliers?.connected(this.#host);
  }

  onResponse(status: number, _headers: HeaderList, body: ByteSource | undefined): void {
    this.#cluster.outliers?.answered(this.#host, status);
    // Read to its end, so that the connection can serve again.
    body?.start(NOWHERE);
  }

  onFailure(): void {
    this.#cluster.outliers?.failed(this.#host, 503);
    this.#host.failuresTotal++;
    this.onDone();
  }

  onDone(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.body?.cancel();
    this.#leavePending();
    if (this.#started) this.#cluster.startedRequests--;
    this.#cluster.stats.upstreamRequestsActive--;
    this.#host.requestEnded();
  }

  #giveUp(): void {
    if (this.#over) return;
    this.#call?.cancel();
    this.onDone();
  }

  #leavePending(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#cluster.pendingRequests--;
  }
}

const NOWHERE: ByteSink = { write: () => true, end() {}, abort() {} };

/** Timers of the runtimes hold 31 bits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `cart.test:80` becomes `cart.test-shadow:80`. */
function shadowAuthority(authority: string): string {
  const port = portStart(authority);
  return port < 0 ? `${authority}-shadow` : `${authority.slice(0, port)}-shadow${authority.slice(port)}`;
}

/** The headers of the request, and what Envoy's own clients add: a mirror is called by the proxy, not through it. */
function mirrorHeaders(exchange: Exchange): HeaderList {
  const headers = [...exchange.requestHeaders];
  setHeader(headers, 'x-envoy-internal', 'true');
  const forwardedFor = headerValue(headers, 'x-forwarded-for');
  const own = exchange.listener.ownAddress;
  setHeader(headers, 'x-forwarded-for', forwardedFor === undefined ? own : `${forwardedFor},${own}`);
  return headers;
}
