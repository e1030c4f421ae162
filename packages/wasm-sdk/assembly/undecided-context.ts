// A plugin whose module filters both requests and connections is not told of which kind a new stream is. The stream's first callback tells:
// a host calls `proxy_on_new_connection` for every connection, before anything else, and such a module exports it. What no connection
// calls first is a request, also if it is its end: a filter before this one may have answered it.
import { Context, ContextKind, contexts, findContext } from "./context";
import { RootContext } from "./root-context";

/** A stream before its first callback. */
class UndecidedContext extends Context {
  constructor() {
    super(ContextKind.Undecided);
  }
}

/** Where nothing sets it, the compiler leaves out what is for these. */
let hasUndecided: bool = false;

export function addUndecided(id: u32, rootId: u32): void {
  hasUndecided = true;
  if (rootOf(rootId) !== null) addStream(id, rootId, new UndecidedContext());
}

/** The stream's context, made now if a callback of this kind is its first. */
@inline
export function decideContext(id: u32, kind: ContextKind): Context | null {
  const found = findContext(id);
  return hasUndecided && found !== null && found.__kind == ContextKind.Undecided ? decide(found, kind) : found;
}

function decide(undecided: Context, kind: ContextKind): Context | null {
  const id = undecided.__id;
  const rootId = undecided.__rootId;
  contexts.take(id);
  const root = rootOf(rootId);
  if (root === null) return null;
  let context: Context | null = null;
  if (kind == ContextKind.Tcp) context = root.createTcpContext();
  else context = root.createHttpContext();
  addStream(id, rootId, context);
  return context;
}

export function rootOf(id: u32): RootContext | null {
  const context = findContext(id);
  return context !== null && context.__kind == ContextKind.Root ? changetype<RootContext>(context) : null;
}

export function addStream(id: u32, rootId: u32, context: Context | null): void {
  if (context === null) return;
  context.__rootId = rootId;
  contexts.add(id, context);
}
