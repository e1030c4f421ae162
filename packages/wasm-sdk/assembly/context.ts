import { proxy_set_property } from "./hostcalls";
import { log } from "./log";
import { KeptProperty } from "./properties";
import { Entry, Table } from "./table";
import { bytesOf, utf8 } from "./text";

/** What a context is of. */
export enum ContextKind {
  Root,
  Http,
  Tcp,
  /** Not known yet: see {@link decideContext} in undecided-context.ts. */
  Undecided,
}

/** What contexts of all kinds have. */
export abstract class Context extends Entry {
  /** The host's number of the plugin that it belongs to, or is. */
  __rootId: u32 = 0;
  __keptProperties: KeptProperty | null = null;
  /** How many callouts have not been answered yet. */
  __pendingCalls: i32 = 0;
  /** Whether the end of it was told. */
  __isOver: bool = false;

  constructor(readonly __kind: ContextKind) {
    super();
  }

  /** The host's number of it: no other context has the same as long as it lives. */
  @inline get contextId(): u32 { return this.__id; }

  /** Told of a callout that ended, after its handler. */
  __callEnded(): void {}
  /** Told of a callout that could not be made. */
  __callFailed(): void {}

  /**
   * Sets a property for this stream: other filters and access logs read it as filter state `wasm.KEY`. Tells whether the host took it: it
   * does for streams only.
   */
  setProperty<T>(key: string, value: T): bool {
    const keyBytes = utf8(key);
    const bytes = bytesOf<T>(value);
    return proxy_set_property(changetype<usize>(keyBytes), keyBytes.byteLength, changetype<usize>(bytes), bytes.byteLength) == 0;
  }
}

/** The contexts that live. */
export const contexts = new Table();

/** The stream in whose name the callback runs; null in those of a plugin. */
export let currentStream: Context | null = null;

export function setCurrentStream(context: Context | null): void {
  currentStream = context;
}

/** A callback of a stream's end runs. */
let isEnding: bool = false;

export function beginEnd(context: Context | null): void {
  isEnding = true;
  if (context !== null) context.__isOver = true;
}

export function leaveEnd(): void {
  isEnding = false;
}

/** Whether a stream can still be acted upon. What cannot is told in the log: Envoy dies of some such calls. */
export function mayAct(context: Context | null, what: string): bool {
  if (!isEnding && (context === null || !context.__isOver)) return true;
  log.warn("the stream is over: no " + what);
  return false;
}

/** Whether the filter makes callouts. Where nothing sets it, the compiler leaves out what is for these. */
export let hasCallouts: bool = false;
/** For access logs, of a request that would have waited for a callout that was not made. */
export let calloutFailed: string = "";

export function noteCallouts(): void {
  hasCallouts = true;
  calloutFailed = "callout_failed";
}

@inline
export function findContext(id: u32): Context | null {
  return changetype<Context | null>(contexts.find(id));
}
