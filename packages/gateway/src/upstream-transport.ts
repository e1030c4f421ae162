import type { ByteSource } from './http/byte-stream.ts';
import type { HeaderList } from './http/header-list.ts';

/** Where an endpoint listens. */
export interface UpstreamAddress {
  /** IP address or host name. */
  readonly host: string;
  readonly port: number;
}

/** How connections to one endpoint are made and kept; from the cluster's fields of these names. */
export interface UpstreamPoolOptions {
  readonly protocol: 'http1' | 'http2';
  /** Cluster `connect_timeout`. */
  readonly connectTimeoutMs: number;
  /** `idle_timeout` of the upstream protocol options: how long an unused connection is kept. */
  readonly idleTimeoutMs: number;
  /** `max_requests_per_connection`; 0 = no limit. */
  readonly maxRequestsPerConnection: number;
  /** `enable_trailers` of the upstream's HTTP/1.1 options: trailers of responses are dropped without it. */
  readonly enableTrailers: boolean;
  /** Connections open at once; more requests wait. */
  readonly maxConnections: number;
  /** Largest response head accepted, in bytes. */
  readonly maxResponseHeaderBytes: number;
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
  /** The request is about to be written on an established connection: from now on it may have had effects. */
  onRequestStarted?(): void;
  /** 103 and other interim answers; 100 is handled by the transport. */
  onInformational?(status: number, headers: HeaderList): void;
  /** The head of the answer; `body` is undefined when the message has none (204, 304, HEAD, `content-length: 0`). */
  onResponse(status: number, headers: HeaderList, body: ByteSource | undefined): void;
  onUpgrade?(headers: HeaderList, connection: UpgradedConnection): void;
  /** Nothing was answered. Failures after `onResponse` reach the body's sink as `abort`. */
  onFailure(failure: UpstreamFailure): void;
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
  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall;
  /** Closes connections as soon as their requests are over. */
  close(): void;
  /** Closes everything now. */
  destroy(): void;
}

/** A way to reach endpoints: undici on Node, `fetch` elsewhere. */
export interface UpstreamTransport {
  readonly name: string;
  /** What this transport cannot do, for {@link GATEWAY_FEATURES} and for clear refusals. */
  readonly supports: { readonly upgrades: boolean; readonly http2: boolean; readonly trailers: boolean };
  createPool(address: UpstreamAddress, options: UpstreamPoolOptions): UpstreamPool;
}
