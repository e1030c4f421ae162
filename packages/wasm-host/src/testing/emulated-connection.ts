import { Status } from '../abi.ts';
import { BodyBuffer, join } from '../guest-buffer.ts';
import { encodeText } from '../guest-memory.ts';
import { latin1Text } from '../header-pairs.ts';
import type { RootContext } from '../root-context.ts';
import { CloseType, ConnectionAction, TcpContext } from '../tcp-context.ts';
import type { WasmVm } from '../wasm-vm.ts';

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
  /** The client sends; `end` closes its side. */
  send(data: string | Uint8Array, end?: boolean): Promise<void>;
  /** The upstream answers; `end` closes its side. */
  answer(data: string | Uint8Array, end?: boolean): Promise<void>;
  /** The client goes away. */
  close(): Promise<void>;
}

/** See {@link openConnection}. */
export interface ConnectionOptions {
  readonly vm: WasmVm;
  readonly root: RootContext;
  readonly property: (path: readonly string[]) => Uint8Array | undefined;
  readonly failsOpen: boolean;
  /** Waits until nothing more happens by itself. */
  readonly settled: () => Promise<void>;
}

/** Connects a client through the filter, as Envoy's network filter chain with a TCP proxy behind it. */
export async function openConnection({
  vm,
  root,
  property,
  failsOpen,
  settled,
}: ConnectionOptions): Promise<EmulatedConnection> {
  const none = new Uint8Array();
  const properties = new Map<string, Uint8Array>();
  let toUpstream: Uint8Array = none;
  let toClient: Uint8Array = none;
  /** What the filter holds back, on its way to the upstream and to the client. */
  let fromClient: Uint8Array = none;
  let fromUpstream: Uint8Array = none;
  let isConnected = false;
  let isClosed = false;

  const close = (type: CloseType) => {
    if (isClosed) return;
    isClosed = true;
    context.onDownstreamClose(type);
  };
  /** What becomes of data: whether they go on. A module that failed lets pass, or closes the connection. */
  const goesOn = (action: number | undefined): boolean => {
    if (action === undefined && !failsOpen) close(CloseType.LOCAL);
    return action === undefined ? failsOpen : action === ConnectionAction.CONTINUE;
  };
  const forward = () => {
    isConnected = true;
    toUpstream = join(toUpstream, fromClient);
    fromClient = none;
  };
  const context = new TcpContext(vm, root, {
    property: (path) => property(path) ?? properties.get(path.join('.')),
    setProperty: (key, value) => {
      properties.set(key, value);
      return Status.OK;
    },
    continueReading: () => {
      if (!isClosed) forward();
    },
    close: () => close(CloseType.LOCAL),
  });
  if (goesOn(context.onNewConnection()) && !isClosed) isConnected = true;
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
      return fromClient.length > 0;
    },
    get isClosed() {
      return isClosed;
    },
    async send(data, end = false) {
      if (isClosed) return;
      const buffer = new BodyBuffer(join(fromClient, bytesOf(data)));
      const isForwarded = goesOn(context.onDownstreamData(buffer, end));
      fromClient = buffer.bytes;
      if (isForwarded) forward();
      await settled();
    },
    async answer(data, end = false) {
      if (isClosed) return;
      const buffer = new BodyBuffer(join(fromUpstream, bytesOf(data)));
      const isForwarded = goesOn(context.onUpstreamData(buffer, end));
      fromUpstream = buffer.bytes;
      if (isForwarded) {
        toClient = join(toClient, buffer.bytes);
        fromUpstream = none;
      }
      await settled();
    },
    async close() {
      close(CloseType.REMOTE);
      await settled();
    },
  };
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? encodeText(data) : data;
}
