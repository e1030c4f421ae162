import { connect as connectSocket } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import {
  AggregatedDiscoveryService,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  type DiscoveryRequest,
  type DiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import type { AdsTransport } from '@heddle/model';
import type { DeltaTransport, SotwTransport } from '../ads-client.ts';
import { messageQueue } from '../message-queue.ts';

/** Where the control plane listens. */
export type ConnectTransportOptions = (
  | { /** `HOST:PORT`. */ readonly address: string }
  | { /** Path of a Unix socket. */ readonly socketPath: string }
) & {
  /** How often the connection is pinged; milliseconds, default 30 s. */
  readonly keepAliveMs?: number;
  /** Largest response accepted, in bytes; default 64 MiB. */
  readonly maxResponseBytes?: number;
};

/**
 * Carries aggregated discovery over gRPC on cleartext HTTP/2, to a control plane on loopback or a Unix socket: the delta variant, or
 * state of the world with `variant: 'sotw'`.
 */
export function connectTransport(options: ConnectTransportOptions & { readonly variant: 'sotw' }): SotwTransport;
export function connectTransport(options: ConnectTransportOptions & { readonly variant?: 'delta' }): DeltaTransport;
export function connectTransport(
  options: ConnectTransportOptions & { readonly variant?: 'delta' | 'sotw' },
): DeltaTransport | SotwTransport {
  const baseUrl = 'address' in options ? `http://${options.address}` : 'http://localhost';
  const transport = createGrpcTransport({
    baseUrl,
    pingIntervalMs: options.keepAliveMs ?? 30_000,
    pingIdleConnection: true,
    readMaxBytes: options.maxResponseBytes ?? 64 * 1024 * 1024,
    ...('socketPath' in options
      ? { nodeOptions: { createConnection: () => connectSocket({ path: options.socketPath }) } }
      : {}),
  });
  const client = createClient(AggregatedDiscoveryService, transport);
  return options.variant === 'sotw'
    ? streamsOf<DiscoveryRequest, DiscoveryResponse>((requests, signal) =>
        client.streamAggregatedResources(requests, { signal }),
      )
    : streamsOf<DeltaDiscoveryRequest, DeltaDiscoveryResponse>((requests, signal) =>
        client.deltaAggregatedResources(requests, { signal }),
      );
}

function streamsOf<Request, Response>(
  call: (requests: AsyncIterable<Request>, signal: AbortSignal) => AsyncIterable<Response>,
): AdsTransport<Request, Response> {
  return {
    open(signal) {
      const requests = messageQueue<Request>();
      const ending = new AbortController();
      const whole = AbortSignal.any([signal, ending.signal]);
      // Called when somebody reads, so that a stream which is closed unread does not fail unseen.
      const responses = (async function* () {
        yield* call(requests, whole);
      })();
      return {
        send: (request) => requests.push(request),
        responses,
        close() {
          requests.end();
          ending.abort();
        },
      };
    },
  };
}
