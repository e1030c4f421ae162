// A filter without an SDK: what the host's own tests run. Refuses requests without the key that its configuration names.
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_add_header_map_value")
declare function addHeader(map: i32, key: usize, keySize: usize, value: usize, valueSize: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_send_local_response")
declare function reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;

const out = memory.data(8);
let wanted: ArrayBuffer = new ArrayBuffer(0);

function text(value: string): ArrayBuffer { return String.UTF8.encode(value); }

// Made once: nothing is left behind by a request.
const key = text("x-api-key");
const details = text("no_key");
const body = text("a key is wanted\n");
const name = text("x-key");
const value = text("right");

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}

export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_context_create(id: i32, root: i32): void {}

export function proxy_on_configure(id: i32, size: i32): i32 {
  if (getBuffer(7, 0, size, out, out + 4) != 0) return 0;
  const length = load<u32>(out + 4);
  if (length == 0) {
    const message = text("no key is configured");
    proxy_log(4, changetype<usize>(message), message.byteLength);
    return 0;
  }
  wanted = new ArrayBuffer(length);
  memory.copy(changetype<usize>(wanted), load<u32>(out), length);
  heap.free(load<u32>(out));
  return 1;
}

export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  let isRight = false;
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) == 0) {
    const length = load<u32>(out + 4);
    isRight = length == wanted.byteLength && memory.compare(load<u32>(out), changetype<usize>(wanted), length) == 0;
    heap.free(load<u32>(out));
  }
  if (!isRight) {
    reply(401, changetype<usize>(details), details.byteLength, changetype<usize>(body), body.byteLength, 0, 0, -1);
    return 4;
  }
  addHeader(0, changetype<usize>(name), name.byteLength, changetype<usize>(value), value.byteLength);
  return 0;
}
