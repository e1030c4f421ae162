import { isGrpcContentType } from '@heddle/routing';
import type { Host } from '../cluster/host.ts';
import type {
  UpgradedConnection,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamRequest,
} from '../upstream-transport.ts';
import type { ByteSource } from './byte-stream.ts';
import type { Exchange } from './exchange.ts';
import type { Forwarding } from './forwarding.ts';
import { httpStatusOf } from './grpc-status.ts';
import { type HeaderList, headerValue, setHeader } from './header-list.ts';
import { respond } from './respond.ts';
import { joinRepeatedFields, removeUpstreamHopHeaders } from './response-preparation.ts';

/** One try on one host. */
export class Attempt implements UpstreamHandler {
  readonly host: Host;
  over = false;
  readonly #forwarding: Forwarding;
  #call: UpstreamCall | undefined;
  #pending = true;
  #started = false;
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
    const call = this.host.pool(this.#forwarding.protocol, request.authority).send(request, this);
    this.#call = call;
    if (this.#cancelled) call.cancel();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#call?.cancel();
    this.onDone();
  }

  mayStart(): boolean {
    const { cluster } = this.#forwarding;
    if (cluster.startedRequests < cluster.settings.circuitBreakers.maxRequests) {
      cluster.startedRequests++;
      this.#started = true;
      return true;
    }
    this.cancel();
    this.#forwarding.overflowed();
    return false;
  }

  onRequestStarted(): void {
    this.#leavePending();
    this.#forwarding.cluster.outliers?.connected(this.host);
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
    forwarding.cluster.outliers?.answered(this.host, judgedStatus(exchange, status, headers));
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

  onBrokenOff(): void {
    this.#forwarding.cluster.outliers?.failed(this.host, 503);
  }

  onDone(): void {
    this.over = true;
    this.#leavePending();
    if (this.#started) {
      this.#started = false;
      this.#forwarding.cluster.startedRequests--;
    }
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
    for (const cookie of exchange.cookiesToSet ?? []) headers.push('set-cookie', cookie);
    if (settings.attemptCountInResponse) setHeader(headers, 'x-envoy-attempt-count', String(exchange.attempts));
  }
}

/** The status by which an endpoint is judged: what a gRPC answer says in its head stands before the status of HTTP. */
function judgedStatus(exchange: Exchange, status: number, headers: HeaderList): number {
  if (!isGrpcContentType(headerValue(exchange.requestHeaders, 'content-type'))) return status;
  const grpcStatus = headerValue(headers, 'grpc-status');
  return grpcStatus === undefined ? status : httpStatusOf(grpcStatus);
}
