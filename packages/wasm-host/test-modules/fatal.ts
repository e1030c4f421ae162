// A filter without an SDK that does what Envoy dies of: its configuration names a callback and what is done there, "log reply".
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_send_local_response")
declare function proxy_reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;
@external("env", "proxy_close_stream")
declare function proxy_close_stream(type: i32): i32;
@external("env", "proxy_continue_stream")
declare function proxy_continue_stream(type: i32): i32;

const out = memory.data(8);
let where = "";
let what = "";

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

export function proxy_on_configure(id: i32, size: i32): i32 {
  if (proxy_get_buffer(7, 0, size, out, out + 4) != 0) return 0;
  const words = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4)).split(" ");
  where = words[0];
  what = words[1];
  return 1;
}

function act(callback: string): void {
  if (callback != where) return;
  let status = 0;
  if (what == "reply" || what == "reply-and-trap") status = proxy_reply(418, 0, 0, 0, 0, 0, 0, -1);
  if (what == "close-request") status = proxy_close_stream(0);
  if (what == "close-response") status = proxy_close_stream(1);
  if (what == "continue-response") status = proxy_continue_stream(1);
  const text = String.UTF8.encode(where + " " + what + " " + status.toString());
  proxy_log(2, changetype<usize>(text), text.byteLength);
  if (what == "reply-and-trap") unreachable();
}

export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 { act("response_headers"); return 0; }
export function proxy_on_response_trailers(id: i32, count: i32): i32 { act("response_trailers"); return 0; }
export function proxy_on_log(id: i32): void { act("log"); }
export function proxy_on_done(id: i32): i32 { act("done"); return 1; }
export function proxy_on_delete(id: i32): void { act("delete"); }
