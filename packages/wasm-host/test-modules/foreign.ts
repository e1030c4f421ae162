// Calls the host's function that a request's path names, with the bytes of the header "args" (hexadecimal), and answers status and result.
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_send_local_response")
declare function reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;
@external("env", "proxy_call_foreign_function")
declare function callForeign(name: usize, nameSize: usize, args: usize, argsSize: usize, result: usize, resultSize: usize): i32;
@external("env", "proxy_set_property")
declare function setProperty(key: usize, keySize: usize, value: usize, valueSize: usize): i32;

const out = memory.data(8);
let declared = -1;

function header(name: string): string {
  const key = String.UTF8.encode(name);
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return "";
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}
function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = <u8>i32.parse(text.substr(i * 2, 2), 16);
  return bytes;
}
function hex(pointer: usize, size: usize): string {
  let text = "";
  for (let i: usize = 0; i < size; i++) {
    const digits = (<u32>load<u8>(pointer + i)).toString(16);
    text += digits.length == 1 ? "0" + digits : digits;
  }
  return text;
}
function call(name: string, args: Uint8Array): string {
  const key = String.UTF8.encode(name);
  store<u32>(out, 0);
  store<u32>(out + 4, 0);
  const status = callForeign(changetype<usize>(key), key.byteLength, args.dataStart, args.byteLength, out, out + 4);
  const pointer = load<u32>(out);
  const text = status.toString() + " " + hex(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}
function set(name: string, value: string): string {
  const key = String.UTF8.encode(name);
  const bytes = String.UTF8.encode(value);
  return setProperty(changetype<usize>(key), key.byteLength, changetype<usize>(bytes), bytes.byteLength).toString();
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_configure(id: i32, size: i32): i32 {
  // A declaration for all streams.
  if (getBuffer(7, 0, size, out, out + 4) == 0 && load<u32>(out + 4) > 0) {
    const text = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4));
    const args = unhex(text);
    if (call("declare_property", args) != "0 " || call("declare_property", args) != "2 ") return 0;
  }
  return 1;
}
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const path = header(":path");
  let answer = "";
  if (path == "/set") answer = set("mine", "1") + set("mine", "2") + set("other", "1") + set("other", "2");
  else answer = call(path.slice(1), unhex(header("args")));
  const body = String.UTF8.encode(answer);
  reply(200, 0, 0, changetype<usize>(body), body.byteLength, 0, 0, -1);
  return 4;
}
