import type { Callouts } from '../callouts.ts';
import { encodeText } from '../guest-memory.ts';
import type { HeaderPair } from '../header-pairs.ts';
import { readFields } from '../protobuf-fields.ts';
import type { FakeClock } from './fake-clock.ts';

/** A gRPC call of the filter as the upstream of a test has it. What it sends arrives in this order, never at once. */
export interface EmulatedGrpcCall {
  /** `package.Service`. */
  readonly serviceName: string;
  readonly methodName: string;
  readonly initialMetadata: readonly HeaderPair[];
  /** What the filter has sent so far: one message for a unary call. */
  readonly messages: readonly Uint8Array[];
  /** Whether the filter sends no more. */
  readonly isHalfClosed: boolean;
  readonly isCancelled: boolean;
  /** Called with each message that the filter sends, also with the one of a unary call. */
  onMessage(listener: (message: Uint8Array, endOfStream: boolean) => void): void;
  sendInitialMetadata(metadata: Readonly<Record<string, string>>): void;
  send(message: Uint8Array | string): void;
  sendTrailingMetadata(metadata: Readonly<Record<string, string>>): void;
  /** Ends the call with a gRPC status; 0 unless given. */
  end(status?: number, message?: string): void;
}

/** What stands in a test for a gRPC cluster. */
export type EmulatedGrpcUpstream = (call: EmulatedGrpcCall) => void;

/** What Envoy makes of a call that takes too long. */
const LATE = { status: 14, message: 'upstream request timeout{response_timeout}' };

/** Calls that reach what a test gives for each cluster. */
export function scriptedGrpc(
  clusters: Readonly<Record<string, EmulatedGrpcUpstream>>,
  clock: FakeClock,
): Callouts['grpc'] {
  return (call, events) => {
    const name = clusterOf(call.service);
    const upstream = Object.hasOwn(clusters, name) ? clusters[name] : undefined;
    if (upstream === undefined) return 'unknown-cluster';
    const messages: Uint8Array[] = [];
    const listeners: ((message: Uint8Array, endOfStream: boolean) => void)[] = [];
    let isHalfClosed = call.message !== undefined;
    let isCancelled = false;
    let isOver = false;
    let stopWaiting: (() => void) | undefined;
    const later = (tell: () => void) =>
      queueMicrotask(() => {
        if (!isCancelled && !isOver) tell();
      });
    const finish = (status: number, message: string) => {
      isOver = true;
      stopWaiting?.();
      events.closed(status, message);
    };
    const receive = (message: Uint8Array, endOfStream: boolean) => {
      messages.push(message);
      if (endOfStream) isHalfClosed = true;
      for (const listener of listeners) listener(message, endOfStream);
    };
    if (call.timeoutMs > 0) {
      stopWaiting = clock.after(call.timeoutMs, () => {
        if (!isCancelled && !isOver) finish(LATE.status, LATE.message);
      });
    }
    upstream({
      serviceName: call.serviceName,
      methodName: call.methodName,
      initialMetadata: call.initialMetadata,
      messages,
      get isHalfClosed() {
        return isHalfClosed;
      },
      get isCancelled() {
        return isCancelled;
      },
      onMessage: (listener) => void listeners.push(listener),
      sendInitialMetadata: (metadata) => later(() => events.initialMetadata(Object.entries(metadata))),
      send: (message) => later(() => events.message(typeof message === 'string' ? encodeText(message) : message)),
      sendTrailingMetadata: (metadata) => later(() => events.trailingMetadata(Object.entries(metadata))),
      end: (status = 0, message = '') => later(() => finish(status, message)),
    });
    if (call.message !== undefined) receive(call.message, true);
    return {
      send: receive,
      close() {
        isHalfClosed = true;
      },
      cancel() {
        isCancelled = true;
        stopWaiting?.();
      },
    };
  };
}

/** The cluster of an encoded `envoy.config.core.v3.GrpcService` (`envoy_grpc.cluster_name`); bytes that are none are a cluster's name. */
function clusterOf(service: Uint8Array<ArrayBuffer>): string {
  const envoyGrpc = readFields(service)?.bytes(1);
  const name = envoyGrpc === undefined ? undefined : readFields(envoyGrpc)?.bytes(1);
  return new TextDecoder().decode(name ?? service);
}
