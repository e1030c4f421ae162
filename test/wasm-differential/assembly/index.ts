// The probe: calls hostcalls from every callback, as plans say, and logs what the host answers. Without an SDK, so that nothing stands
// between it and the host. The VM's configuration is a table of plans by name: streams name theirs in the header x-case, the n-th
// connection does what "tcp-n" says, and all else what "root" says.
import * as host from "./hostcalls";
import { grpcOwner, httpOwner, perform, setPlans, takePlan } from "./plan";
import { drawIdentity, enter, leave, out, utf8 } from "./report";

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: usize): usize {
  return heap.alloc(size);
}

/** The plan of all that is no stream. */
const ROOT = 0;

export function proxy_on_context_create(id: i32, root: i32): void {
  if (id == 1) drawIdentity();
  enter(id, "context_create", id.toString() + " " + root.toString());
  // Root contexts are created before their configuration can be read: the plan stands in the VM's, which is always there.
  if (root == 0 && id == 1) {
    setPlans(buffer(6));
    takePlan(ROOT, "root");
  }
  perform(ROOT, id, root == 0 ? "root_create" : "stream_create", 0);
  if (id == 2) perform(ROOT, id, "first_stream_create", 0);
}

export function proxy_on_vm_start(id: i32, size: i32): i32 {
  enter(id, "vm_start", size.toString());
  return leave(perform(ROOT, id, "vm_start", 1));
}

export function proxy_on_configure(id: i32, size: i32): i32 {
  enter(id, "configure", size.toString());
  return leave(perform(ROOT, id, "configure", 1));
}

export function proxy_on_tick(id: i32): void {
  enter(id, "tick", "");
  perform(ROOT, id, "tick", 0);
}

let isFirst = true;

export function proxy_on_queue_ready(id: i32, token: i32): void {
  enter(id, "queue_ready", token > 0 ? "token" : "0");
  // What it does puts more into queues.
  if (isFirst) perform(ROOT, id, "queue_ready", 0);
  isFirst = false;
}

export function proxy_on_http_call_response(id: i32, token: i32, headers: i32, size: i32, trailers: i32): void {
  enter(id, "http_call_response", headers.toString() + " " + size.toString() + " " + trailers.toString());
  perform(httpOwner(token, ROOT), id, "http_call_response", 0);
}

export function proxy_on_grpc_receive_initial_metadata(id: i32, token: i32, count: i32): void {
  enter(id, "grpc_receive_initial_metadata", count.toString());
  perform(grpcOwner(token, ROOT), id, "grpc_receive_initial_metadata", 0);
}

export function proxy_on_grpc_receive(id: i32, token: i32, size: i32): void {
  enter(id, "grpc_receive", size.toString());
  perform(grpcOwner(token, ROOT), id, "grpc_receive", 0);
}

export function proxy_on_grpc_receive_trailing_metadata(id: i32, token: i32, count: i32): void {
  enter(id, "grpc_receive_trailing_metadata", count.toString());
  perform(grpcOwner(token, ROOT), id, "grpc_receive_trailing_metadata", 0);
}

export function proxy_on_grpc_close(id: i32, token: i32, status: i32): void {
  enter(id, "grpc_close", status.toString());
  perform(grpcOwner(token, ROOT), id, "grpc_close", 0);
}

export function proxy_on_foreign_function(id: i32, called: i32, size: i32): void {
  enter(id, "foreign_function", called.toString() + " " + size.toString());
  perform(ROOT, id, "foreign_function", 0);
}

export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  takePlan(id, header("x-case"));
  enter(id, "request_headers", count.toString() + " " + end.toString());
  return leave(perform(id, id, "request_headers", 0));
}

export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 {
  enter(id, "request_body", size.toString() + " " + end.toString());
  return leave(perform(id, id, end ? "request_body_end" : "request_body", perform(id, id, "request_body_each", 0)));
}

export function proxy_on_request_trailers(id: i32, count: i32): i32 {
  enter(id, "request_trailers", count.toString());
  return leave(perform(id, id, "request_trailers", 0));
}

export function proxy_on_request_metadata(id: i32, count: i32): i32 {
  enter(id, "request_metadata", count.toString());
  return leave(0);
}

export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 {
  enter(id, "response_headers", count.toString() + " " + end.toString());
  return leave(perform(id, id, "response_headers", 0));
}

export function proxy_on_response_body(id: i32, size: i32, end: i32): i32 {
  enter(id, "response_body", size.toString() + " " + end.toString());
  return leave(perform(id, id, end ? "response_body_end" : "response_body", perform(id, id, "response_body_each", 0)));
}

export function proxy_on_response_trailers(id: i32, count: i32): i32 {
  enter(id, "response_trailers", count.toString());
  return leave(perform(id, id, "response_trailers", 0));
}

export function proxy_on_response_metadata(id: i32, count: i32): i32 {
  enter(id, "response_metadata", count.toString());
  return leave(0);
}

let connections = 0;

export function proxy_on_new_connection(id: i32): i32 {
  connections++;
  takePlan(id, "tcp-" + connections.toString());
  enter(id, "new_connection", "");
  return leave(perform(id, id, "new_connection", 0));
}

export function proxy_on_downstream_data(id: i32, size: i32, end: i32): i32 {
  enter(id, "downstream_data", size.toString() + " " + end.toString());
  return leave(perform(id, id, "downstream_data", 0));
}

export function proxy_on_upstream_data(id: i32, size: i32, end: i32): i32 {
  enter(id, "upstream_data", size.toString() + " " + end.toString());
  return leave(perform(id, id, "upstream_data", 0));
}

export function proxy_on_downstream_connection_close(id: i32, peer: i32): void {
  enter(id, "downstream_connection_close", peer.toString());
  perform(id, id, "downstream_connection_close", 0);
}

export function proxy_on_upstream_connection_close(id: i32, peer: i32): void {
  enter(id, "upstream_connection_close", peer.toString());
  perform(id, id, "upstream_connection_close", 0);
}

export function proxy_on_log(id: i32): void {
  enter(id, "log", "");
  perform(id, id, "log", 0);
}

export function proxy_on_done(id: i32): i32 {
  enter(id, "done", "");
  return leave(perform(id, id, "done", 1));
}

export function proxy_on_delete(id: i32): void {
  enter(id, "delete", "");
  perform(id, id, "delete", 0);
}

function buffer(type: i32): string {
  if (host.proxy_get_buffer_bytes(type, 0, 0x100000, out, out + 4) != 0) return "";
  return taken();
}

function header(name: string): string {
  const key = utf8(name);
  if (host.proxy_get_header_map_value(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return "";
  return taken();
}

function taken(): string {
  const pointer = load<u32>(out);
  if (pointer == 0) return "";
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  heap.free(pointer);
  return text;
}
