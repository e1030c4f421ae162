import { Body, bodyOf } from "./body";
import { Context, noteCallouts } from "./context";
import { HeaderPairs } from "./header-pairs";
import { Headers, headersOf } from "./headers";
import { proxy_get_status, proxy_grpc_call, proxy_grpc_cancel, proxy_grpc_close, proxy_grpc_send, proxy_grpc_stream } from "./hostcalls";
import { actFor } from "./http-call";
import { given, OUT } from "./memory";
import { Entry, Table } from "./table";
import { bytesOf, emptyBytes, text, uninitialized, utf8 } from "./text";

/**
 * A gRPC call of the filter, unary or a stream, and what handles its events. They come in the name of the context that made the call, in this
 * order, `onClose` once and last; if the context is gone, the call is cancelled and nothing comes.
 */
export abstract class GrpcHandler extends Entry {
  __owner: Context | null = null;
  __isUnary: bool = false;
  private __isOpen: bool = false;

  onInitialMetadata(metadata: Headers): void {}
  abstract onMessage(message: Body): void;
  onTrailingMetadata(metadata: Headers): void {}
  /** @param status a gRPC status code: 0 if all went well */
  abstract onClose(status: u32, message: string): void;

  /** Sends a message on a stream. Tells whether it could. */
  send<T>(message: T, endOfStream: bool = false): bool {
    const bytes = bytesOf<T>(message);
    return this.__isOpen && proxy_grpc_send(this.__id, changetype<usize>(bytes), bytes.byteLength, endOfStream) == 0;
  }

  /** Says that the filter sends no more on a stream; the peer's messages and `onClose` still come. */
  close(): void {
    if (this.__isOpen) proxy_grpc_close(this.__id);
  }

  /** Gives up the call: nothing more comes, `onClose` neither. */
  cancel(): void {
    if (!this.__isOpen) return;
    forget(this);
    proxy_grpc_cancel(this.__id);
  }

  __opened(owner: Context, token: u32, isUnary: bool): void {
    this.__owner = owner;
    this.__isUnary = isUnary;
    this.__isOpen = true;
    owner.__pendingCalls++;
    grpcCalls.add(token, this);
  }

  ended(): void {
    this.__isOpen = false;
  }
}

/** Calls that live. */
export const grpcCalls = new Table();

const DEFAULT_TIMEOUT_MS: u32 = 5000;

/**
 * Makes a unary gRPC call. False if the host refuses it, because it knows no such cluster, say.
 *
 * @param service `package.Service`
 * @param message the request, encoded
 * @param timeoutMs milliseconds; 0 stands for 5 seconds
 */
export function grpcCall<T>(
  owner: Context, cluster: string, service: string, method: string, message: T, timeoutMs: u32, handler: GrpcHandler,
  metadata: HeaderPairs | null = null,
): bool {
  const target = targetOf(cluster);
  const serviceBytes = utf8(service);
  const methodBytes = utf8(method);
  const pairs: ArrayBuffer | null = metadata === null ? null : metadata.encode();
  const bytes = bytesOf<T>(message);
  const status = proxy_grpc_call(
    changetype<usize>(target), target.byteLength,
    changetype<usize>(serviceBytes), serviceBytes.byteLength,
    changetype<usize>(methodBytes), methodBytes.byteLength,
    changetype<usize>(pairs), pairs === null ? 0 : pairs.byteLength,
    changetype<usize>(bytes), bytes.byteLength,
    timeoutMs == 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
    OUT,
  );
  return begun(owner, status, handler, true);
}

