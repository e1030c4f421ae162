// A filter without SDK for the cases about plugins: adds to the request what it was told, for the backend to show. The configuration
// {"do": "trap"} makes it fail in each request, {"do": "configure"} when it is configured, {"do": "body"} waits for the body and adds its size.
@external("env", "proxy_add_header_map_value")
declare function addHeader(map: i32, key: usize, keySize: i32, value: usize, valueSize: i32): i32;
@external("env", "proxy_get_property")
declare function getProperty(path: usize, pathSize: i32, value: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_sizes_get")
declare function environSizes(count: usize, size: usize): i32;
@external("wasi_snapshot_preview1", "environ_get")
declare function environ(pointers: usize, texts: usize): i32;

const out = memory.data(8);
let configuration = "";

function property(name: string): string {
  const path = String.UTF8.encode(name);
  if (getProperty(changetype<usize>(path), path.byteLength, out, out + 4) != 0) return "-";
  return taken();
}

function taken(): string {
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}

function add(map: i32, name: string, value: string): void {
  const key = String.UTF8.encode(name);
  const text = String.UTF8.encode(value);
  addHeader(map, changetype<usize>(key), key.byteLength, changetype<usize>(text), text.byteLength);
}

/** NAME=VALUE of every variable, in order. */
function environment(): string {
  environSizes(out, out + 4);
  const count = load<u32>(out);
  const size = load<u32>(out, 4);
  if (count == 0) return "";
  const pointers = heap.alloc(count * 4);
  const texts = heap.alloc(size);
  environ(pointers, texts);
  const found = new Array<string>();
  for (let i: u32 = 0; i < count; i++) found.push(String.UTF8.decodeUnsafe(load<u32>(pointers + i * 4), 256, true));
  heap.free(pointers);
  heap.free(texts);
  return found.sort().join(",");
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize {
  return heap.alloc(size);
}
export function proxy_on_context_create(id: i32, root: i32): void {}
export function proxy_on_vm_start(id: i32, size: i32): i32 {
  return 1;
}
export function proxy_on_configure(id: i32, size: i32): i32 {
  configuration = size > 0 && getBuffer(7, 0, size, out, out + 4) == 0 ? taken() : "";
  return configuration.includes('"do":"configure"') ? 0 : 1;
}
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  if (configuration.includes('"do":"trap"')) unreachable();
  add(0, "x-trail", property("plugin_name"));
  add(0, "x-root", property("plugin_root_id"));
  add(0, "x-configuration", configuration);
  const variables = environment();
  if (variables != "") add(0, "x-environment", variables);
  return configuration.includes('"do":"body"') && end == 0 ? 1 : 0;
}
export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 {
  if (!configuration.includes('"do":"body"')) return 0;
  if (end == 0) return 1;
  add(0, "x-body", size.toString());
  return 0;
}
export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 {
  add(2, "x-passed", property("plugin_name"));
  return 0;
}
export function proxy_on_done(id: i32): i32 {
  return 1;
}
export function proxy_on_log(id: i32): void {}
export function proxy_on_delete(id: i32): void {}
