/** What the server has done since it was created; read them for metrics. */
export interface DiscoveryCounters {
  streamsOpened: number;
  streamsClosed: number;
  /** Streams ended because of what their client sent, or because the server refused them. */
  streamErrors: number;
  requests: number;
  acks: number;
  nacks: number;
  /** Requests with the nonce of a response that a newer one has overtaken, or that was never sent. */
  staleNonces: number;
  responses: number;
  resourcesSent: number;
  removalsSent: number;
  /** Responses larger than the 4 MiB that gRPC clients take by default. */
  oversizeResponses: number;
  /** Encoded resources, without framing. */
  resourceBytesSent: number;
  updates: number;
  compiles: number;
}

/** All zero. */
export function newCounters(): DiscoveryCounters {
  return {
    streamsOpened: 0,
    streamsClosed: 0,
    streamErrors: 0,
    requests: 0,
    acks: 0,
    nacks: 0,
    staleNonces: 0,
    responses: 0,
    resourcesSent: 0,
    removalsSent: 0,
    oversizeResponses: 0,
    resourceBytesSent: 0,
    updates: 0,
    compiles: 0,
  };
}
