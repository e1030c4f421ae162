// What the generated `proxy_on_context_create` and `proxy_on_delete` are made of.
import { beginEnd, Context, ContextKind, contexts, findContext } from "./context";
import { endCallback } from "./collector";
import { RootContext } from "./root-context";

export function addRoot(id: u32, root: RootContext | null): void {
  if (root !== null) {
    root.rootId = id;
    contexts.add(id, root);
  }
  endCallback();
}

@inline
export function addHttp(id: u32, rootId: u32): void {
  const root = rootOf(rootId);
  if (root !== null) add(id, rootId, root.createHttpContext());
}

@inline
export function addTcp(id: u32, rootId: u32): void {
  const root = rootOf(rootId);
  if (root !== null) add(id, rootId, root.createTcpContext());
}

/** For a module with plugins of both kinds, each of which makes contexts of its own kind. */
export function addEither(id: u32, rootId: u32): void {
  const root = rootOf(rootId);
  if (root === null) return;
  const tcp = root.createTcpContext();
  if (tcp !== null) add(id, rootId, tcp);
  else add(id, rootId, root.createHttpContext());
}

/** The context that is gone, as the table knew it. */
export function takeContext(id: u32): Context | null {
  const context = changetype<Context | null>(contexts.take(id));
  beginEnd(context);
  return context;
}

function rootOf(id: u32): RootContext | null {
  const context = findContext(id);
  return context !== null && context.kind == ContextKind.Root ? changetype<RootContext>(context) : null;
}

function add(id: u32, rootId: u32, context: Context | null): void {
  if (context === null) return;
  context.rootId = rootId;
  contexts.add(id, context);
}
