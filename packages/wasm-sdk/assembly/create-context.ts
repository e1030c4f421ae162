// What the generated `proxy_on_context_create` is made of.
import { addContext, ContextKind, findContext } from "./context";
import { endCallback } from "./memory";
import { RootContext } from "./root-context";

export function addRoot(id: u32, root: RootContext | null): void {
  if (root !== null) addContext(id, root);
  endCallback();
}

export function addHttp(id: u32, rootId: u32): void {
  const root = findContext(rootId);
  if (root !== null && root.kind == ContextKind.Root) {
    const context = changetype<RootContext>(root).createHttpContext();
    if (context !== null) addContext(id, context);
  }
}
