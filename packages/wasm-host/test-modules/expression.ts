// A filter whose configuration is an expression in CEL: requests for which it is not true are answered 403, with the status of the host's
// function. For "/forget" it first has the expression deleted.
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_send_local_response")
declare function reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;
@external("env", "proxy_call_foreign_function")
declare function callForeign(name: usize, nameSize: usize, args: usize, argsSize: usize, result: usize, resultSize: usize): i32;

const out = memory.data(8);
const token = memory.data(4);

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

function call(name: string, args: usize, size: usize): i32 {
  const key = String.UTF8.encode(name);
  store<u64>(out, 0);
  return callForeign(changetype<usize>(key), key.byteLength, args, size, out, out + 4);
}

export function proxy_on_configure(id: i32, size: i32): i32 {
  if (getBuffer(7, 0, size, out, out + 4) != 0) return 0;
  const source = load<u32>(out);
  if (call("expr_create", source, load<u32>(out + 4)) != 0 || load<u32>(out + 4) != 4) return 0;
  store<u32>(token, load<u32>(load<u32>(out)));
  return 1;
}

export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const key = String.UTF8.encode(":path");
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return 0;
  const path = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4));
  heap.free(load<u32>(out));
  if (path == "/forget" && call("expr_delete", token, 4) != 0) return 0;
  const status = call("expr_evaluate", token, 4);
  const value: usize = load<u32>(out);
  const isTrue = status == 0 && load<u32>(out + 4) == 1 && load<u8>(value) != 0;
  if (value != 0) heap.free(value);
  if (isTrue) return 0;
  const body = String.UTF8.encode("status " + status.toString());
  reply(403, 0, 0, changetype<usize>(body), body.byteLength, 0, 0, -1);
  return 4;
}
