// A filter for TCP: what the client sends first says what it does.
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_set_buffer_bytes")
declare function setBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_continue_stream")
declare function continueStream(type: i32): i32;
@external("env", "proxy_close_stream")
declare function closeStream(type: i32): i32;
@external("env", "proxy_set_effective_context")
declare function setContext(id: i32): i32;
@external("env", "proxy_set_tick_period_milliseconds")
declare function setTick(period: i32): i32;

const out = memory.data(8);
let held = 0;
let waits = false;

function log(text: string): void {
  const bytes = String.UTF8.encode(text);
  proxy_log(2, changetype<usize>(bytes), bytes.byteLength);
}
function buffer(type: i32): string {
  const status = getBuffer(type, 0, i32.MAX_VALUE, out, out + 4);
  if (status != 0) return "status " + status.toString();
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}
function replace(type: i32, text: string): void {
  const bytes = String.UTF8.encode(text);
  setBuffer(type, 0, i32.MAX_VALUE, changetype<usize>(bytes), bytes.byteLength);
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_context_create(id: i32, root: i32): void { if (root != 0) log("create"); }
export function proxy_on_configure(id: i32, size: i32): i32 {
  waits = buffer(7) == "wait";
  return 1;
}
export function proxy_on_new_connection(id: i32): i32 {
  log("new");
  if (!waits) return 0;
  held = id;
  setTick(100);
  return 1;
}
export function proxy_on_downstream_data(id: i32, size: i32, end: i32): i32 {
  const data = buffer(2);
  log("down " + data + " " + size.toString() + " " + end.toString() + " other=" + buffer(3) + " body=" + buffer(0));
  if (data == "trap") unreachable();
  if (data == "close") closeStream(2);
  if (data == "close up") closeStream(3);
  if (data == "change") replace(2, "changed");
  if (data.startsWith("hold")) {
    held = id;
    setTick(100);
    return 1;
  }
  if (data == "up?") log("continue upstream " + continueStream(3).toString() + " " + continueStream(4).toString());
  return data.startsWith("more") && !data.endsWith(".") ? 1 : 0;
}
export function proxy_on_tick(id: i32): void {
  setTick(0);
  setContext(held);
  log("continue " + continueStream(2).toString());
}
export function proxy_on_upstream_data(id: i32, size: i32, end: i32): i32 {
  const data = buffer(3);
  log("up " + data + " " + size.toString() + " " + end.toString());
  if (data == "change") replace(3, "changed back");
  return data.startsWith("more") && !data.endsWith(".") ? 1 : 0;
}
export function proxy_on_downstream_connection_close(id: i32, type: i32): void { log("down closed " + type.toString()); }
export function proxy_on_upstream_connection_close(id: i32, type: i32): void { log("up closed " + type.toString()); }
export function proxy_on_done(id: i32): i32 { log("done"); return 1; }
export function proxy_on_log(id: i32): void { log("log"); }
export function proxy_on_delete(id: i32): void { log("delete"); }
