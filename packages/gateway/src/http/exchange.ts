import type { RequestView, RouteMatchResult, WeightedLeg } from '@heddle/routing';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { Host } from '../cluster/host.ts';
import type { DownstreamTlsFacts } from '../tls/peer-certificate.ts';
import type { ByteSink, ByteSource } from './byte-stream.ts';
import { type HeaderList, headerValue, joinedHeaderValue } from './header-list.ts';
import type { HttpListener } from './http-listener.ts';
import type { ResponseFlag } from './response-flag.ts';

/** Timers of the runtimes hold 31 bits; longer ones would go off at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** HTTP versions as `%PROTOCOL%` prints them. */
export type HttpProtocol = 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';

/** The connection a request came on. Addresses are textual IP addresses, IPv4 never in its IPv6-mapped form. */
export interface DownstreamConnection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** True when the client spoke TLS, to the gateway or to the program that mounted it. */
  readonly secure: boolean;
  /** What its handshake with the gateway told. */
  readonly tls?: DownstreamTlsFacts;
}

/** The way back to the client, implemented by each adapter. Calls come in the order informational*, head, write*, end. */
export interface ResponseWriter {
  informational(status: number, headers: HeaderList): void;
  /** The head; with `endStream` there is no body and nothing more is called. `close` asks to close the connection after it. */
  head(status: number, headers: HeaderList, endStream: boolean, close: boolean): void;
  /**
   * False asks to wait until {@link Exchange.downstreamWritable}. `last` says that the chunk completes the announced length: `end`
   * follows at once, and the writer may put both into one packet.
   */
  write(chunk: Uint8Array, last: boolean): boolean;
  end(trailers: HeaderList | undefined): void;
  /** Breaks the response off, so that the client sees it as incomplete. */
  reset(): void;
  /** Closes the whole connection, with all streams on it; where that differs from {@link reset}. */
  breakConnection?(): void;
  /** After a 101 head: the raw connection takes over. */
  upgrade?(connection: import('../upstream-transport.ts').UpgradedConnection): void;
}

/** The side of an exchange that talks to endpoints. */
export interface UpstreamWork {
  /** The request's last byte has come from the client. */
  requestCompleted(): void;
  /** Nobody waits for an answer any more. */
  giveUp(): void;
}

/**
 * One request and its response, in neither Request/Response nor Node terms: what filters see and change. The adapter makes it,
 * the connection manager drives it, filters read and edit the public fields between those two.
 */
export class Exchange implements ByteSink, RequestView {
  readonly connection: DownstreamConnection;
  readonly protocol: HttpProtocol;
  readonly writer: ResponseWriter;
  method: string;
  scheme: string;
  authority: string;
  /** False when the request named no authority at all. */
  hasAuthority = true;
  /** With query, as it will be sent on. */
  path: string;
  /** Lower-case names; no pseudo headers, no `host`, no hop-by-hop fields. */
  requestHeaders: HeaderList;
  /** Undefined when the request ended with its headers. */
  requestBody: ByteSource | undefined;
  /** The protocol of an Upgrade request, in lower case. */
  upgrade: string | undefined;

  /** The listener configuration this exchange began with, and keeps. */
  listener!: HttpListener;
  route: RouteMatchResult | undefined;
  /** The leg of a weighted route that was taken. */
  leg: WeightedLeg | undefined;
  /** One random integer decides the route and the weighted leg, as in Envoy. */
  random = 0;
  /** What chooses the endpoint, where a cluster chooses by hash and the request has one. */
  hash: bigint | undefined;
  /** Values of `set-cookie` that the answer of an endpoint is given. */
  cookiesToSet: string[] | undefined;
  cluster: ClusterRuntime | undefined;
  clusterName: string | undefined;
  host: Host | undefined;
  requestId: string | undefined;
  /** The client's address as trusted: `x-forwarded-for` seen through the trusted hops, else the connection's. */
  clientAddress: string;
  /** The path as received, when a rewrite changed it. */
  originalPath: string | undefined;

  responseStatus = 0;
  responseHeaders: HeaderList = [];
  responseTrailers: HeaderList | undefined;
  /** `%RESPONSE_CODE_DETAILS%`. */
  responseDetails = '';
  readonly responseFlags: ResponseFlag[] = [];
  upstreamFailure: string | undefined;
  attempts = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** Milliseconds since 1970. */
  readonly startTime: number;
  /** Milliseconds on the monotonic clock. */
  readonly startedAt: number;
  requestCompletedAt = 0;
  upstreamServiceTimeMs = -1;
  lastActivityAt: number;
  requestComplete: boolean;
  responseStarted = false;
  /** The head of the response has been written. */
  headSent = false;
  finished = false;
  /** The codec refused the message: there is no request to name in a log. */
  isUnreadable = false;
  /** The connection cannot be used for another request after this response. */
  mustClose = false;
  #timers: ReturnType<typeof setTimeout>[] | undefined;
  #durationTimer: ReturnType<typeof setTimeout> | undefined;
  /** True once the client has gone. */
  aborted = false;

  /** The response body now flowing. */
  #body: ByteSource | undefined;
  /** Its `content-length`; -1 when it has none. */
  #announcedBytes = -1;
  /** What works for this exchange upstream. */
  upstream: UpstreamWork | undefined;
  /** Ends the copies of the request that have not passed whole. */
  mirrors: (() => void) | undefined;
  /** Set by the connection manager: counts and logs. */
  onFinished: ((exchange: Exchange) => void) | undefined;

