import type { ByteSource } from './byte-stream.ts';
import type { Exchange } from './exchange.ts';

/**
 * One filter of the chain, as Envoy's HTTP filters: requests pass the filters in order and end at the router, responses pass
 * them in reverse. Each hook may be absent. A filter that answers itself calls `reply` and returns; later filters then do not
 * see the request, all see the response.
 */
export interface HttpFilter {
  /** The name it is configured by: `envoy.filters.http.cors`. */
  readonly name: string;
  /** An exchange begins on the listener, which {@link onFinished} ends: also one that no filter comes to see. */
  onBegin?(exchange: Exchange): void;
  /** Sees the request head after the connection manager prepared it. A promise holds the request until it settles. */
  onRequest?(exchange: Exchange): void | Promise<void>;
  /** Stands in the request body's way. */
  wrapRequestBody?(exchange: Exchange, body: ByteSource): ByteSource;
  /**
   * Sees the response head in `exchange.responseStatus` and `responseHeaders`, local replies included; `body` is undefined when the
   * response ends with it. A promise holds the response until it settles.
   */
  onResponse?(exchange: Exchange, body: ByteSource | undefined): void | Promise<void>;
  /** Stands in the response body's way. */
  wrapResponseBody?(exchange: Exchange, body: ByteSource): ByteSource;
  /** The exchange is over: what a filter logs of it. All filters log before the first of them has {@link onFinished}. */
  onLog?(exchange: Exchange): void;
  /** The exchange is over. */
  onFinished?(exchange: Exchange): void;
}
