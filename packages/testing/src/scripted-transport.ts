import { create } from '@bufbuild/protobuf';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from '@heddle/envoy-api/discovery';
import type { AdsTransport, XdsResource } from '@heddle/model';
import { tick } from './manual-clock.ts';

/** One stream that a client under test opened. */
export interface ScriptedStream {
  /** Everything the client sent, oldest first. */
  readonly requests: readonly DeltaDiscoveryRequest[];
  /** Whether the client closed it. */
  readonly isClosed: boolean;
  /** Sends a response and lets the client work. The nonce is `n1`, `n2` and so on. */
  respond(typeUrl: string, resources: readonly XdsResource[], removed?: readonly string[]): Promise<void>;
  /** Ends the stream, with an error or in peace. */
  end(error?: Error): Promise<void>;
}

/** A server without a will of its own: it records what a client sends, and answers what a test says. */
export interface ScriptedTransport extends AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
  /** Every stream opened so far. */
  readonly streams: readonly ScriptedStream[];
}

/** Makes a transport for testing clients. */
export function scriptedTransport(): ScriptedTransport {
  const streams: ScriptedStream[] = [];
  return {
    streams,
    open() {
      const requests: DeltaDiscoveryRequest[] = [];
      const waiting: (DeltaDiscoveryResponse | Error | 'end')[] = [];
      let wake = () => {};
      let isClosed = false;
      let nonce = 0;
      const put = (item: DeltaDiscoveryResponse | Error | 'end') => {
        waiting.push(item);
        wake();
        return tick();
      };
      streams.push({
        requests,
        get isClosed() {
          return isClosed;
        },
        respond: (typeUrl, resources, removed = []) =>
          put(
            create(DeltaDiscoveryResponseSchema, {
              typeUrl,
              nonce: `n${++nonce}`,
              resources: resources.map(({ name, version, bytes, typeUrl: own }) => ({
                name,
                version,
                resource: { typeUrl: own, value: bytes },
              })),
              removedResources: [...removed],
            }),
          ),
        end: (error) => put(error ?? 'end'),
      });
      return {
        send: (request) => void requests.push(request),
        responses: (async function* () {
          for (;;) {
            const next = waiting.shift();
            if (next instanceof Error) throw next;
            if (next === 'end' || isClosed) return;
            if (next !== undefined) yield next;
            else await new Promise<void>((resolve) => (wake = resolve));
          }
        })(),
        close() {
          isClosed = true;
          wake();
        },
      };
    },
  };
}
