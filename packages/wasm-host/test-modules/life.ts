// A filter that does what the path of a request says, for tests of a plugin's life. Its configuration is what it answers with.
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_send_local_response")
declare function reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;
@external("env", "proxy_done")
declare function done(): i32;
@external("env", "proxy_set_tick_period_milliseconds")
declare function setTick(period: i32): i32;

const out = memory.data(8);
let starts = 0;
let streams = 0;
let configurations = new Map<i32, string>();
let isSlow = false;

function log(text: string): void {
  const bytes = String.UTF8.encode(text);
  proxy_log(2, changetype<usize>(bytes), bytes.byteLength);
}
function buffer(type: i32): string {
  if (getBuffer(type, 0, i32.MAX_VALUE, out, out + 4) != 0) return "";
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

const roots = new Map<i32, i32>();
export function proxy_on_context_create(id: i32, root: i32): void {
  roots.set(id, root);
  if (root != 0) streams += 1;
}
export function proxy_on_vm_start(id: i32, size: i32): i32 {
  starts += 1;
  return buffer(6) == "refuse" ? 0 : 1;
}
export function proxy_on_configure(id: i32, size: i32): i32 {
  const text = buffer(7);
  configurations.set(id, text);
  if (text == "trap") unreachable();
  if (text == "slow") isSlow = true;
  if (text == "tick") setTick(100);
  log("configured " + text);
  return text == "refuse" ? 0 : 1;
}
export function proxy_on_tick(id: i32): void {
  log("tick");
  if (isSlow) done();
}
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const key = String.UTF8.encode(":path");
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return 0;
  const path = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4));
  heap.free(load<u32>(out));
  if (path == "/trap") unreachable();
  if (path == "/reply-and-trap") {
    reply(401, 0, 0, 0, 0, 0, 0, -1);
    unreachable();
  }
  if (path == "/hang") while (true) {}
  if (path == "/grow") while (true) heap.alloc(1 << 20);
  if (path == "/pass") return 0;
  const body = String.UTF8.encode(configurations.get(roots.get(id)) + " starts=" + starts.toString() + " streams=" + streams.toString());
  reply(200, 0, 0, changetype<usize>(body), body.byteLength, 0, 0, -1);
  return 4;
}
export function proxy_on_done(id: i32): i32 {
  if (roots.get(id) == 0) {
    log("done root");
    if (isSlow) { setTick(100); return 0; }
  }
  return 1;
}
export function proxy_on_delete(id: i32): void {
  if (roots.get(id) == 0) log("delete root");
  else streams -= 1;
  roots.delete(id);
}
