import type { ForwardAction } from '@heddle/routing';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { Host } from '../cluster/host.ts';
import type { UpstreamFailure, UpstreamProtocol } from '../upstream-transport.ts';
import { Attempt } from './attempt.ts';
import type { Exchange, UpstreamWork } from './exchange.ts';
import { type HeaderList, setHeader } from './header-list.ts';
import { ReplayableBody } from './replayable-body.ts';
import { reply } from './respond.ts';
import type { ResponseFlag } from './response-flag.ts';
import { type RetrySettings, retriesFailure, retriesResponse, retryDelayMs } from './retry-policy.ts';
import type { ForwardSettings } from './route-settings.ts';
import { perTryTimeoutMs, setTimeoutHeaders } from './timeout-headers.ts';

const failureTexts: Readonly<Record<UpstreamFailure['kind'], { reason: string; flag: ResponseFlag; status: number }>> =
  {
    'connection failure': { reason: 'remote connection failure', flag: 'UF', status: 503 },
    'connection timeout': { reason: 'connection timeout', flag: 'UF', status: 503 },
    'connection termination': { reason: 'connection termination', flag: 'UC', status: 503 },
    'remote reset': { reason: 'remote reset', flag: 'UR', status: 503 },
    'refused stream': { reason: 'remote refused stream reset', flag: 'UR', status: 503 },
    'protocol error': { reason: 'protocol error', flag: 'UPE', status: 502 },
    'local reset': { reason: 'local reset', flag: 'LR', status: 503 },
  };

/** One exchange on its way to an endpoint: attempts, time limits, circuit breakers. */
export class Forwarding implements UpstreamWork {
  readonly exchange: Exchange;
  readonly cluster: ClusterRuntime;
  readonly settings: ForwardSettings;
  readonly retry: RetrySettings | undefined;
  readonly protocol: UpstreamProtocol;
  readonly #action: ForwardAction;
  readonly #timeoutMs: number;
  readonly #authority: string;
  #body: ReplayableBody | undefined;
  #retriesLeft: number;
  #tried: Set<Host> | undefined;
  #attempt: Attempt | undefined;
  #holdsRetry = false;

  constructor(
    exchange: Exchange,
    cluster: ClusterRuntime,
    action: ForwardAction,
    settings: ForwardSettings,
    timeoutMs: number,
  ) {
    this.exchange = exchange;
    this.cluster = cluster;
    this.protocol = cluster.protocolFor(exchange.protocol);
    this.settings = settings;
    this.retry = settings.retry;
    this.#action = action;
    this.#timeoutMs = timeoutMs;
    this.#authority = exchange.authority;
    this.#retriesLeft = settings.retry?.maxRetries ?? 0;
  }

  begin(): void {
    const { exchange } = this;
    exchange.upstream = this;
    if (exchange.requestBody !== undefined) {
      const keeps = this.retry !== undefined && exchange.upgrade === undefined;
      this.#body = new ReplayableBody(exchange.requestBody, exchange.listener.bufferLimitBytes, keeps);
    }
    if (exchange.requestComplete) this.requestCompleted();
    this.#try();
    this.#body?.readAhead();
  }

  /** The route's time-out counts from the end of the request. */
  requestCompleted(): void {
    if (this.#timeoutMs > 0) this.exchange.after(this.#timeoutMs, () => this.#timedOut());
  }

  #timedOut(): void {
    const { exchange } = this;
    if (exchange.finished) return;
    this.cluster.stats.upstreamRequestTimeouts++;
    const attempt = this.#attempt;
    // Envoy judges an endpoint only by requests that a connection had taken.
    if (attempt !== undefined && !attempt.over && !attempt.isPending && !exchange.responseStarted) {
      this.cluster.outliers?.failed(attempt.host, 504);
    }
    this.giveUp();
    if (exchange.responseStarted) exchange.reset('UT', 'response_timeout');
    else reply(exchange, 504, 'upstream request timeout', 'response_timeout', 'UT');
  }

