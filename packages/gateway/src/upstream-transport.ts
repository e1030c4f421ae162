import type { ByteSource } from './http/byte-stream.ts';
import type { HeaderList } from './http/header-list.ts';
import type { UpstreamTls } from './tls/upstream-tls.ts';

/** Where an endpoint listens. */
export interface UpstreamAddress {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
}

/** The HTTP that is spoken on a connection. */
export type UpstreamProtocol = 'http1' | 'http2';

/** The connections of one cluster, counted over all its endpoints: `circuit_breakers` bounds them together. */
export interface ConnectionBudget {
  /** False while the cluster has as many connections as `max_connections` allows. */
  readonly hasRoom: boolean;
  opened(): void;
  closed(): void;
  /** A request has to wait because there is no room. */
  overflowed(): void;
}

/** Settings of `http2_protocol_options`. */
export interface UpstreamHttp2Options {
  /** Requests at once on one connection; the endpoint may allow fewer. */
  readonly maxConcurrentStreams: number;
  /** What may be under way to the gateway unread, in bytes. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** `connection_keepalive`: pings that must be answered in time. */
  readonly keepAlive: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
}

/** `upstream_connection_options.tcp_keepalive`; what is undefined is the operating system's. */
export interface TcpKeepAlive {
  readonly idleSeconds: number | undefined;
  readonly intervalSeconds: number | undefined;
  readonly probes: number | undefined;
}

/** How connections to one endpoint are made and kept; from the cluster's fields of these names. */
export interface UpstreamPoolOptions {
  readonly protocol: UpstreamProtocol;
  /** Cluster `connect_timeout`. */
  readonly connectTimeoutMs: number;
  /** `idle_timeout` of the upstream protocol options: how long an unused connection is kept; 0 = for ever. */
  readonly idleTimeoutMs: number;
  /** `max_connection_duration`: how old a connection may grow before it takes no more requests; 0 = no limit. */
  readonly maxConnectionDurationMs: number;
  /** `max_requests_per_connection`; 0 = no limit. */
  readonly maxRequestsPerConnection: number;
  /** `enable_trailers` of the upstream's HTTP/1.1 options: trailers are dropped without it, both ways. */
  readonly enableTrailers: boolean;
  /** Connections open at once to one endpoint; more requests wait. */
  readonly maxConnections: number;
  /** Counts connections over the whole cluster; undefined where nothing bounds them. */
  readonly budget?: ConnectionBudget | undefined;
  /** Undefined for plain text. */
  readonly tls?: UpstreamTls | undefined;
  /** The name to ask the endpoint for in TLS; empty for none. */
  readonly serverName?: string | undefined;
  /** Largest response head accepted, in bytes. */
  readonly maxResponseHeaderBytes: number;
  readonly tcpKeepAlive: TcpKeepAlive | undefined;
  readonly http2: UpstreamHttp2Options;
}

/** A request on its way to an endpoint. Headers carry no hop-by-hop fields and no `host`. */
export interface UpstreamRequest {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: HeaderList;
  /** Absent when the request has no body. */
  readonly body: ByteSource | undefined;
  /** The protocol of an `Upgrade` request (`websocket`); the transport adds the `connection` header. */
  readonly upgrade?: string | undefined;
}

/**
 * Why a request got no complete answer, in Envoy's words:
 * `connection failure` nothing was sent (retriable as connect-failure); `connection timeout` the same after the connect time-out;
 * `connection termination` the peer closed or reset an established connection; `remote reset` the peer reset this stream alone;
 * `protocol error` the answer was not HTTP; `local reset` our own abort.
 */
export interface UpstreamFailure {
  readonly kind:
    | 'connection failure'
    | 'connection timeout'
    | 'connection termination'
    | 'remote reset'
    | 'refused stream'
    | 'protocol error'
    | 'local reset';
  /** Detail for people and for the text of a local reply: `delayed connect error: Connection refused`. */
  readonly detail: string;
}

/** A raw byte connection after an upgrade. */
export interface UpgradedConnection {
  readonly source: ByteSource;
  write(chunk: Uint8Array): boolean;
  /** Called whenever the connection can take more after `write` answered false. */
  onWritable(listener: () => void): void;
  end(): void;
  destroy(): void;
}

/** What happens to a request, in order: informational*, then upgrade or response, or failure. */
export interface UpstreamHandler {
  /** Asked once, when a connection can take the request: false gives it up there (too many requests at once). */
  mayStart?(): boolean;
  /** The request is about to be written on an established connection: from now on it may have had effects. */
  onRequestStarted?(): void;
  /** 103 and other interim answers; 100 is handled by the transport. */
  onInformational?(status: number, headers: HeaderList): void;
  /** The head of the answer; `body` is undefined when the message has none (204, 304, HEAD, `content-length: 0`). */
  onResponse(status: number, headers: HeaderList, body: ByteSource | undefined): void;
  onUpgrade?(headers: HeaderList, connection: UpgradedConnection): void;
  /** Nothing was answered. Failures after `onResponse` reach the body's sink as `abort`. */
  onFailure(failure: UpstreamFailure): void;
  /** A failure after `onResponse`. */
  onBrokenOff?(): void;
  /** The exchange with the endpoint is over, well or badly: counted requests may be released. Called once. */
  onDone(): void;
}

/** One request in flight. */
export interface UpstreamCall {
  /** Gives up: the connection or stream is reset and the handler hears nothing more than `onDone`. */
  cancel(): void;
}

/** Connections to one endpoint. */
export interface UpstreamPool {
  /** Whether a request would be written at once; otherwise it waits for a connection. */
  readonly isReady: boolean;
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** Closes connections as soon as their requests are over. */
  close(): void;
  /** Closes everything now. */
  destroy(): void;
}

/** A way to reach endpoints: sockets on Node, Bun and Deno, `fetch` elsewhere. */
export interface UpstreamTransport {
  readonly name: string;
  /** What this transport cannot do, for {@link GATEWAY_FEATURES} and for clear refusals. */
  readonly supports: {
    readonly upgrades: boolean;
    readonly http2: boolean;
    readonly trailers: boolean;
    readonly tls?: boolean;
  };
  createPool(address: UpstreamAddress, options: UpstreamPoolOptions): UpstreamPool;
}
