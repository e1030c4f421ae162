import type { HeaderPair } from './header-pairs.ts';

/** A request that a module makes beside the ones it filters (`proxy_http_call`). */
export interface HttpCall {
  /** The cluster's name. */
  readonly cluster: string;
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array<ArrayBuffer>;
  readonly trailers: readonly HeaderPair[];
  /** Milliseconds; 0 for none. */
  readonly timeoutMs: number;
}

/** What came back of an {@link HttpCall}. */
export interface HttpCallReply {
  readonly headers: readonly HeaderPair[];
  readonly body: Uint8Array;
  readonly trailers: readonly HeaderPair[];
}

/** What a proxy hands to a module in place of an answer that does not come, as Envoy has it: a status, and a text that says why. */
export function proxyReply(status: number, text: string): HttpCallReply {
  const body = new TextEncoder().encode(text);
  return {
    headers: [
      [':status', String(status)],
      ['content-length', String(body.length)],
      ['content-type', 'text/plain'],
    ],
    body,
    trailers: [],
  };
}

/** A gRPC call that a module makes (`proxy_grpc_call`, `proxy_grpc_stream`). */
export interface GrpcCall {
  /** As the module names it: an encoded `envoy.config.core.v3.GrpcService`, or the name of a cluster. */
  readonly service: Uint8Array<ArrayBuffer>;
  /** `package.Service`. */
  readonly serviceName: string;
  readonly methodName: string;
  readonly initialMetadata: readonly HeaderPair[];
  /** The request of a unary call; undefined for a stream. */
  readonly message: Uint8Array<ArrayBuffer> | undefined;
  /** Milliseconds; 0 for none. */
  readonly timeoutMs: number;
}

/** What the host is told of a gRPC call, in this order; after `closed` nothing more. */
export interface GrpcEvents {
  initialMetadata(pairs: readonly HeaderPair[]): void;
  message(bytes: Uint8Array): void;
  trailingMetadata(pairs: readonly HeaderPair[]): void;
  /** @param status a gRPC status code */
  closed(status: number, message: string): void;
}

/** An open gRPC call. */
export interface GrpcHandle {
  send(message: Uint8Array<ArrayBuffer>, endOfStream: boolean): void;
  /** Ends the request side. */
  close(): void;
  cancel(): void;
}

/** How modules reach clusters. What is refused at once answers the module's hostcall; the rest comes by callback, never at once. */
export interface Callouts {
  /**
   * `replied` gets undefined if nothing came in time. Returns how to give up; `no-host` for a cluster without a healthy endpoint, of which a
   * module hears at once ("internal failure") and never again, as from Envoy.
   */
  http(
    call: HttpCall,
    replied: (reply: HttpCallReply | undefined) => void,
  ): (() => void) | 'unknown-cluster' | 'no-host';
  grpc(call: GrpcCall, events: GrpcEvents): GrpcHandle | 'unknown-cluster';
}

/** For hosts without upstreams: every cluster is unknown. */
export const noCallouts: Callouts = {
  http: () => 'unknown-cluster',
  grpc: () => 'unknown-cluster',
};
