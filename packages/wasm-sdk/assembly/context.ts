import { proxy_set_property } from "./hostcalls";
import { KeptProperty } from "./properties";
import { Entry, Table } from "./table";
import { bytesOf, utf8 } from "./text";

/** What a context is of. */
export enum ContextKind {
  Root,
  Http,
  Tcp,
}

/** What contexts of all kinds have. */
export abstract class Context extends Entry {
  /** The host's number of the plugin that it belongs to, or is. */
  rootId: u32 = 0;
  keptProperties: KeptProperty | null = null;
  /** How many callouts have not been answered yet. */
  pendingCalls: i32 = 0;

  constructor(readonly kind: ContextKind) {
    super();
  }

  /** Told of a callout that ended, after its handler. */
  callEnded(): void {}
  /** Told of a callout that could not be made. */
  callFailed(): void {}

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

/** Whether the filter makes callouts. Where nothing sets it, the compiler leaves out what is for these. */
export let hasCallouts: bool = false;

export function noteCallouts(): void {
  hasCallouts = true;
}

@inline
export function findContext(id: u32): Context | null {
  return changetype<Context | null>(contexts.find(id));
}
