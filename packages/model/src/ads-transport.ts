/**
 * One open stream of aggregated discovery, seen from the client: requests go in, responses come out, both in order.
 */
export interface AdsStream<Request, Response> {
  /** Queues a request. After the stream has ended, requests are dropped: the end is reported by {@link responses}. */
  send(request: Request): void;
  /** Ends without error when the server ends the stream, throws when it breaks. May be iterated once. */
  readonly responses: AsyncIterable<Response>;
  /** Ends the stream from this side; {@link responses} then ends too. */
  close(): void;
}

/**
 * What carries aggregated discovery between a data plane and a control plane: gRPC over a network, or plain calls within one
 * process. Generic over the messages, so that the same shape serves delta and state of the world.
 */
export interface AdsTransport<Request, Response> {
  /** Opens a stream; does not throw, a failure to connect is thrown by the stream's `responses`. `signal` closes it. */
  open(signal: AbortSignal): AdsStream<Request, Response>;
}
