import { connect as connectSocket } from 'node:net';
import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { AggregatedDiscoveryService, type DeltaDiscoveryRequest } from '@heddle/envoy-api/discovery';
import type { DeltaTransport } from '../ads-client.ts';
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

/** Carries the delta variant over gRPC on cleartext HTTP/2, to a control plane on loopback or a Unix socket. */
export function connectTransport(options: ConnectTransportOptions): DeltaTransport {
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
  return {
    open(signal) {
      const requests = messageQueue<DeltaDiscoveryRequest>();
      const ending = new AbortController();
      const whole = AbortSignal.any([signal, ending.signal]);
      // Called when somebody reads, so that a stream which is closed unread does not fail unseen.
      const responses = (async function* () {
        yield* client.deltaAggregatedResources(requests, { signal: whole });
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
