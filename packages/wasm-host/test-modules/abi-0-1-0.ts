// ABI 0.1.0: callbacks for headers have two arguments, and there are calls that later versions have no more.
@external("env", "proxy_get_configuration")
declare function getConfiguration(value: usize, size: usize): i32;
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_replace_header_map_value")
declare function setHeader(map: i32, key: usize, keySize: usize, value: usize, valueSize: usize): i32;
@external("env", "proxy_continue_request")
declare function continueRequest(): i32;
@external("env", "proxy_continue_response")
declare function continueResponse(): i32;
@external("env", "proxy_clear_route_cache")
declare function clearRoute(): i32;
@external("env", "proxy_set_tick_period_milliseconds")
declare function setTick(period: i32): i32;
@external("env", "proxy_set_effective_context")
declare function setContext(id: i32): i32;

const out = memory.data(8);
let configuration = "";
let paused = 0;
let isRequest = true;

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_1_0(): void {}
export function malloc(size: usize): usize { return heap.alloc(size); }

function set(map: i32, name: string, text: string): void {
  const key = String.UTF8.encode(name);
  const value = String.UTF8.encode(text);
  setHeader(map, changetype<usize>(key), key.byteLength, changetype<usize>(value), value.byteLength);
}
function taken(): string {
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}
export function proxy_on_configure(id: i32, size: i32): i32 {
  if (getConfiguration(out, out + 4) == 0) configuration = taken();
  return 1;
}
export function proxy_on_request_headers(id: i32, count: i32): i32 {
  const key = String.UTF8.encode("absent");
  // A header that is not there is found, and empty.
  const status = getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4);
  set(0, "seen", configuration + " " + count.toString() + " " + status.toString() + " '" + taken() + "'");
  clearRoute();
  paused = id;
  isRequest = true;
  setTick(10);
  return 1;
}
export function proxy_on_response_headers(id: i32, count: i32): i32 {
  set(2, "seen", count.toString());
  isRequest = false;
  setTick(10);
  return 1;
}
export function proxy_on_tick(id: i32): void {
  setTick(0);
  setContext(paused);
  if (isRequest) continueRequest();
  else continueResponse();
}
