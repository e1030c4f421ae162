import { Code, ConnectError, type ConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect';
import {
  AggregatedDiscoveryService,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import type { DeltaStream } from './delta-stream.ts';
import { DiscoveryError, type DiscoveryErrorCode } from './discovery-error.ts';
import type { DiscoveryServer } from './discovery-server.ts';

/** Who is at the other end, set by the adapter that accepts the connection: Connect itself does not know it. */
export const peerAddress = createContextKey('network', { description: 'address of the discovery client' });

const CODES: Readonly<Record<DiscoveryErrorCode, Code>> = {
  'invalid-argument': Code.InvalidArgument,
  'resource-exhausted': Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
};

const GONE: ReadonlySet<Code> = new Set([Code.Canceled, Code.Aborted, Code.Unavailable]);

/** Puts the aggregated discovery service on a Connect router. */
export function registerDiscoveryRoutes(
  router: ConnectRouter,
  server: Pick<DiscoveryServer, 'openStream' | 'toResponse'>,
): void {
  router.service(AggregatedDiscoveryService, {
    deltaAggregatedResources: (requests, context) => serveDelta(server, requests, context),
    // biome-ignore lint/correctness/useYield: a streaming method that only refuses
    async *streamAggregatedResources() {
      throw new ConnectError(
        'The state-of-the-world variant is not served; set api_type: DELTA_GRPC in ads_config',
        Code.Unimplemented,
      );
    },
  });
}

async function* serveDelta(
  server: Pick<DiscoveryServer, 'openStream' | 'toResponse'>,
  requests: AsyncIterable<DeltaDiscoveryRequest>,
  context: HandlerContext,
): AsyncIterable<DeltaDiscoveryResponse> {
  try {
    const stream = server.openStream(context.values.get(peerAddress));
    const end = () => stream.end();
    context.signal.addEventListener('abort', end, { once: true });
    // Requests are taken while responses are written: a stream that waits to send must still see acknowledgements.
    const reading = readRequests(stream, requests);
    try {
      for await (const push of stream.pushes()) yield server.toResponse(push);
    } finally {
      context.signal.removeEventListener('abort', end);
      stream.end();
    }
    await reading;
  } catch (error) {
    throw asConnectError(error);
  }
}

async function readRequests(stream: DeltaStream, requests: AsyncIterable<DeltaDiscoveryRequest>): Promise<void> {
  try {
    for await (const request of requests) {
      stream.receive(request);
      if (stream.isEnded) return;
    }
    stream.end();
  } catch (error) {
    stream.end(readFailure(error));
  }
}

/** Garbage on the wire and messages over the limit are the client's mistakes; a connection that broke off is nobody's. */
function readFailure(error: unknown): DiscoveryError | undefined {
  if (!(error instanceof ConnectError) || GONE.has(error.code)) return undefined;
  const code = error.code === Code.ResourceExhausted ? 'resource-exhausted' : 'invalid-argument';
  return new DiscoveryError(code, `Cannot read the request: ${error.rawMessage}`);
}

function asConnectError(error: unknown): ConnectError {
  if (!(error instanceof DiscoveryError)) return ConnectError.from(error);
  return new ConnectError(error.message, CODES[error.code], undefined, undefined, error);
}
