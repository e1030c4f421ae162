// What may run long, for tests of the meter: which one a request's path says.
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_log")
declare function log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_set_effective_context")
declare function setContext(id: i32): i32;

const out = memory.data(8);
const block = memory.data(65536);

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

// @ts-ignore: decorator
@inline const fine = 4;
let sum: u64 = 0;

function loops(count: i32): void { for (let i = 0; i < count; i++) sum += i; }
function nested(count: i32): void { for (let i = 0; i < count; i++) for (let j = 0; j < 1000; j++) sum += i ^ j; }
function recurses(depth: i32): u64 { return depth == 0 ? sum : recurses(depth - 1) + recurses(depth - 1); }
function copies(count: i32): void { for (let i = 0; i < count; i++) memory.copy(block, block + 1, 65535); }
function fills(count: i32): void { for (let i = 0; i < count; i++) memory.fill(block, <u8>i, 65536); }
// The host drops what is logged below its level, but not before it has read it.
function calls(count: i32): void { for (let i = 0; i < count; i++) setContext(0); }
function hands(count: i32): void { for (let i = 0; i < count; i++) log(0, block, 65536); }
function branches(count: i32): void {
  let i = 0;
  while (true) {
    switch (i & 3) {
      case 0: sum += 1; break;
      case 1: if (sum & 1) { sum ^= 3; } break;
      case 2: sum = sum > 5 ? sum - 5 : sum; break;
      default: break;
    }
    i++;
    if (i >= count) break;
  }
}

export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const key = String.UTF8.encode(":path");
  if (getHeader(0, changetype<usize>(key), key.byteLength, out, out + 4) != 0) return fine;
  const path = String.UTF8.decodeUnsafe(load<u32>(out), load<u32>(out + 4));
  heap.free(load<u32>(out));
  const parts = path.slice(1).split("/");
  const times = i32.parse(parts[1]);
  if (parts[0] == "loop") loops(times);
  if (parts[0] == "nested") nested(times);
  if (parts[0] == "recurse") recurses(times);
  if (parts[0] == "copy") copies(times);
  if (parts[0] == "fill") fills(times);
  if (parts[0] == "branch") branches(times);
  if (parts[0] == "call") calls(times);
  if (parts[0] == "hand") hands(times);
  return sum == 1 ? 1 : 0;
}
