// What the generated `proxy_on_context_create` and `proxy_on_delete` are made of.
import { beginEnd, Context, contexts } from "./context";
import { endCallback } from "./collector";
import { RootContext } from "./root-context";
import { addStream, rootOf } from "./undecided-context";

export function addRoot(id: u32, root: RootContext | null): void {
  if (root !== null) {
    root.__rootId = id;
    contexts.add(id, root);
  }
  endCallback();
}

@inline
export function addHttp(id: u32, rootId: u32): void {
  const root = rootOf(rootId);
  if (root !== null) addStream(id, rootId, root.createHttpContext());
}

@inline
export function addTcp(id: u32, rootId: u32): void {
  const root = rootOf(rootId);
  if (root !== null) addStream(id, rootId, root.createTcpContext());
}

/** The context that is gone, as the table knew it. */
export function takeContext(id: u32): Context | null {
  const context = changetype<Context | null>(contexts.take(id));
  beginEnd(context);
  return context;
}
