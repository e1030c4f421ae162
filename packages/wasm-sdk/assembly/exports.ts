// What the host calls. The transform (src/transform.ts) exports of these what the filter's classes override.
import { readConfiguration } from "./configuration";
import { beginEnd, ContextKind, findContext, setCurrentStream } from "./context";
import { grpcClosed, grpcInitialMetadata, grpcMessage, grpcTrailingMetadata } from "./grpc-call";
import { proxy_get_buffer_bytes } from "./hostcalls";
import { endHttpCall } from "./http-call";
import { HttpContext } from "./http-context";
import { endCallback } from "./collector";
import { allocate, beginCallback, given, OUT } from "./memory";
import { sendReply } from "./reply";
import { RootContext } from "./root-context";
import { SharedQueue } from "./shared-queue";
import { ClosedBy, TcpContext } from "./tcp-context";
import { emptyBytes, utf8 } from "./text";
import { tick } from "./timer";
import { decideContext } from "./undecided-context";

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return allocate(size);
}

// Plugins.

export function proxy_on_vm_start(id: u32, size: u32): u32 {
  const root = beginRoot(id);
  const isStarted = root === null || root.onStart(readConfiguration(6, size));
  endCallback();
  return isStarted;
}

export function proxy_on_configure(id: u32, size: u32): u32 {
  const root = beginRoot(id);
  const isConfigured = root !== null && root.onConfigure(readConfiguration(7, size));
  endCallback();
  return isConfigured;
}

export function proxy_on_tick(id: u32): void {
  beginCallback();
  tick(id);
  endCallback();
}

export function proxy_on_queue_ready(id: u32, token: u32): void {
  const root = beginRoot(id);
  if (root !== null) root.onQueueReady(new SharedQueue(token));
  endCallback();
}

export function proxy_on_foreign_function(id: u32, functionId: u32, size: u32): void {
  // Within a callback of the filter, whose memory is in use: nothing is collected here.
  const root = rootContext(id);
  if (root === null) return;
  const argument = proxy_get_buffer_bytes(8, 0, size, OUT, OUT + 4) == 0 ? given() : emptyBytes();
  root.onForeignFunction(functionId, argument);
}

// Requests.

export function proxy_on_request_headers(id: u32, count: u32, end: u32): u32 {
  const context = beginHttp(id, 0);
  let result: u32 = 4;
  // A request that no plugin knows, which should not be: what guards something must not let it pass.
  if (context === null) sendReply(500, emptyBytes(), utf8("no_context"), null, -1);
  else result = context.__endHeaders(0, <u32>changetype<usize>(context.onRequestHeaders(end != 0)));
  endCallback();
  return result;
}

export function proxy_on_request_body(id: u32, size: u32, end: u32): u32 {
  return passBody(id, 0, size, end);
}

export function proxy_on_request_trailers(id: u32, count: u32): u32 {
  const context = beginHttp(id, 0);
  let result: u32 = 0;
  if (context !== null) {
    if (context.__passCollected(0)) result = 1;
    else result = context.__endTrailers(0, <u32>changetype<usize>(context.onRequestTrailers()));
  }
  endCallback();
  return result;
}

export function proxy_on_response_headers(id: u32, count: u32, end: u32): u32 {
  const context = beginHttp(id, 1);
  let result: u32 = 0;
  if (context !== null) result = context.__endHeaders(1, <u32>changetype<usize>(context.onResponseHeaders(end != 0)));
  endCallback();
  return result;
}

export function proxy_on_response_body(id: u32, size: u32, end: u32): u32 {
  return passBody(id, 1, size, end);
}

export function proxy_on_response_trailers(id: u32, count: u32): u32 {
  const context = beginHttp(id, 1);
  let result: u32 = 0;
  if (context !== null) {
    if (context.__passCollected(1)) result = 1;
    else {
      context.__beginResponseTrailers();
      result = context.__endTrailers(1, <u32>changetype<usize>(context.onResponseTrailers()));
    }
  }
  endCallback();
  return result;
}

