import { BodyBuffer, join } from '../guest-buffer.ts';
import { encodeText } from '../guest-memory.ts';
import { latin1Text } from '../header-pairs.ts';
import type { FailurePolicy } from '../plugin.ts';
import type { RootContext } from '../root-context.ts';
import { setProperty } from '../set-properties.ts';
import { setPropertyName } from '../stream-attributes.ts';
import { CloseType, ConnectionAction, TcpContext } from '../tcp-context.ts';
import type { WasmVm } from '../wasm-vm.ts';
import { emulatedConnectionAttribute } from './emulated-attributes.ts';

/** A TCP connection that passes the filter, between a client and an upstream that the test plays. */
export interface EmulatedConnection {
  /** What the upstream has got, one character a byte. */
  readonly toUpstream: string;
  /** What the client has got. */
  readonly toClient: string;
  /** Whether the filter lets the upstream be connected to: not before it continues. */
  readonly isConnected: boolean;
  /** Whether the filter holds back what the client sent. */
  readonly isPaused: boolean;
  readonly isClosed: boolean;
  /** The client sends; `end` closes its side. Not read, as by Envoy's TCP proxy, before the upstream is connected to. */
  send(data: string | Uint8Array, end?: boolean): Promise<void>;
  /** The upstream answers, if it is connected to; `end` closes its side. When both sides have ended, the connection is over. */
  answer(data: string | Uint8Array, end?: boolean): Promise<void>;
  /** The client goes away, which is noticed once the upstream is connected to. */
  close(): Promise<void>;
}

/** See {@link openConnection}. */
export interface ConnectionOptions {
  readonly vm: WasmVm;
  readonly root: RootContext;
  readonly property: (path: readonly string[]) => Uint8Array | undefined;
  readonly failurePolicy: Exclude<FailurePolicy, 'reload'>;
  /** Waits until nothing more happens by itself. */
  readonly settled: () => Promise<void>;
}

/** Connects a client through the filter, as Envoy's network filter chain with a TCP proxy behind it. */
export async function openConnection({
  vm,
  root,
  property,
  failurePolicy,
  settled,
}: ConnectionOptions): Promise<EmulatedConnection> {
  const none = new Uint8Array();
  const properties = new Map<string, Uint8Array>();
  const startNs = vm.nowNs();
  let receivedBytes = 0;
  let toUpstream: Uint8Array = none;
  let toClient: Uint8Array = none;
  /** What the filter holds back, on its way to the upstream and to the client. */
  let fromClient: Uint8Array = none;
  let fromUpstream: Uint8Array = none;
  /** What the client did before there was an upstream: Envoy's TCP proxy does not read until then. */
  const unread: (() => void)[] = [];
  let isConnected = false;
  let isClosed = false;
  /** Whether the client has sent its end, and whether the upstream's went on to it. */
  let hasClientEnded = false;
  let hasUpstreamEnded = false;

  const close = (type: CloseType) => {
    if (isClosed) return;
    isClosed = true;
    context.onDownstreamClose(type);
  };
  const isPassedBy = vm.failure !== undefined && failurePolicy !== 'closed';
  /** What becomes of data: whether they go on. A module that failed lets pass, or closes the connection. */
  const goesOn = (action: number | undefined): boolean => {
    if (action === undefined && !isPassedBy && failurePolicy !== 'always-open') close(CloseType.LOCAL);
    if (isClosed) return false;
    return action === undefined || action === ConnectionAction.CONTINUE;
  };
  const connect = () => {
    isConnected = true;
    for (const read of unread.splice(0)) read();
  };
  const forward = () => {
    toUpstream = join(toUpstream, fromClient);
    fromClient = none;
  };
  const receive = (bytes: Uint8Array, end: boolean) => {
    if (isClosed) return;
    receivedBytes += bytes.length;
    hasClientEnded ||= end;
    const buffer = new BodyBuffer(join(fromClient, bytes));
    const isForwarded = goesOn(context.onDownstreamData(buffer, end));
    fromClient = buffer.bytes;
    if (isForwarded) forward();
    // What ends both sides ends the connection, whether or not the filter let it go on.
    if (end && hasUpstreamEnded) close(CloseType.REMOTE);
  };
  const context = new TcpContext(vm, root, {
    property: (path) => {
      const own = setPropertyName(path);
      const facts = { startNs, receivedBytes, sentBytes: toClient.length, isConnected };
      return (
        (own === undefined ? undefined : properties.get(own)) ??
        property(path) ??
        emulatedConnectionAttribute(facts, path)
      );
    },
    setProperty: (key, value) => setProperty(properties, key, value),
    continueReading: () => {
      if (isClosed) return;
      if (isConnected) forward();
      else connect();
    },
    close: () => close(CloseType.LOCAL),
  });
  if (goesOn(context.onNewConnection())) connect();
  await settled();
  return {
    get toUpstream() {
      return latin1Text(toUpstream);
    },
    get toClient() {
      return latin1Text(toClient);
    },
    get isConnected() {
      return isConnected;
    },
    get isPaused() {
      return fromClient.length > 0 || unread.length > 0;
    },
    get isClosed() {
      return isClosed;
    },
    async send(data, end = false) {
      const bytes = bytesOf(data);
      if (isConnected) receive(bytes, end);
      else unread.push(() => receive(bytes, end));
      await settled();
    },
    async answer(data, end = false) {
      if (isClosed || !isConnected) return;
      const buffer = new BodyBuffer(join(fromUpstream, bytesOf(data)));
      const isForwarded = goesOn(context.onUpstreamData(buffer, end));
      fromUpstream = buffer.bytes;
      if (isForwarded) {
        toClient = join(toClient, buffer.bytes);
        fromUpstream = none;
        hasUpstreamEnded ||= end;
        if (end && hasClientEnded) close(CloseType.LOCAL);
      }
      await settled();
    },
    async close() {
      if (isConnected) close(CloseType.REMOTE);
      else unread.push(() => close(CloseType.REMOTE));
      await settled();
    },
  };
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? encodeText(data) : data;
}
