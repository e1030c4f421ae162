// What a filter may do wrong: a request's path, or the configuration, says which.
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_get_header_map_pairs")
declare function getPairs(map: i32, value: usize, size: usize): i32;
@external("env", "proxy_add_header_map_value")
declare function addHeader(map: i32, key: usize, keySize: usize, value: usize, valueSize: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_continue_stream")
declare function continueStream(type: i32): i32;
@external("env", "proxy_close_stream")
declare function closeStream(type: i32): i32;
@external("env", "proxy_set_effective_context")
declare function setContext(id: i32): i32;
@external("env", "proxy_send_local_response")
declare function reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;
@external("env", "proxy_call_foreign_function")
declare function callForeign(name: usize, nameSize: usize, args: usize, argsSize: usize, result: usize, resultSize: usize): i32;
@external("env", "proxy_set_tick_period_milliseconds")
declare function setTick(period: i32): i32;

const out = memory.data(8);
let path = "";
let paused = 0;
let ticks = "";

function taken(): string {
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}
function clearRoute(): void {
  const name = String.UTF8.encode("clear_route_cache");
  callForeign(changetype<usize>(name), name.byteLength, 0, 0, out, out + 4);
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_configure(id: i32, size: i32): i32 {
  if (getBuffer(7, 0, size, out, out + 4) == 0) ticks = taken();
  if (ticks == "bad") addHeader(0, 0, 0, 0, 0);
  return 1;
}
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const key = String.UTF8.encode(":path");
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return 0;
  path = taken();
  if (path == "/wrong-map") addHeader(2, changetype<usize>(key), key.byteLength, 0, 0);
  if (path == "/wrong-memory") addHeader(0, <usize>0xfffffff0, 64, 0, 0);
  if (path == "/pairs") { getPairs(2, out, out + 4); getPairs(0, out, out + 4); }
  if (path == "/body") getBuffer(0, 0, 10, out, out + 4);
  if (path == "/stop") return 1;
  if (path == "/number") return 7;
  if (path == "/route") clearRoute();
  if (path == "/absent") getHeader(0, changetype<usize>(key), 0, out, out + 4);
  if (path == "/forget" || path == "/continue") {
    paused = id;
    setTick(10);
    return 4;
  }
  return 0;
}
export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 {
  getBuffer(0, 0, size, out, out + 4);
  taken();
  return path == "/body-number" ? 9 : 0;
}
export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 {
  if (path == "/late-route") clearRoute();
  return 0;
}
export function proxy_on_response_trailers(id: i32, count: i32): i32 {
  if (path == "/deadly/trailers") continueStream(1);
  return 0;
}
function die(callback: string): void {
  if (path == "/deadly/" + callback + "/reply") reply(500, 0, 0, 0, 0, 0, 0, -1);
  if (path == "/deadly/" + callback + "/close") closeStream(0);
}
export function proxy_on_log(id: i32): void { die("log"); }
export function proxy_on_done(id: i32): i32 {
  die("done");
  return 1;
}
export function proxy_on_delete(id: i32): void { die("delete"); }
export function proxy_on_tick(id: i32): void {
  setTick(0);
  if (path == "/continue") setContext(paused);
  continueStream(0);
}