  #try(): void {
    const { exchange, cluster } = this;
    exchange.attempts++;
    exchange.upstreamFailure = undefined;
    const host = this.#pickHost();
    if (host === undefined) {
      cluster.stats.noHealthyUpstream++;
      this.#releaseRetry();
      reply(exchange, 503, 'no healthy upstream', 'no_healthy_upstream', 'UH');
      return;
    }
    exchange.host = host;
    // A request that must wait for a connection may find too many waiting.
    const { maxPendingRequests } = cluster.settings.circuitBreakers;
    if (cluster.pendingRequests >= maxPendingRequests && !host.pool(this.protocol, exchange.authority).isReady) {
      this.overflowed();
      return;
    }
    if (exchange.attempts > 1) {
      if (this.settings.attemptCountInRequest) {
        setHeader(exchange.requestHeaders, 'x-envoy-attempt-count', String(exchange.attempts));
      }
      const elapsedMs = exchange.requestComplete
        ? performance.now() - Math.max(exchange.requestCompletedAt, exchange.startedAt)
        : 0;
      setTimeoutHeaders(exchange, this.settings, this.#timeoutMs, elapsedMs);
    }
    if (this.#action.autoHostRewrite) exchange.authority = host.hostname ?? this.#authority;
    const attempt = new Attempt(this, host);
    this.#attempt = attempt;
    attempt.send({
      method: exchange.method,
      scheme: exchange.scheme,
      authority: exchange.authority,
      path: exchange.path,
      headers: exchange.requestHeaders,
      body: this.#body?.open(),
      upgrade: exchange.upgrade,
    });
    if (exchange.finished || attempt.over) return;
    const perTryMs = perTryTimeoutMs(this.settings, this.#timeoutMs);
    if (perTryMs > 0) exchange.after(perTryMs, () => this.#tryTimedOut(attempt));
  }

  /** A host; a retry looks for one that was not tried, as often as the policy says. */
  #pickHost(): Host | undefined {
    const { hosts } = this.cluster;
    const { hash } = this.exchange;
    const tried = this.retry?.avoidsPreviousHosts === true ? this.#tried : undefined;
    const most = tried === undefined ? 0 : (this.retry?.hostSelectionAttempts ?? 0);
    let host = hosts.pick(hash);
    for (let i = 1; i <= most && host !== undefined && tried?.has(host) === true; i++) host = hosts.pick(hash, i);
    return host;
  }

  /** A limit of the cluster leaves no room for this request. */
  overflowed(): void {
    this.cluster.stats.upstreamRequestsOverflow++;
    this.#releaseRetry();
    reply(
      this.exchange,
      503,
      'upstream connect error or disconnect/reset before headers. reset reason: overflow',
      'upstream_reset_before_response_started{overflow}',
      'UO',
      this.exchange.listener.router.suppressEnvoyHeaders ? [] : ['x-envoy-overloaded', 'true'],
    );
  }

  #tryTimedOut(attempt: Attempt): void {
    if (attempt !== this.#attempt || attempt.over || this.exchange.responseStarted) return;
    this.cluster.stats.upstreamRequestTimeouts++;
    if (!attempt.isPending) this.cluster.outliers?.failed(attempt.host, 504);
    attempt.cancel();
    if (this.retry !== undefined && retriesFailure(this.retry, 'local reset', true) && this.#retryLater(attempt))
      return;
    reply(this.exchange, 504, 'upstream request timeout', 'upstream_per_try_timeout', 'UT');
  }

  /** An answer came; true when it is thrown away for another attempt. */
  retriesOn(attempt: Attempt, status: number, headers: HeaderList): boolean {
    if (this.retry === undefined || !retriesResponse(this.retry, status, headers)) return false;
    return this.#retryLater(attempt);
  }

  failed(attempt: Attempt, failure: UpstreamFailure, requestSent: boolean): void {
    const { exchange } = this;
    if (exchange.finished || exchange.responseStarted) return;
    if (failure.kind === 'connection failure' || failure.kind === 'connection timeout') {
      this.cluster.stats.upstreamConnectFailures++;
      // A connection that was never made has failed for no reason that anybody told.
      if (failure.kind === 'connection failure') exchange.upstreamFailure = failure.detail;
    }
    attempt.host.failuresTotal++;
    this.cluster.outliers?.failed(attempt.host, 503);
    if (this.retry !== undefined && retriesFailure(this.retry, failure.kind, requestSent)) {
      if (this.#retryLater(attempt)) return;
    }
    const { reason, flag, status } = failureTexts[failure.kind];
    const lead = exchange.attempts > 1 ? 'retried and the latest reset reason' : 'reset reason';
    const detail = failure.kind === 'connection failure' ? `|${failure.detail}` : '';
    reply(
      exchange,
      status,
      `upstream connect error or disconnect/reset before headers. ${lead}: ${reason}`,
      `upstream_reset_before_response_started{${`${reason}${detail}`.replaceAll(' ', '_')}}`,
      flag,
    );
  }

  #retryLater(attempt: Attempt): boolean {
    const { exchange, cluster } = this;
    const { retry } = this;
    if (retry === undefined) return false;
    if (this.#retriesLeft === 0) {
      if (retry.maxRetries > 0) exchange.responseFlags.push('URX');
      return false;
    }
    if (this.#body !== undefined && !this.#body.isReplayable) return false;
    if (exchange.upgrade !== undefined) return false;
    if (!this.#holdsRetry) {
      if (cluster.activeRetries >= cluster.settings.circuitBreakers.maxRetries) {
        cluster.stats.upstreamRetriesOverflow++;
        exchange.responseFlags.push('UO');
        return false;
      }
      cluster.activeRetries++;
      this.#holdsRetry = true;
    }
    this.#retriesLeft--;
    cluster.stats.upstreamRequestRetries++;
    this.#tried ??= new Set();
    this.#tried.add(attempt.host);
    const delayMs = retryDelayMs(retry, exchange.attempts, exchange.listener.random());
    exchange.after(delayMs, () => {
      if (!exchange.finished && !exchange.responseStarted) this.#try();
    });
    return true;
  }

  /** The answer is the client's: no further attempts. */
  settled(): void {
    this.#body?.release();
    this.#releaseRetry();
  }

  #releaseRetry(): void {
    if (!this.#holdsRetry) return;
    this.#holdsRetry = false;
    this.cluster.activeRetries--;
  }

  giveUp(): void {
    this.#releaseRetry();
    this.#attempt?.cancel();
    this.#body?.cancel();
  }
}
