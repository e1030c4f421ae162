// What the host calls. The transform (src/transform.ts) exports of these what the filter's classes override.
import { readConfiguration } from "./configuration";
import { ContextKind, findContext, removeContext } from "./context";
import { HttpContext } from "./http-context";
import { allocate, beginCallback, endCallback } from "./memory";
import { sendReply } from "./reply";
import { RootContext } from "./root-context";
import { utf8 } from "./text";

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return allocate(size);
}

export function proxy_on_vm_start(id: u32, size: u32): u32 {
  beginCallback();
  const root = rootContext(id);
  const isStarted = root === null || root.onStart(readConfiguration(6, size));
  endCallback();
  return isStarted;
}

export function proxy_on_configure(id: u32, size: u32): u32 {
  beginCallback();
  const root = rootContext(id);
  const isConfigured = root !== null && root.onConfigure(readConfiguration(7, size));
  endCallback();
  return isConfigured;
}

export function proxy_on_request_headers(id: u32, count: u32, end: u32): u32 {
  beginCallback();
  const context = httpContext(id);
  let result: u32 = 4;
  if (context === null) {
    refuse();
  } else {
    context.beginRequest();
    result = context.endRequest(<u32>changetype<usize>(context.onRequestHeaders(end != 0)));
  }
  endCallback();
  return result;
}

export function proxy_on_response_headers(id: u32, count: u32, end: u32): u32 {
  beginCallback();
  const context = httpContext(id);
  let result: u32 = 0;
  if (context !== null) {
    context.beginResponse();
    result = context.endResponse(<u32>changetype<usize>(context.onResponseHeaders(end != 0)));
  }
  endCallback();
  return result;
}

export function proxy_on_delete(id: u32): void {
  removeContext(id);
  endCallback();
}

function rootContext(id: u32): RootContext | null {
  const context = findContext(id);
  return context !== null && context.kind == ContextKind.Root ? changetype<RootContext>(context) : null;
}

function httpContext(id: u32): HttpContext | null {
  const context = findContext(id);
  return context !== null && context.kind == ContextKind.Http ? changetype<HttpContext>(context) : null;
}

/** A request that no plugin knows, which should not be: what guards something must not let it pass. */
function refuse(): void {
  sendReply(500, new ArrayBuffer(0), utf8("no_such_context"), null, -1);
}