/** Opens a gRPC stream; messages are sent by the handler. False if the host refuses it. */
export function grpcStream(
  owner: Context, cluster: string, service: string, method: string, handler: GrpcHandler, metadata: HeaderPairs | null = null,
): bool {
  const target = targetOf(cluster);
  const serviceBytes = utf8(service);
  const methodBytes = utf8(method);
  const pairs: ArrayBuffer | null = metadata === null ? null : metadata.encode();
  const status = proxy_grpc_stream(
    changetype<usize>(target), target.byteLength,
    changetype<usize>(serviceBytes), serviceBytes.byteLength,
    changetype<usize>(methodBytes), methodBytes.byteLength,
    changetype<usize>(pairs), pairs === null ? 0 : pairs.byteLength,
    OUT,
  );
  return begun(owner, status, handler, false);
}

function begun(owner: Context, status: u32, handler: GrpcHandler, isUnary: bool): bool {
  noteCallouts();
  if (status != 0) {
    owner.__callFailed();
    return false;
  }
  handler.__opened(owner, load<u32>(OUT), isUnary);
  return true;
}

/**
 * A cluster as the host wants it: `envoy.config.core.v3.GrpcService { envoy_grpc { cluster_name } }`. A plain name is taken too, but it might be
 * read as such a message by chance.
 */
function targetOf(cluster: string): ArrayBuffer {
  const name = utf8(cluster);
  const size = name.byteLength;
  const inner = 1 + sizeOfLength(size) + size;
  const bytes = uninitialized(1 + sizeOfLength(inner) + inner);
  let at = writeHead(changetype<usize>(bytes), inner);
  at = writeHead(at, size);
  memory.copy(at, changetype<usize>(name), size);
  return bytes;
}

function sizeOfLength(length: u32): i32 {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : 3;
}

/** Field 1, of bytes. */
function writeHead(at: usize, length: u32): usize {
  store<u8>(at++, 0x0a);
  while (length >= 0x80) {
    store<u8>(at++, (length & 0x7f) | 0x80);
    length >>= 7;
  }
  store<u8>(at++, length);
  return at;
}

function forget(handler: GrpcHandler): void {
  handler.ended();
  grpcCalls.take(handler.__id);
  const owner = handler.__owner;
  if (owner !== null) owner.__pendingCalls--;
}

/** The handler of a token, with the host told in whose name it runs; null if it is not waited for any more. */
function handlerOf(token: u32): GrpcHandler | null {
  const entry = grpcCalls.find(token);
  if (entry === null) return null;
  const handler = changetype<GrpcHandler>(entry);
  const owner = handler.__owner;
  if (owner !== null) actFor(owner);
  return handler;
}

export function grpcInitialMetadata(token: u32): void {
  const handler = handlerOf(token);
  if (handler !== null) handler.onInitialMetadata(headersOf(4));
}

export function grpcMessage(token: u32): void {
  const handler = handlerOf(token);
  if (handler === null) return;
  handler.onMessage(bodyOf(5));
  // The host tells nothing more of a unary call that went well.
  if (handler.__isUnary) end(handler, 0, "");
}

export function grpcTrailingMetadata(token: u32): void {
  const handler = handlerOf(token);
  if (handler !== null) handler.onTrailingMetadata(headersOf(5));
}

export function grpcClosed(token: u32, status: u32): void {
  const handler = handlerOf(token);
  if (handler === null) return;
  const message = proxy_get_status(OUT + 8, OUT, OUT + 4) == 0 ? given() : emptyBytes();
  end(handler, status, text(message));
}

function end(handler: GrpcHandler, status: u32, message: string): void {
  const owner = handler.__owner;
  // The handler may have given up while it was told.
  if (owner === null || grpcCalls.find(handler.__id) !== handler) return;
  forget(handler);
  handler.onClose(status, message);
  owner.__callEnded();
}

/** Gives up the calls of a stream that is gone. */
export function forgetGrpcCalls(owner: Context): void {
  for (let index = 0; index < grpcCalls.chainCount; index++) {
    let entry = grpcCalls.chain(index);
    while (entry !== null) {
      const next = entry.__next;
      const handler = changetype<GrpcHandler>(entry);
      if (handler.__owner === owner) handler.cancel();
      entry = next;
    }
  }
}
