import {
  type CompiledAction,
  type ForwardAction,
  pickCluster,
  type RouteMatchResult,
  tlsRedirectLocation,
  type WeightedLeg,
} from '@heddle/routing';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { Host } from '../cluster/host.ts';
import type {
  UpgradedConnection,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from '../upstream-transport.ts';
import { bytesSource, type ByteSource } from './byte-stream.ts';
import { maxStreamDuration, refuse, reply, respond } from './connection-manager.ts';
import type { Exchange, UpstreamWork } from './exchange.ts';
import { grpcTimeoutMs } from './grpc-timeout.ts';
import { isGrpcContentType } from './grpc-status.ts';
import { type HeaderList, headerValue, joinedHeaderValue, removeHeader, setHeader } from './header-list.ts';
import { ReplayableBody } from './replayable-body.ts';
import type { ResponseFlag } from './response-flag.ts';
import { joinRepeatedFields, removeUpstreamHopHeaders } from './response-preparation.ts';
import { type RetrySettings, retriesFailure, retriesResponse, retryDelayMs } from './retry-policy.ts';
import { applyRouteRequestHeaders, type ForwardSettings } from './route-settings.ts';

/** The router, last of the filters: answers from the route, or forwards to an endpoint. */
export function routeExchange(exchange: Exchange): void {
  const { route } = exchange;
  if (route === undefined) {
    if (exchange.method === 'CONNECT') refuse(exchange, 404, '', 'route_not_found', 'NR');
    else reply(exchange, 404, '', 'route_not_found', 'NR');
    return;
  }
  const { action } = route.route;
  if (action.kind === 'forward') forward(exchange, route, action);
  else answer(exchange, action);
}

function answer(exchange: Exchange, action: Exclude<CompiledAction, ForwardAction>): void {
  switch (action.kind) {
    case 'redirect':
      reply(exchange, action.status, '', 'direct_response', undefined, ['location', action.location(exchange)]);
      return;
    case 'tls-redirect':
      reply(exchange, 301, '', 'direct_response', undefined, ['location', tlsRedirectLocation(exchange)]);
      return;
    case 'direct-response': {
      exchange.responseDetails = 'direct_response';
      const headers: HeaderList =
        action.body.length === 0 ? [] : ['content-length', String(action.body.length), 'content-type', 'text/plain'];
      respond(exchange, action.status, headers, action.body.length === 0 ? undefined : bytesSource([action.body]));
      return;
    }
    case 'non-forwarding':
      reply(exchange, 404, '', 'route_not_found', 'NR');
  }
}

function forward(exchange: Exchange, match: RouteMatchResult, action: ForwardAction): void {
  const { listener } = exchange;
  const { name, leg } = pickCluster(action, exchange.random, exchange);
  exchange.leg = leg;
  const cluster = listener.clusters.get(name);
  if (cluster === undefined) {
    reply(exchange, action.clusterNotFoundStatus, '', 'cluster_not_found', 'NC');
    return;
  }
  exchange.cluster = cluster;
  exchange.clusterName = name;
  const settings = listener.routeSettings.of(match.route);
  const timeoutMs = timeoutOf(exchange, settings);
  prepareUpstreamHeaders(exchange, action, leg, settings, timeoutMs);
  if (settings.idleTimeoutMs !== undefined) overrideIdleTimeout(exchange, settings.idleTimeoutMs);
  if (settings.maxStreamDurationMs !== undefined && settings.maxStreamDurationMs > 0) {
    exchange.after(settings.maxStreamDurationMs, () => maxStreamDuration(exchange));
  }
  new Forwarding(exchange, cluster, action, settings, timeoutMs).begin();
}

function timeoutOf(exchange: Exchange, settings: ForwardSettings): number {
  const { requestHeaders } = exchange;
  if (settings.maxGrpcTimeoutMs !== undefined && isGrpcContentType(headerValue(requestHeaders, 'content-type'))) {
    const asked = grpcTimeoutMs(headerValue(requestHeaders, 'grpc-timeout')) ?? 0;
    const max = settings.maxGrpcTimeoutMs;
    return max !== 0 && (asked === 0 || asked > max) ? max : asked;
  }
  const asked = headerValue(requestHeaders, 'x-envoy-upstream-rq-timeout-ms');
  if (asked !== undefined) {
    removeHeader(requestHeaders, 'x-envoy-upstream-rq-timeout-ms');
    if (/^\d+$/.test(asked)) return Number(asked);
  }
  return settings.timeoutMs;
}

function overrideIdleTimeout(exchange: Exchange, idleMs: number): void {
  const { watch } = exchange.listener;
  watch.unwatch(exchange);
  if (idleMs > 0) watch.watch(exchange, idleMs);
}

function prepareUpstreamHeaders(
  exchange: Exchange,
  action: ForwardAction,
  leg: WeightedLeg | undefined,
  settings: ForwardSettings,
  timeoutMs: number,
): void {
  const { requestHeaders } = exchange;
  const { suppressEnvoyHeaders, respectExpectedTimeout } = exchange.listener.router;
  const perTryMs = settings.retry?.perTryTimeoutMs ?? 0;
  const expectedMs = perTryMs > 0 && (timeoutMs === 0 || perTryMs < timeoutMs) ? perTryMs : timeoutMs;
  if (expectedMs > 0 && !suppressEnvoyHeaders) {
    if (!respectExpectedTimeout || headerValue(requestHeaders, 'x-envoy-expected-rq-timeout-ms') === undefined) {
      setHeader(requestHeaders, 'x-envoy-expected-rq-timeout-ms', String(Math.round(expectedMs)));
    }
  }
  if (settings.attemptCountInRequest) setHeader(requestHeaders, 'x-envoy-attempt-count', '1');
  const rewritten = action.rewritePath?.(exchange.path);
  const authority = action.rewriteAuthority?.(exchange);
  applyRouteRequestHeaders(exchange, leg);
  if (authority !== undefined) rewriteAuthority(exchange, authority, settings.appendForwardedHost);
  // The rewrite of a weighted cluster leaves no trace of the former authority (as in Envoy).
  else if (leg !== undefined && leg.hostRewrite !== '') exchange.authority = leg.hostRewrite;
  if (rewritten !== undefined && rewritten !== exchange.path) {
    exchange.originalPath = exchange.path;
    if (!suppressEnvoyHeaders) setHeader(requestHeaders, 'x-envoy-original-path', exchange.path);
    exchange.path = rewritten;
  }
}

function rewriteAuthority(exchange: Exchange, authority: string, appendForwardedHost: boolean): void {
  const { requestHeaders } = exchange;
  if (appendForwardedHost) {
    const present = joinedHeaderValue(requestHeaders, 'x-forwarded-host');
    const value = present === undefined ? exchange.authority : `${present},${exchange.authority}`;
    setHeader(requestHeaders, 'x-forwarded-host', value);
  }
  setHeader(requestHeaders, 'x-envoy-original-host', exchange.authority);
  exchange.authority = authority;
}

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
class Forwarding implements UpstreamWork {
  readonly exchange: Exchange;
  readonly cluster: ClusterRuntime;
  readonly settings: ForwardSettings;
  readonly retry: RetrySettings | undefined;
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
    const { circuitBreakers } = cluster.settings;
    if (cluster.stats.upstreamRequestsActive >= circuitBreakers.maxRequests) {
      this.#overflow();
      return;
    }
    exchange.host = host;
    if (exchange.attempts > 1 && this.settings.attemptCountInRequest) {
      setHeader(exchange.requestHeaders, 'x-envoy-attempt-count', String(exchange.attempts));
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
    // Waiting for a connection while too many already wait: Envoy's pending request limit.
    if (attempt.isPending && cluster.pendingRequests > circuitBreakers.maxPendingRequests) {
      attempt.cancel();
      this.#overflow();
      return;
    }
    const perTryMs = this.retry?.perTryTimeoutMs ?? 0;
    if (perTryMs > 0) exchange.after(perTryMs, () => this.#tryTimedOut(attempt));
  }

  #pickHost(): Host | undefined {
    const { hosts } = this.cluster;
    let host = hosts.pick();
    if (this.#tried === undefined || this.retry?.avoidsPreviousHosts !== true) return host;
    for (let i = 1; i < this.retry.hostSelectionAttempts && host !== undefined && this.#tried.has(host); i++) {
      host = hosts.pick();
    }
    return host;
  }

  #overflow(): void {
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
    attempt.cancel();
    const retries = this.retry !== undefined && (this.retry.on.has('5xx') || this.retry.on.has('gateway-error'));
    if (retries && this.#retryLater(attempt)) return;
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
      exchange.upstreamFailure = failure.detail;
    }
    attempt.host.failuresTotal++;
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

/** One try on one host. */
class Attempt implements UpstreamHandler {
  readonly host: Host;
  over = false;
  readonly #forwarding: Forwarding;
  #call: UpstreamCall | undefined;
  #pending = true;
  #counted = false;
  #cancelled = false;

  constructor(forwarding: Forwarding, host: Host) {
    this.#forwarding = forwarding;
    this.host = host;
  }

  /** True while no connection has taken the request. */
  get isPending(): boolean {
    return this.#pending && !this.over;
  }

  send(request: UpstreamRequest): void {
    const { cluster } = this.#forwarding;
    const { stats } = cluster;
    stats.upstreamRequestsTotal++;
    stats.upstreamRequestsActive++;
    cluster.pendingRequests++;
    this.#counted = true;
    this.host.requestStarted();
    const call = this.host.pool.send(request, this);
    this.#call = call;
    if (this.#cancelled) call.cancel();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#call?.cancel();
    this.onDone();
  }

  onRequestStarted(): void {
    this.#leavePending();
  }

  onInformational(status: number, headers: HeaderList): void {
    void status;
    void headers;
  }

  onResponse(status: number, headers: HeaderList, body: ByteSource | undefined): void {
    const forwarding = this.#forwarding;
    const { exchange } = forwarding;
    if (this.#cancelled || exchange.finished || exchange.responseStarted) {
      body?.cancel();
      return;
    }
    if (forwarding.retriesOn(this, status, headers)) {
      this.cancel();
      return;
    }
    forwarding.settled();
    removeUpstreamHopHeaders(headers, false);
    joinRepeatedFields(headers);
    if (exchange.upgrade !== undefined) {
      // The endpoint declined: the answer's body is not the client's business any more, as in Envoy.
      exchange.responseDetails = 'websocket_handshake_unsuccessful';
      exchange.mustClose = true;
      setHeader(headers, 'content-length', '0');
      body?.cancel();
      respond(exchange, status, headers, undefined);
      return;
    }
    this.#decorate(headers);
    exchange.responseDetails = 'via_upstream';
    respond(exchange, status, headers, body);
  }

  onUpgrade(headers: HeaderList, connection: UpgradedConnection): void {
    const forwarding = this.#forwarding;
    const { exchange } = forwarding;
    if (this.#cancelled || exchange.finished || exchange.writer.upgrade === undefined) {
      connection.destroy();
      return;
    }
    forwarding.settled();
    exchange.responseDetails = 'via_upstream';
    removeUpstreamHopHeaders(headers, true);
    respond(exchange, 101, headers, connection.source);
    exchange.writer.upgrade(connection);
  }

  onFailure(failure: UpstreamFailure): void {
    const requestSent = !this.#pending;
    this.onDone();
    if (!this.#cancelled) this.#forwarding.failed(this, failure, requestSent);
  }

  onDone(): void {
    this.over = true;
    this.#leavePending();
    if (!this.#counted) return;
    this.#counted = false;
    this.#forwarding.cluster.stats.upstreamRequestsActive--;
    this.host.requestEnded();
  }

  #leavePending(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#forwarding.cluster.pendingRequests--;
  }

  #decorate(headers: HeaderList): void {
    const { exchange, settings } = this.#forwarding;
    // Counted from the end of the request, so there is none while that is still coming.
    if (exchange.requestComplete && !exchange.listener.router.suppressEnvoyHeaders) {
      const since = Math.max(exchange.requestCompletedAt, exchange.startedAt);
      exchange.upstreamServiceTimeMs = Math.round(performance.now() - since);
      setHeader(headers, 'x-envoy-upstream-service-time', String(exchange.upstreamServiceTimeMs));
    }
    if (settings.attemptCountInResponse) setHeader(headers, 'x-envoy-attempt-count', String(exchange.attempts));
  }
}