  // Kept by StreamWatch: the exchange is a link of its list.
  idleTimeoutMs = 0;
  nextWatched: Exchange | undefined;
  previousWatched: Exchange | undefined;

  constructor(
    connection: DownstreamConnection,
    protocol: HttpProtocol,
    writer: ResponseWriter,
    request: {
      method: string;
      scheme: string;
      authority: string;
      path: string;
      headers: HeaderList;
      body: ByteSource | undefined;
      upgrade?: string | undefined;
    },
  ) {
    this.connection = connection;
    this.protocol = protocol;
    this.writer = writer;
    this.method = request.method;
    this.scheme = request.scheme;
    this.authority = request.authority;
    this.path = request.path;
    this.requestHeaders = request.headers;
    this.requestBody = request.body;
    this.upgrade = request.upgrade;
    this.requestComplete = request.body === undefined;
    this.clientAddress = connection.remoteAddress;
    this.startTime = Date.now();
    this.startedAt = performance.now();
    this.lastActivityAt = this.startedAt;
  }

  /** All values of a request header joined by a comma; undefined when absent. `name` is in lower case. */
  header(name: string): string | undefined {
    return joinedHeaderValue(this.requestHeaders, name);
  }

  /** The values of a request header one by one. `name` is in lower case. */
  headerValues(name: string): readonly string[] {
    const values: string[] = [];
    for (let i = 0; i < this.requestHeaders.length; i += 2) {
      if (this.requestHeaders[i] === name) values.push(this.requestHeaders[i + 1] as string);
    }
    return values;
  }

  /** The adapter reports body bytes received. */
  received(bytes: number): void {
    this.bytesReceived += bytes;
    this.lastActivityAt = performance.now();
  }

  /** The adapter reports that the request's last byte has come. */
  requestEnded(): void {
    if (this.requestComplete) return;
    this.requestComplete = true;
    this.requestCompletedAt = performance.now();
    this.upstream?.requestCompleted();
  }

  /** The adapter can take more after `write` answered false. */
  downstreamWritable(): void {
    this.#body?.resume();
  }

  /** The client went away, or broke the protocol, before the response was complete. */
  downstreamGone(flag: 'DC' | 'DPE' = 'DC', details = 'downstream_remote_disconnect'): void {
    if (this.finished) return;
    this.aborted = true;
    if (!this.responseFlags.includes(flag)) this.responseFlags.push(flag);
    this.responseDetails = details;
    this.#body?.cancel();
    this.#body = undefined;
    this.upstream?.giveUp();
    this.finish();
  }

  /** Streams the body to the client; the head has been written. */
  stream(body: ByteSource): void {
    this.#body = body;
    this.#announcedBytes = contentLength(this.responseHeaders);
    body.start(this);
  }

  write(chunk: Uint8Array): boolean {
    if (this.finished) return true;
    this.bytesSent += chunk.byteLength;
    const last = this.bytesSent === this.#announcedBytes;
    // The end of a body needs no clock: nothing can be idle after it.
    if (!last) this.lastActivityAt = performance.now();
    return this.writer.write(chunk, last);
  }

  end(trailers: HeaderList | undefined): void {
    if (this.finished) return;
    this.#body = undefined;
    this.responseTrailers = trailers;
    this.writer.end(trailers);
    this.finish();
  }

  abort(cause: string): void {
    if (this.finished) return;
    this.#body = undefined;
    this.responseFlags.push(ABORT_FLAGS[cause] ?? 'UC');
    this.responseDetails = `upstream_reset_after_response_started{${cause.replaceAll(' ', '_')}}`;
    this.writer.reset();
    this.finish();
  }

  /** Breaks off a response under way. */
  reset(flag: ResponseFlag, details: string): void {
    if (this.finished) return;
    this.responseFlags.push(flag);
    this.responseDetails = details;
    this.#body?.cancel();
    this.#body = undefined;
    this.upstream?.giveUp();
    this.writer.reset();
    this.finish();
  }

  /** Runs `action` after a while unless the exchange is over by then. */
  after(delayMs: number, action: () => void): void {
    this.#timers ??= [];
    const left = delayMs - LONGEST_TIMER_MS;
    this.#timers.push(
      left > 0 ? setTimeout(() => this.after(left, action), LONGEST_TIMER_MS) : setTimeout(action, delayMs),
    );
  }

  /** Runs `action` when the exchange is so old, in place of what was set before; 0 sets no limit. */
  limitDuration(limitMs: number, action: () => void): void {
    clearTimeout(this.#durationTimer);
    this.#durationTimer = undefined;
    if (limitMs === 0) return;
    const leftMs = Math.max(0, limitMs - (performance.now() - this.startedAt));
    this.#durationTimer = setTimeout(action, Math.min(leftMs, LONGEST_TIMER_MS));
  }

  /** Everything is over: counters, access log. */
  finish(): void {
    if (this.finished) return;
    this.finished = true;
    if (this.#durationTimer !== undefined) clearTimeout(this.#durationTimer);
    if (this.#timers !== undefined) for (const timer of this.#timers) clearTimeout(timer);
    this.mirrors?.();
    this.onFinished?.(this);
  }
}

/** Why a response broke off, in the words of `UpstreamFailure`; what is not here is a lost connection. */
const ABORT_FLAGS: Readonly<Record<string, ResponseFlag>> = {
  'protocol error': 'UPE',
  'remote reset': 'UR',
  'refused stream': 'UR',
  'local reset': 'LR',
};

function contentLength(headers: HeaderList): number {
  const value = headerValue(headers, 'content-length');
  return value === undefined ? -1 : Number(value);
}
