import { fromBinary } from '@bufbuild/protobuf';
import { GrpcServiceSchema } from '@heddle/envoy-api/core';
import {
  type Callouts,
  type GrpcCall,
  type GrpcEvents,
  type GrpcHandle,
  type HeaderPair,
  type HttpCall,
  type HttpCallReply,
  proxyReply,
} from '@heddle/wasm-host';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import { bytesSource } from '../http/byte-stream.ts';
import { type HeaderList, removeHeader } from '../http/header-list.ts';
import type { UpstreamFailure } from '../upstream-transport.ts';
import { isField } from './exchange-header-maps.ts';
import { startGrpc } from './grpc-callout.ts';
import { startCallout } from './upstream-callout.ts';

/** Where calls of filters go. */
export interface CalloutClusters {
  cluster(name: string): ClusterRuntime | undefined;
  /** The gateway's own address, which endpoints are told as that of the client. */
  ownAddress(): string;
}

/** Most bytes of an answer to a filter's own call; a longer one is broken off. Envoy's limit for it is the buffer of a connection too. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** Calls of filters over the gateway's own clusters, with what Envoy's own clients add and answer. */
export function clusterCallouts(clusters: CalloutClusters): Callouts {
  return {
    http: (call, replied) => httpCallout(clusters, call, replied),
    grpc: (call, events) => grpcCallout(clusters, call, events),
  };
}

function httpCallout(
  { cluster: find, ownAddress }: CalloutClusters,
  call: HttpCall,
  replied: (reply: HttpCallReply | undefined) => void,
): (() => void) | 'unknown-cluster' | 'no-host' {
  const cluster = find(call.cluster);
  if (cluster === undefined) return 'unknown-cluster';
  const head = requestHead(call.headers);
  const { headers } = head;
  headers.push('x-envoy-internal', 'true', 'x-forwarded-for', ownAddress());
  if (call.timeoutMs > 0) headers.push('x-envoy-expected-rq-timeout-ms', String(call.timeoutMs));
  removeHeader(headers, 'content-length');
  if (call.body.length > 0) headers.push('content-length', String(call.body.length));
  const trailers = fieldsOf(call.trailers);
  let isOver = false;
  const finish = (reply: HttpCallReply | undefined): void => {
    if (isOver) return;
    isOver = true;
    replied(reply);
  };
  // A module is never called back while it is calling.
  const later = (reply: HttpCallReply): void => queueMicrotask(() => finish(reply));
  let hasHost = true;
  let status = 0;
  let answered: HeaderList = [];
  const chunks: Uint8Array[] = [];
  let length = 0;
  const cancel = startCallout(
    cluster,
    {
      ...head,
      protocol: cluster.protocolFor('HTTP/1.1'),
      timeoutMs: call.timeoutMs,
      body:
        call.body.length === 0 && trailers.length === 0
          ? undefined
          : bytesSource(call.body.length === 0 ? [] : [call.body], trailers.length === 0 ? undefined : trailers),
    },
    {
      head(code, received) {
        status = code;
        answered = received;
      },
      data(bytes) {
        length += bytes.length;
        if (length <= MAX_REPLY_BYTES) chunks.push(bytes);
        else {
          cancel();
          later(proxyReply(503, 'upstream connect error or disconnect/reset before headers. reset reason: overflow'));
        }
      },
      end(received) {
        later({
          headers: [[':status', String(status)], ...pairsOf(answered)],
          body: concat(chunks, length),
          trailers: pairsOf(received ?? []),
        });
      },
      failed(failure) {
        if (failure === 'no host') hasHost = false;
        // Half an answer is none.
        else if (failure !== 'timeout' && status !== 0) queueMicrotask(() => finish(undefined));
        else later(failureReply(failure));
      },
    },
  );
  if (!hasHost) return 'no-host';
  return () => {
    isOver = true;
    cancel();
  };
}

function grpcCallout(
  { cluster: find, ownAddress }: CalloutClusters,
  call: GrpcCall,
  events: GrpcEvents,
): GrpcHandle | 'unknown-cluster' {
  const name = clusterNameOf(call.service);
  const cluster = find(name);
  if (cluster === undefined) return 'unknown-cluster';
  const headers = fieldsOf(call.initialMetadata);
  headers.push('x-envoy-internal', 'true', 'x-forwarded-for', ownAddress());
  return startGrpc(cluster, call, headers, name, events);
}

/** A module names a cluster, or gives an encoded `GrpcService`. */
function clusterNameOf(service: Uint8Array): string {
  try {
    const { targetSpecifier } = fromBinary(GrpcServiceSchema, service);
    if (targetSpecifier.case === 'envoyGrpc') return targetSpecifier.value.clusterName;
  } catch {
    // No message: then it is a name.
  }
  return new TextDecoder().decode(service);
}

/** What Envoy's router answers in the endpoint's place: modules get it as any other answer. */
function failureReply(failure: UpstreamFailure | 'timeout' | 'overflow'): HttpCallReply {
  if (failure === 'timeout') return proxyReply(504, 'upstream request timeout');
  const reasons: Readonly<Record<UpstreamFailure['kind'], string>> = {
    'connection failure': 'remote connection failure',
    'connection timeout': 'connection timeout',
    'connection termination': 'connection termination',
    'remote reset': 'remote reset',
    'refused stream': 'remote refused stream reset',
    'protocol error': 'protocol error',
    'local reset': 'local reset',
  };
  const reason = failure === 'overflow' ? failure : reasons[failure.kind];
  return proxyReply(
    failure !== 'overflow' && failure.kind === 'protocol error' ? 502 : 503,
    `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
  );
}

function requestHead(pairs: readonly HeaderPair[]): {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly headers: HeaderList;
} {
  const pseudo = (name: string): string | undefined => {
    const value = pairs.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
    // What would begin another part of the message is no part of this one.
    return value === undefined || /[\r\n\0 ]/.test(value) ? undefined : value;
  };
  return {
    method: pseudo(':method') ?? 'GET',
    scheme: pseudo(':scheme') ?? 'http',
    authority: pseudo(':authority') ?? '',
    path: pseudo(':path') ?? '/',
    headers: fieldsOf(pairs),
  };
}

function fieldsOf(pairs: readonly HeaderPair[]): HeaderList {
  return pairs.flatMap(([name, value]) => {
    const key = name.toLowerCase();
    return key !== 'host' && isField(key, value) ? [key, value] : [];
  });
}

function pairsOf(list: HeaderList): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
  return pairs;
}

function concat(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
