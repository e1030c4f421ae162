import { Code, ConnectError, type ConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  EXTENSION_CONFIG_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
  VIRTUAL_HOST_TYPE_URL,
} from '@heddle/envoy-api';
import {
  AggregatedDiscoveryService,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import {
  ClusterDiscoveryService,
  EndpointDiscoveryService,
  ExtensionConfigDiscoveryService,
  ListenerDiscoveryService,
  RouteDiscoveryService,
  SecretDiscoveryService,
  VirtualHostDiscoveryService,
} from '@heddle/envoy-api/discovery-services';
import { DiscoveryError, type DiscoveryErrorCode } from './discovery-error.ts';
import type { DiscoveryServer } from './discovery-server.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import type { DeltaPush } from './push.ts';
import type { StreamVariant } from './stream-host.ts';

/** Who is at the other end, set by the adapter that accepts the connection: Connect itself does not know it. */
export const peerAddress = createContextKey('network', { description: 'address of the discovery client' });

/** What the adapter knows about the transport of a call. */
export interface CallTransport {
  /** Resets the call's stream, for clients that do not read: Connect waits for them without end. */
  readonly abandon?: () => void;
  /** See `OpenStreamOptions.isPrivate`. */
  readonly isPrivate?: boolean;
}

/** Set by the adapter too. */
export const callTransport = createContextKey<CallTransport>({}, { description: 'transport of a discovery call' });

const CODES: Readonly<Record<DiscoveryErrorCode, Code>> = {
  'invalid-argument': Code.InvalidArgument,
  'deadline-exceeded': Code.DeadlineExceeded,
  'resource-exhausted': Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
};

const GONE: ReadonlySet<Code> = new Set([Code.Canceled, Code.Aborted, Code.Unavailable]);

/** What the services need of a server. */
export type ServedDiscoveryServer = Pick<DiscoveryServer, 'admit' | 'openStream' | 'toResponse' | 'toStateResponse'>;

/**
 * Puts the aggregated discovery service on a Connect router, and the services of one type each, which are the same streams confined to
 * their type. Fetching without a stream is refused: it could not be told apart from polling.
 */
export function registerDiscoveryRoutes(router: ConnectRouter, server: ServedDiscoveryServer): void {
  const { delta, state } = handlersOf(server);
  router.service(AggregatedDiscoveryService, {
    deltaAggregatedResources: delta(),
    streamAggregatedResources: state(),
  });
  router.service(ListenerDiscoveryService, {
    deltaListeners: delta(LISTENER_TYPE_URL),
    streamListeners: state(LISTENER_TYPE_URL),
    fetchListeners: refuseToFetch,
  });
  router.service(ClusterDiscoveryService, {
    deltaClusters: delta(CLUSTER_TYPE_URL),
    streamClusters: state(CLUSTER_TYPE_URL),
    fetchClusters: refuseToFetch,
  });
  router.service(RouteDiscoveryService, {
    deltaRoutes: delta(ROUTE_CONFIGURATION_TYPE_URL),
    streamRoutes: state(ROUTE_CONFIGURATION_TYPE_URL),
    fetchRoutes: refuseToFetch,
  });
  router.service(EndpointDiscoveryService, {
    deltaEndpoints: delta(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL),
    streamEndpoints: state(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL),
    fetchEndpoints: refuseToFetch,
  });
  router.service(VirtualHostDiscoveryService, { deltaVirtualHosts: delta(VIRTUAL_HOST_TYPE_URL) });
  router.service(SecretDiscoveryService, {
    deltaSecrets: delta(SECRET_TYPE_URL),
    streamSecrets: state(SECRET_TYPE_URL),
    fetchSecrets: refuseToFetch,
  });
  router.service(ExtensionConfigDiscoveryService, {
    deltaExtensionConfigs: delta(EXTENSION_CONFIG_TYPE_URL),
    streamExtensionConfigs: state(EXTENSION_CONFIG_TYPE_URL),
    fetchExtensionConfigs: refuseToFetch,
  });
}

function refuseToFetch(): never {
  throw new ConnectError(
    'Fetching is not served; use the streaming method of this service, or aggregated discovery',
    Code.Unimplemented,
  );
}

/** Makes the handlers of both variants; with a type URL, confined to that type. */
function handlersOf(server: ServedDiscoveryServer) {
  return {
    delta: (typeUrl?: string) => (requests: AsyncIterable<DeltaDiscoveryRequest>, context: HandlerContext) =>
      serve<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(server, requests, context, {
        variant: 'delta',
        typeUrl,
        receive: (stream, request) => stream.receive(request),
        toResponse: (push) => server.toResponse(push),
      }),
    state: (typeUrl?: string) => (requests: AsyncIterable<DiscoveryRequest>, context: HandlerContext) =>
      serve<DiscoveryRequest, DiscoveryResponse>(server, requests, context, {
        variant: 'state-of-the-world',
        typeUrl,
        receive: (stream, request) => stream.receiveState(request),
        toResponse: (push) => server.toStateResponse(push),
      }),
  };
}

interface Method<Request, Response> {
  readonly variant: StreamVariant;
  readonly typeUrl: string | undefined;
  receive(stream: DiscoveryStream, request: Request): void;
  toResponse(push: DeltaPush): Response;
}

async function* serve<Request, Response>(
  server: ServedDiscoveryServer,
  requests: AsyncIterable<Request>,
  context: HandlerContext,
  { variant, typeUrl, receive, toResponse }: Method<Request, Response>,
): AsyncIterable<Response> {
  try {
    await server.admit(context.signal);
    if (context.signal.aborted) return;
    const stream = server.openStream(context.values.get(peerAddress), {
      ...context.values.get(callTransport),
      variant,
      ...(typeUrl === undefined ? {} : { typeUrl }),
    });
    const end = () => stream.end();
    context.signal.addEventListener('abort', end, { once: true });
    // Requests are taken while responses are written: a stream that waits to send must still see acknowledgements.
    const reading = readRequests(stream, requests, receive);
    try {
      for await (const push of stream.pushes()) yield toResponse(push);
    } finally {
      context.signal.removeEventListener('abort', end);
      stream.end();
    }
    await reading;
  } catch (error) {
    throw asConnectError(error);
  }
}

async function readRequests<Request>(
  stream: DiscoveryStream,
  requests: AsyncIterable<Request>,
  receive: (stream: DiscoveryStream, request: Request) => void,
): Promise<void> {
  try {
    for await (const request of requests) {
      receive(stream, request);
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
