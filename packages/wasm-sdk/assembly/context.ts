import { proxy_set_property } from "./hostcalls";
import { bytesOf, utf8 } from "./text";

/** What a context is of. */
export enum ContextKind {
  Root,
  Http,
  Tcp,
}

/** What contexts of all kinds have: the host's number, and a place in the table of those that live. */
export abstract class Context {
  /** The host's number of it. */
  id: u32 = 0;
  /** The next one in the same chain of the table. */
  next: Context | null = null;

  constructor(readonly kind: ContextKind) {}

  /**
   * Sets a value that other filters of the stream read as property `key`, behind `wasm.` in some. Tells whether the host took it: it does
   * for streams only.
   */
  setProperty<T>(key: string, value: T): bool {
    const keyBytes = utf8(key);
    const bytes = bytesOf<T>(value);
    return proxy_set_property(changetype<usize>(keyBytes), keyBytes.byteLength, changetype<usize>(bytes), bytes.byteLength) == 0;
  }
}

// The contexts that live, by their numbers, which count up: so the lowest bits spread them.
let chains = new StaticArray<Context | null>(32);
let count: i32 = 0;
let last: Context | null = null;

/** The context with this number, or null. */
export function findContext(id: u32): Context | null {
  const recent = last;
  if (recent !== null && recent.id == id) return recent;
  let context = unchecked(chains[id & (chains.length - 1)]);
  while (context !== null && context.id != id) context = context.next;
  if (context !== null) last = context;
  return context;
}

export function addContext(id: u32, context: Context): void {
  context.id = id;
  if (count > chains.length << 1) grow();
  insert(context);
  count++;
  last = context;
}

export function removeContext(id: u32): void {
  last = null;
  const slot = id & (chains.length - 1);
  let before: Context | null = null;
  let context = unchecked(chains[slot]);
  while (context !== null && context.id != id) {
    before = context;
    context = context.next;
  }
  if (context === null) return;
  if (before === null) unchecked(chains[slot] = context.next);
  else before.next = context.next;
  context.next = null;
  count--;
}

function insert(context: Context): void {
  const slot = context.id & (chains.length - 1);
  context.next = unchecked(chains[slot]);
  unchecked(chains[slot] = context);
}

function grow(): void {
  const old = chains;
  chains = new StaticArray<Context | null>(old.length << 1);
  for (let slot = 0; slot < old.length; slot++) {
    let context = unchecked(old[slot]);
    while (context !== null) {
      const next = context.next;
      insert(context);
      context = next;
    }
  }
}
