import { create } from '@bufbuild/protobuf';
import { type DiscoveryRequest, DiscoveryRequestSchema, type DiscoveryResponse } from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import { type AdsTransport, type XdsResource, xdsResource } from '@heddle/model';
import { BARRIER_TYPE, TEST_NODE_ID } from './protocol-client.ts';
import { streamEnd } from './stream-end.ts';

/** What a server under test must offer for {@link StateProtocolClient.drain}, since state of the world has no answer for what is absent. */
export const BARRIER: XdsResource = xdsResource(BARRIER_TYPE.typeUrl, 'barrier', new Uint8Array());

/** What a request says beside the names. */
export interface StateRequest {
  /** Default: of the last response of the type. */
  readonly nonce?: string;
  /** `version_info`. */
  readonly version?: string;
  /** `error_detail`: refuses the response of `nonce`. */
  readonly error?: string;
  /** `node.client_features` of the first request. */
  readonly features?: readonly string[];
}

/** A state-of-the-world client that keeps no rules by itself: it sends what a test says. */
export interface StateProtocolClient {
  send(typeUrl: string, names: readonly string[], asked?: StateRequest): void;
  /** Responses up to the one to a question that the server answers after all that is due. */
  drain(): Promise<DiscoveryResponse[]>;
  ack(response: DiscoveryResponse): void;
  nack(response: DiscoveryResponse, error: string): void;
  /** Drains and acknowledges until nothing more comes. */
  sync(): Promise<DiscoveryResponse[]>;
  /** The error that the stream ends with, or undefined if it ends in peace. */
  end(): Promise<{ readonly code?: unknown; readonly message: string } | undefined>;
  close(): void;
}

/** Opens a stream. `nodeId` null leaves the node out of the first request. */
export function stateProtocolClient(
  transport: AdsTransport<DiscoveryRequest, DiscoveryResponse>,
  nodeId: string | null = TEST_NODE_ID,
): StateProtocolClient {
  const stream = transport.open(new AbortController().signal);
  const responses = stream.responses[Symbol.asyncIterator]();
  /** The last response by type, to be answered. */
  const last = new Map<string, DiscoveryResponse>();
  const listed = new Map<string, readonly string[]>();
  let isFirst = true;

  const client: StateProtocolClient = {
    send(typeUrl, names, asked = {}) {
      listed.set(typeUrl, names);
      stream.send(
        create(DiscoveryRequestSchema, {
          typeUrl,
          ...(isFirst && nodeId !== null ? { node: { id: nodeId, clientFeatures: [...(asked.features ?? [])] } } : {}),
          resourceNames: [...names],
          responseNonce: asked.nonce ?? last.get(typeUrl)?.nonce ?? '',
          versionInfo: asked.version ?? '',
          ...(asked.error === undefined
            ? {}
            : { errorDetail: create(StatusSchema, { code: 3, message: asked.error }) }),
        }),
      );
      isFirst = false;
    },
    async drain() {
      client.send(BARRIER_TYPE.typeUrl, []);
      client.send(BARRIER_TYPE.typeUrl, [BARRIER.name]);
      const drained: DiscoveryResponse[] = [];
      for (;;) {
        const next = await responses.next();
        if (next.done === true) throw new Error('The stream ended before the server answered');
        last.set(next.value.typeUrl, next.value);
        if (next.value.typeUrl === BARRIER_TYPE.typeUrl) return drained;
        drained.push(next.value);
      }
    },
    ack({ typeUrl, nonce, versionInfo }) {
      client.send(typeUrl, listed.get(typeUrl) ?? [], { nonce, version: versionInfo });
    },
    nack({ typeUrl, nonce }, error) {
      client.send(typeUrl, listed.get(typeUrl) ?? [], { nonce, error });
    },
    async sync() {
      const all: DiscoveryResponse[] = [];
      for (;;) {
        const drained = await client.drain();
        if (drained.length === 0) return all;
        all.push(...drained);
        for (const response of drained) client.ack(response);
      }
    },
    end: () => streamEnd(responses),
    close: () => stream.close(),
  };
  return client;
}
