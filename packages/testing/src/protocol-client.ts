import { create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import { RESOURCE_TYPE_URLS } from '@heddle/envoy-api';
import {
  type DeltaDiscoveryRequest,
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
} from '@heddle/envoy-api/discovery';
import { StatusSchema } from '@heddle/envoy-api/status';
import type { AdsTransport } from '@heddle/model';
import { streamEnd } from './stream-end.ts';

/**
 * A resource type that exists for {@link ProtocolClient.drain} only: a server under test must serve it, with no resources and last
 * in push order.
 */
export const BARRIER_TYPE = {
  typeUrl: 'type.googleapis.com/heddle.testing.Barrier',
  label: 'BARRIER',
  wildcard: false,
  absent: 'removed',
  removedAfter: [],
} as const;

/** One request, written with the words of the protocol. */
export interface ProtocolRequest {
  readonly subscribe?: readonly string[];
  readonly unsubscribe?: readonly string[];
  /** `initial_resource_versions`. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly nonce?: string;
  /** `error_detail`: refuses the response of `nonce`. */
  readonly error?: string;
}

/** One response, ready to be compared. */
export interface ProtocolResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  /** Version by name; `absent` for a resource without body and version, `heartbeat` for one without body. */
  readonly resources: Readonly<Record<string, string>>;
  readonly removed: readonly string[];
  /** Time to live by name, in milliseconds, of the resources that have one. */
  readonly ttls: Readonly<Record<string, number>>;
  /** Names in the order they came, repetitions included. */
  readonly names: readonly string[];
}

/** A client without a will of its own: it sends what a test says, and shows what came back. */
export interface ProtocolClient {
  send(typeUrl: string, request?: ProtocolRequest): void;
  /** Sends a message as it is. */
  sendRaw(request: DeltaDiscoveryRequest): void;
  /**
   * Everything the server sends without another word from the client. Exact, without waiting: the client asks for something that the
   * server answers after all that is due, and reads up to that answer.
   */
  drain(): Promise<ProtocolResponse[]>;
  ack(response: ProtocolResponse): void;
  nack(response: ProtocolResponse, message: string): void;
  /** Drains and acknowledges until nothing more comes. */
  sync(): Promise<ProtocolResponse[]>;
  /** Waits for the stream to end; gives the error's code and message, or undefined for a peaceful end. */
  end(): Promise<{ readonly code?: unknown; readonly message: string } | undefined>;
  close(): void;
}

/** How {@link protocolClient} introduces itself. */
export interface ProtocolClientOptions {
  /** Node id; `null` sends no node. */
  readonly nodeId?: string | null;
  /** `node.client_features`. */
  readonly features?: readonly string[];
}

export const TEST_NODE_ID = 'sidecar~10.0.0.1~web-1.shop~shop.svc.cluster.local';

/** Opens a stream for a test. */
export function protocolClient(
  transport: AdsTransport<DeltaDiscoveryRequest, DeltaDiscoveryResponse>,
  { nodeId = TEST_NODE_ID, features = [] }: ProtocolClientOptions = {},
): ProtocolClient {
  const stream = transport.open(new AbortController().signal);
  const responses = stream.responses[Symbol.asyncIterator]();
  let isFirst = true;
  let barriers = 0;

  const send = (typeUrl: string, request: ProtocolRequest = {}) => {
    stream.send(
      create(DeltaDiscoveryRequestSchema, {
        typeUrl,
        ...(isFirst && nodeId !== null ? { node: { id: nodeId, clientFeatures: [...features] } } : {}),
        resourceNamesSubscribe: [...(request.subscribe ?? [])],
        resourceNamesUnsubscribe: [...(request.unsubscribe ?? [])],
        initialResourceVersions: { ...request.versions },
        responseNonce: request.nonce ?? '',
        ...(request.error === undefined
          ? {}
          : { errorDetail: create(StatusSchema, { code: 3, message: request.error }) }),
      }),
    );
    isFirst = false;
  };
  const ack = ({ typeUrl, nonce }: ProtocolResponse) => send(typeUrl, { nonce });
  const drain = async () => {
    const barrier = `barrier-${++barriers}`;
    send(BARRIER_TYPE.typeUrl, { subscribe: [barrier] });
    const drained: ProtocolResponse[] = [];
    for (;;) {
      const next = await responses.next();
      if (next.done === true) throw new Error('The stream ended before the server answered');
      const response = readResponse(next.value);
      if (response.typeUrl !== BARRIER_TYPE.typeUrl) {
        drained.push(response);
        continue;
      }
      send(BARRIER_TYPE.typeUrl, { nonce: response.nonce, unsubscribe: [...response.removed] });
      if (response.removed.includes(barrier)) return drained;
    }
  };

  return {
    send,
    sendRaw: (request) => stream.send(request),
    ack,
    drain,
    nack: ({ typeUrl, nonce }, message) => send(typeUrl, { nonce, error: message }),
    async sync() {
      const all: ProtocolResponse[] = [];
      for (;;) {
        const drained = await drain();
        if (drained.length === 0) return all;
        all.push(...drained);
        for (const response of drained) ack(response);
      }
    },
    end: () => streamEnd(responses),
    close: () => stream.close(),
  };
}

/** Type URL by the usual abbreviation, in push order. */
export const TYPE_URLS = Object.fromEntries(
  ['CDS', 'EDS', 'SDS', 'ECDS', 'LDS', 'SRDS', 'RDS', 'VHDS'].map((label, index) => [label, RESOURCE_TYPE_URLS[index]]),
) as Readonly<Record<'CDS' | 'EDS' | 'SDS' | 'ECDS' | 'LDS' | 'RDS' | 'VHDS', string>>;

function readResponse(response: DeltaDiscoveryResponse): ProtocolResponse {
  return {
    typeUrl: response.typeUrl,
    nonce: response.nonce,
    resources: Object.fromEntries(
      response.resources.map(({ name, version, resource }) => [
        name,
        resource !== undefined ? version : version === '' ? 'absent' : 'heartbeat',
      ]),
    ),
    ttls: Object.fromEntries(
      response.resources.flatMap(({ name, ttl }) => (ttl === undefined ? [] : [[name, durationMs(ttl)]])),
    ),
    removed: [...response.removedResources],
    names: [...response.resources.map(({ name }) => name), ...response.removedResources],
  };
}
