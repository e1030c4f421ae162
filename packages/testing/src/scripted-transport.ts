import { create } from '@bufbuild/protobuf';
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from '@heddle/envoy-api/discovery';
import type { AdsStream, AdsTransport, XdsResource } from '@heddle/model';
import { tick } from './manual-clock.ts';

/** One stream that a client under test opened. */
interface RecordedStream<Request> {
  /** Everything the client sent, oldest first. */
  readonly requests: readonly Request[];
  /** Whether the client closed it. */
  readonly isClosed: boolean;
  /** Ends the stream, with an error or in peace. */
  end(error?: Error): Promise<void>;
}

/** One stream of the delta variant. */
export interface ScriptedStream extends RecordedStream<DeltaDiscoveryRequest> {
  /** Sends a response and lets the client work. The nonce is `n1`, `n2` and so on. */
  respond(typeUrl: string, resources: readonly XdsResource[], removed?: readonly string[]): Promise<void>;
}

/** One stream of the state-of-the-world variant. */
export interface ScriptedSotwStream extends RecordedStream<DiscoveryRequest> {
  /** Sends a response and lets the client work. The nonce is `n1`, `n2` and so on, the version `v1`, `v2` unless given. */
  respond(typeUrl: string, resources: readonly XdsResource[], version?: string): Promise<void>;
}

/** A server without a will of its own: it records what a client sends, and answers what a test says. */
export interface ScriptedTransport extends AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse> {
  /** Every stream opened so far. */
  readonly streams: readonly ScriptedStream[];
}

/** The same for state of the world. */
export interface ScriptedSotwTransport extends AdsTransport<DiscoveryRequest, DiscoveryResponse> {
  /** Every stream opened so far. */
  readonly streams: readonly ScriptedSotwStream[];
}

/** Makes a delta transport for testing clients. */
export function scriptedTransport(): ScriptedTransport {
  const streams: ScriptedStream[] = [];
  return {
    streams,
    open() {
      const { recorded, put, stream } = recordedStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse>();
      let nonce = 0;
      streams.push(
        Object.assign(recorded, {
          respond: (typeUrl: string, resources: readonly XdsResource[], removed: readonly string[] = []) =>
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
        }),
      );
      return stream;
    },
  };
}

/** Makes a state-of-the-world transport for testing clients. */
export function scriptedSotwTransport(): ScriptedSotwTransport {
  const streams: ScriptedSotwStream[] = [];
  return {
    streams,
    open() {
      const { recorded, put, stream } = recordedStream<DiscoveryRequest, DiscoveryResponse>();
      let count = 0;
      streams.push(
        Object.assign(recorded, {
          respond(typeUrl: string, resources: readonly XdsResource[], version?: string) {
            count += 1;
            return put(
              create(DiscoveryResponseSchema, {
                typeUrl,
                nonce: `n${count}`,
                versionInfo: version ?? `v${count}`,
                resources: resources.map(({ bytes, typeUrl: own }) => ({ typeUrl: own, value: bytes })),
              }),
            );
          },
        }),
      );
      return stream;
    },
  };
}

function recordedStream<Request, Response>() {
  const requests: Request[] = [];
  const waiting: (Response | Error | 'end')[] = [];
  let wake = () => {};
  let isClosed = false;
  const put = (item: Response | Error | 'end') => {
    waiting.push(item);
    wake();
    return tick();
  };
  const recorded: RecordedStream<Request> = {
    requests,
    get isClosed() {
      return isClosed;
    },
    end: (error) => put(error ?? 'end'),
  };
  const stream: AdsStream<Request, Response> = {
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
  return { recorded, put, stream };
}