function passBody(id: u32, direction: u32, size: u32, end: u32): u32 {
  const context = beginHttp(id, direction);
  let result: u32 = 0;
  if (context !== null) result = context.__passBody(direction, size, end != 0);
  endCallback();
  return result;
}

// Connections.

export function proxy_on_new_connection(id: u32): u32 {
  const context = beginTcp(id);
  const result: u32 = context === null ? 0 : <u32>changetype<usize>(context.onNewConnection());
  endCallback();
  return result;
}

export function proxy_on_downstream_data(id: u32, size: u32, end: u32): u32 {
  const context = beginTcp(id);
  const result: u32 = context === null ? 0 : <u32>changetype<usize>(context.onDownstreamData(size, end != 0));
  endCallback();
  return result;
}

export function proxy_on_downstream_connection_close(id: u32, by: u32): void {
  const context = beginTcp(id);
  if (context !== null) context.onDownstreamClose(<ClosedBy>by);
  endCallback();
}

export function proxy_on_upstream_data(id: u32, size: u32, end: u32): u32 {
  const context = beginTcp(id);
  const result: u32 = context === null ? 0 : <u32>changetype<usize>(context.onUpstreamData(size, end != 0));
  endCallback();
  return result;
}

export function proxy_on_upstream_connection_close(id: u32, by: u32): void {
  const context = beginTcp(id);
  if (context !== null) context.onUpstreamClose(<ClosedBy>by);
  endCallback();
}

// Callouts.

export function proxy_on_http_call_response(id: u32, token: u32, headers: u32, size: u32, trailers: u32): void {
  beginCallback();
  endHttpCall(token);
  endCallback();
}

export function proxy_on_grpc_receive_initial_metadata(id: u32, token: u32, size: u32): void {
  beginCallback();
  grpcInitialMetadata(token);
  endCallback();
}

export function proxy_on_grpc_receive(id: u32, token: u32, size: u32): void {
  beginCallback();
  grpcMessage(token);
  endCallback();
}

export function proxy_on_grpc_receive_trailing_metadata(id: u32, token: u32, size: u32): void {
  beginCallback();
  grpcTrailingMetadata(token);
  endCallback();
}

export function proxy_on_grpc_close(id: u32, token: u32, status: u32): void {
  beginCallback();
  grpcClosed(token, status);
  endCallback();
}

// The end. The host calls log, done, delete, in this order.

export function proxy_on_log(id: u32): void {
  beginCallback();
  const context = decideContext(id, ContextKind.Http);
  if (context !== null) {
    setCurrentStream(context);
    beginEnd(context);
    if (context.__kind == ContextKind.Http) changetype<HttpContext>(context).onLog();
    else if (context.__kind == ContextKind.Tcp) changetype<TcpContext>(context).onLog();
  }
  endCallback();
}

export function proxy_on_done(id: u32): u32 {
  beginCallback();
  const context = decideContext(id, ContextKind.Http);
  let isDone = true;
  if (context !== null) {
    beginEnd(context.__kind == ContextKind.Root ? null : context);
    if (context.__kind == ContextKind.Root) isDone = changetype<RootContext>(context).onDone();
    else if (context.__kind == ContextKind.Http) changetype<HttpContext>(context).onDone();
    else changetype<TcpContext>(context).onDone();
  }
  endCallback();
  return isDone;
}

function beginRoot(id: u32): RootContext | null {
  beginCallback();
  return rootContext(id);
}

function rootContext(id: u32): RootContext | null {
  const context = findContext(id);
  return context !== null && context.__kind == ContextKind.Root ? changetype<RootContext>(context) : null;
}

function beginHttp(id: u32, direction: u32): HttpContext | null {
  beginCallback();
  const found = decideContext(id, ContextKind.Http);
  if (found === null || found.__kind != ContextKind.Http) return null;
  const context = changetype<HttpContext>(found);
  setCurrentStream(context);
  context.__begin(direction);
  return context;
}

function beginTcp(id: u32): TcpContext | null {
  beginCallback();
  const context = decideContext(id, ContextKind.Tcp);
  if (context === null || context.__kind != ContextKind.Tcp) return null;
  setCurrentStream(context);
  return changetype<TcpContext>(context);
}
