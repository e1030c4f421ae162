// A filter that holds each request and calls cluster "c": by HTTP for "/http", by a gRPC stream for "/stream" and for "/cancel", which it
// cancels when the request is over. It logs what it is called for, and what becomes of the request when an answer comes.
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_http_call")
declare function httpCall(cluster: usize, clusterSize: usize, headers: usize, headersSize: usize, body: usize, bodySize: usize, trailers: usize, trailersSize: usize, timeout: i32, token: usize): i32;
@external("env", "proxy_grpc_stream")
declare function grpcStream(service: usize, serviceSize: usize, name: usize, nameSize: usize, method: usize, methodSize: usize, metadata: usize, metadataSize: usize, token: usize): i32;
@external("env", "proxy_grpc_cancel")
declare function grpcCancel(token: u32): i32;
@external("env", "proxy_set_effective_context")
declare function setEffectiveContext(id: i32): i32;
@external("env", "proxy_continue_stream")
declare function continueStream(type: i32): i32;

const out = memory.data(8);
/** Streams by the token of what they wait for. */
const owners = new Map<u32, i32>();
/** Tokens to cancel, by stream. */
const cancels = new Map<i32, u32>();

function log(text: string): void {
  const bytes = String.UTF8.encode(text);
  proxy_log(2, changetype<usize>(bytes), bytes.byteLength);
}
function path(): string {
  const key = String.UTF8.encode(":path");
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return "";
  const text = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4));
  heap.free(load<u32>(out));
  return text;
}
/** Pairs of a map as bytes. */
function pairs(list: string[]): ArrayBuffer {
  let size = 4 + list.length * 4;
  for (let i = 0; i < list.length; i++) size += String.UTF8.byteLength(list[i]) + 1;
  const bytes = new ArrayBuffer(size);
  const start = changetype<usize>(bytes);
  store<u32>(start, list.length / 2);
  let at = start + 4 + list.length * 4;
  for (let i = 0; i < list.length; i++) {
    const text = String.UTF8.encode(list[i]);
    store<u32>(start + 4 + i * 4, text.byteLength);
    memory.copy(at, changetype<usize>(text), text.byteLength);
    at += text.byteLength + 1;
  }
  return bytes;
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const asked = path();
  const cluster = String.UTF8.encode("c");
  const headers = pairs([":path", "/", ":method", "GET", ":authority", "c"]);
  if (asked == "/http") {
    httpCall(changetype<usize>(cluster), 1, changetype<usize>(headers), headers.byteLength, 0, 0, 0, 0, 1000, out);
  } else {
    grpcStream(changetype<usize>(cluster), 1, changetype<usize>(cluster), 1, changetype<usize>(cluster), 1, 0, 0, out);
    if (asked == "/cancel") cancels.set(id, load<u32>(out));
  }
  owners.set(load<u32>(out), id);
  return 4;
}
function effective(token: u32): string {
  return "effective " + setEffectiveContext(owners.get(token)).toString();
}
function owned(id: i32, token: u32): string {
  return id.toString() + " of " + owners.get(token).toString() + ": ";
}
export function proxy_on_http_call_response(id: i32, token: u32, headers: i32, size: i32, trailers: i32): void {
  log("response " + owned(id, token) + effective(token) + ", continue " + continueStream(0).toString());
}
export function proxy_on_grpc_receive(id: i32, token: u32, size: i32): void {
  log("message " + owned(id, token) + effective(token));
}
export function proxy_on_grpc_close(id: i32, token: u32, code: u32): void {
  log("closed " + owned(id, token) + code.toString() + ", " + effective(token));
}
export function proxy_on_log(id: i32): void { log("log " + id.toString()); }
export function proxy_on_done(id: i32): i32 {
  log("done " + id.toString() + " " + path());
  if (cancels.has(id)) log("cancel " + grpcCancel(cancels.get(id)).toString() + " " + grpcCancel(cancels.get(id)).toString());
  return 1;
}
export function proxy_on_delete(id: i32): void { log("delete " + id.toString()); }
