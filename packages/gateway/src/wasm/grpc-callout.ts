import { type GrpcCall, type GrpcEvents, type GrpcHandle, grpcStatusOfHttp, type HeaderPair } from '@heddle/wasm-host';
import type { ClusterRuntime } from '../cluster/cluster-runtime.ts';
import type { ByteSink, ByteSource } from '../http/byte-stream.ts';
import { type HeaderList, headerValue } from '../http/header-list.ts';
import { startCallout } from './upstream-callout.ts';

const UNAVAILABLE = 14;
const CANCELLED_BY_LIMIT = 8;
const UNKNOWN = 2;
const DEADLINE_EXCEEDED = 4;
const INTERNAL = 13;
/** Bytes before each message: whether it is compressed, and its length. */
const PREFIX = 5;
/** Longest message taken of a peer. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/**
 * A gRPC call of a filter over HTTP/2 to an endpoint of a cluster (gRPC over HTTP/2, "PROTOCOL-HTTP2"). As Envoy tells it: initial metadata
 * first, messages, trailing metadata, then the status; what fails on the way is a status too.
 */
export function startGrpc(
  cluster: ClusterRuntime,
  call: GrpcCall,
  metadata: HeaderList,
  authority: string,
  events: GrpcEvents,
): GrpcHandle {
  const requests = new MessageSource();
  if (call.message !== undefined) {
    requests.push(framed(call.message));
    requests.finish();
  }
  const headers = ['content-type', 'application/grpc', 'te', 'trailers', ...metadata];
  if (call.timeoutMs > 0) headers.push('grpc-timeout', grpcTimeout(call.timeoutMs));
  const received = new MessageReader();
  let isOver = false;
  let head: HeaderList = [];
  // A module is never called back while it is calling.
  const later = (tell: () => void): void =>
    queueMicrotask(() => {
      if (!isOver) tell();
    });
  const close = (status: number, message: string): void => {
    if (isOver) return;
    isOver = true;
    cancel();
    events.closed(status, message);
  };
  const fail = (status: number, message: string): void =>
    later(() => {
      events.initialMetadata([]);
      events.trailingMetadata([]);
      close(status, message);
    });
  const ended = (trailers: HeaderList): void => {
    const status = headerValue(trailers, 'grpc-status');
    events.trailingMetadata(pairsOf(trailers));
    if (status === undefined || !/^\d{1,3}$/.test(status)) close(UNKNOWN, '');
    else close(Number(status), decoded(headerValue(trailers, 'grpc-message') ?? ''));
  };
  const cancel = startCallout(
    cluster,
    {
      method: 'POST',
      scheme: 'http',
      authority,
      path: `/${call.serviceName}/${call.methodName}`,
      headers,
      body: requests,
      protocol: 'http2',
      timeoutMs: call.timeoutMs,
    },
    {
      head(status, list) {
        head = list;
        if (status !== 200) fail(grpcStatusOfHttp(status), '');
        // An answer of headers alone holds the status in them.
        else if (headerValue(list, 'grpc-status') === undefined) later(() => events.initialMetadata(pairsOf(list)));
      },
      data(bytes) {
        const messages = received.read(bytes);
        if (messages === undefined) {
          later(() => close(INTERNAL, ''));
          return;
        }
        for (const message of messages) later(() => events.message(message));
      },
      end(trailers) {
        if (trailers === undefined) later(() => events.initialMetadata([]));
        later(() => ended(trailers ?? head));
      },
      failed(failure) {
        if (failure === 'timeout') fail(DEADLINE_EXCEEDED, '');
        else if (failure === 'overflow') fail(CANCELLED_BY_LIMIT, '');
        else fail(UNAVAILABLE, failure === 'no host' ? 'no healthy upstream' : failure.kind);
      },
    },
  );
  return {
    send(message, endOfStream) {
      requests.push(framed(message));
      if (endOfStream) requests.finish();
    },
    close: () => requests.finish(),
    cancel() {
      isOver = true;
      cancel();
    },
  };
}

/** The messages of a call as they are sent. */
class MessageSource implements ByteSource {
  readonly #waiting: Uint8Array[] = [];
  #sink: ByteSink | undefined;
  #waits = false;
  #isFinished = false;

  push(bytes: Uint8Array): void {
    if (this.#isFinished) return;
    this.#waiting.push(bytes);
    this.#flow();
  }

  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#flow();
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.#flow();
  }

  resume(): void {
    this.#waits = false;
    this.#flow();
  }

  cancel(): void {
    this.#sink = undefined;
    this.#isFinished = true;
    this.#waiting.length = 0;
  }

  #flow(): void {
    while (this.#sink !== undefined && !this.#waits && this.#waiting.length > 0) {
      this.#waits = !this.#sink.write(this.#waiting.shift() as Uint8Array);
    }
    if (this.#sink === undefined || this.#waits || this.#waiting.length > 0 || !this.#isFinished) return;
    const sink = this.#sink;
    this.#sink = undefined;
    sink.end(undefined);
  }
}

/** Puts messages together of what comes in pieces. */
class MessageReader {
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array();

  /** Undefined for what is no message that was asked for: compressed, or too long. */
  read(bytes: Uint8Array): readonly Uint8Array[] | undefined {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const messages: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= PREFIX) {
      const length = new DataView(all.buffer, at + 1).getUint32(0);
      if (all[at] !== 0 || length > MAX_MESSAGE_BYTES) return undefined;
      if (all.length - at - PREFIX < length) break;
      messages.push(all.slice(at + PREFIX, at + PREFIX + length));
      at += PREFIX + length;
    }
    this.#rest = all.slice(at);
    return messages;
  }
}

function framed(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PREFIX + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, PREFIX);
  return bytes;
}

/** gRPC, "HTTP to gRPC Status Code Mapping", for answers that are none of gRPC. */
/**
 * A time as `grpc-timeout` has it (gRPC over HTTP/2, "Requests"): at most eight digits and a unit.
 *
 * @param ms up to 2^32
 */
export function grpcTimeout(ms: number): string {
  return ms < 1e8 ? `${ms}m` : `${Math.ceil(ms / 1000)}S`;
}

function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function pairsOf(list: HeaderList): HeaderPair[] {
  const pairs: HeaderPair[] = [];
  for (let i = 0; i < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
  return pairs;
}
