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

/** Carries delta ADS over gRPC to `HOST:PORT`, through Connect and nothing of ours: a stranger's client for tests of servers. */
export function grpcDeltaTransport(address: string): AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
  const client = aggregatedClient(address);
  return streamsOf((requests, signal) => client.deltaAggregatedResources(requests, { signal }));
}

/** As {@link grpcDeltaTransport}, for state of the world. */
export function grpcStateTransport(address: string): AdsTransport<DiscoveryRequest, DiscoveryResponse> {
  const client = aggregatedClient(address);
  return streamsOf((requests, signal) => client.streamAggregatedResources(requests, { signal }));
}

function aggregatedClient(address: string) {
  return createClient(AggregatedDiscoveryService, createGrpcTransport({ baseUrl: `http://${address}` }));
}

function streamsOf<Request, Response>(
  call: (requests: AsyncIterable<Request>, signal: AbortSignal) => AsyncIterable<Response>,
): AdsTransport<Request, Response> {
  return {
    open(signal) {
      const requests: Request[] = [];
      let wake = () => {};
      const ending = new AbortController();
      const outgoing = (async function* () {
        while (!ending.signal.aborted) {
          const next = requests.shift();
          if (next !== undefined) yield next;
          else await new Promise<void>((resolve) => (wake = resolve));
        }
      })();
      return {
        send(request) {
          requests.push(request);
          wake();
        },
        // Called when somebody reads, so that a stream no test reads cannot fail unseen.
        responses: (async function* () {
          yield* call(outgoing, AbortSignal.any([signal, ending.signal]));
        })(),
        close: () => {
          ending.abort();
          wake();
        },
      };
    },
  };
}
