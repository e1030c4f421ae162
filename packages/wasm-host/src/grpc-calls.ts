import { Status } from './abi.ts';
import type { Callouts, GrpcCall, GrpcHandle } from './callouts.ts';
import type { HeaderPair } from './header-pairs.ts';
import { readFields } from './protobuf-fields.ts';

/** What a VM is told of its gRPC calls; each callback is one of the module's. */
export interface GrpcListener {
  initialMetadata(token: number, pairs: readonly HeaderPair[]): void;
  message(token: number, bytes: Uint8Array): void;
  trailingMetadata(token: number, pairs: readonly HeaderPair[]): void;
  closed(token: number, status: number, message: string): void;
}

/** Tokens count in fours; the two lowest bits are the kind. */
const STEP = 4;
const CALL = 1;
const STREAM = 2;

const STATUS_OK = 0;
const STATUS_INTERNAL = 13;
const STATUS_UNAVAILABLE = 14;

interface Entry {
  readonly handle: GrpcHandle;
  isLocalClosed: boolean;
  isRemoteClosed: boolean;
}

/**
 * The gRPC calls of one VM, with Envoy's rules: of a unary call the module hears its one message, or that it was closed with what status; of
 * a stream all. A stream is forgotten when both sides have closed it.
 */
export class GrpcCalls {
  readonly #entries = new Map<number, Entry>();
  #lastCallToken = CALL;
  #lastStreamToken = STREAM;

  /**
   * Opens a call, or a stream if it has no message. An unknown cluster is refused; if a GrpcService names it, the module hears later that the
   * call was closed all the same, as in Envoy.
   *
   * @param later runs something when the module's callback has returned
   */
  open(
    callouts: Callouts,
    call: GrpcCall,
    listener: GrpcListener,
    later: (run: () => void) => void,
  ): { readonly token: number } | Status {
    const isStream = call.message === undefined;
    const token = (isStream ? this.#lastStreamToken : this.#lastCallToken) + STEP;
    const handle = callouts.grpc(call, isStream ? this.#stream(token, listener) : this.#unary(token, listener));
    if (handle === 'unknown-cluster' && readFields(call.service) === undefined) return Status.PARSE_FAILURE;
    if (isStream) this.#lastStreamToken = token;
    else this.#lastCallToken = token;
    if (handle === 'unknown-cluster') {
      later(() => listener.closed(token, STATUS_UNAVAILABLE, ''));
      return Status.INTERNAL_FAILURE;
    }
    this.#entries.set(token, { handle, isLocalClosed: false, isRemoteClosed: false });
    return { token };
  }

  send(token: number, message: Uint8Array<ArrayBuffer>, endOfStream: boolean): Status {
    if (kindOf(token) !== STREAM) return Status.BAD_ARGUMENT;
    const entry = this.#entries.get(token);
    if (entry === undefined) return Status.NOT_FOUND;
    if (!entry.isRemoteClosed) entry.handle.send(message, endOfStream);
    return Status.OK;
  }

  close(token: number): Status {
    return this.#finish(token, (entry) => {
      if (kindOf(token) === CALL) {
        entry.handle.cancel();
        return true;
      }
      if (!entry.isRemoteClosed) entry.handle.close();
      entry.isLocalClosed = true;
      return entry.isRemoteClosed;
    });
  }

  cancel(token: number): Status {
    return this.#finish(token, (entry) => {
      if (!entry.isRemoteClosed) entry.handle.cancel();
      return true;
    });
  }

  /** Gives up all. */
  cancelAll(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { handle, isRemoteClosed } of entries) if (!isRemoteClosed) handle.cancel();
  }

  #unary(token: number, listener: GrpcListener) {
    const finish = (tell: () => void) => {
      if (this.#entries.delete(token)) tell();
    };
    return {
      initialMetadata: () => {},
      message: (bytes: Uint8Array) => finish(() => listener.message(token, bytes)),
      trailingMetadata: () => {},
      // "ok" without a message is a broken answer.
      closed: (status: number, message: string) =>
        finish(() => listener.closed(token, status === STATUS_OK ? STATUS_INTERNAL : status, message)),
    };
  }

  #stream(token: number, listener: GrpcListener) {
    const live = (tell: () => void) => {
      if (this.#entries.get(token)?.isRemoteClosed === false) tell();
    };
    return {
      initialMetadata: (pairs: readonly HeaderPair[]) => live(() => listener.initialMetadata(token, pairs)),
      message: (bytes: Uint8Array) => live(() => listener.message(token, bytes)),
      trailingMetadata: (pairs: readonly HeaderPair[]) => live(() => listener.trailingMetadata(token, pairs)),
      closed: (status: number, message: string) =>
        live(() => {
          const entry = this.#entries.get(token) as Entry;
          entry.isRemoteClosed = true;
          listener.closed(token, status, message);
          if (entry.isLocalClosed) this.#entries.delete(token);
        }),
    };
  }

  #finish(token: number, end: (entry: Entry) => boolean): Status {
    if (kindOf(token) !== CALL && kindOf(token) !== STREAM) return Status.BAD_ARGUMENT;
    const entry = this.#entries.get(token);
    if (entry === undefined) return Status.NOT_FOUND;
    if (end(entry)) this.#entries.delete(token);
    return Status.OK;
  }
}

function kindOf(token: number): number {
  return token & (STEP - 1);
}
