// What AssemblyScript's standard library takes from a browser, made of what a proxy has. The build puts these in place of the globals of
// the same name (asc's --use). A filter pays only for what it calls.
//
// Nothing here may have state of its own: abort may run before any initialiser has.
import { Date as StandardDate } from 'date';

@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_current_time_nanoseconds")
declare function proxy_get_current_time_nanoseconds(at: usize): i32;
@external("wasi_snapshot_preview1", "random_get")
declare function random_get(at: usize, length: usize): i32;
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(id: i32, precision: i64, at: usize): i32;

/** Writes the beginning of a text as UTF-8, without an allocation: the heap may be what failed. Returns where it ends. */
function heddle_write(at: usize, text: string): usize {
  return at + String.UTF8.encodeUnsafe(changetype<usize>(text), min(text.length, 128), at);
}

/** Writes a colon and a number in decimal. */
function heddle_writeNumber(at: usize, value: u32): usize {
  store<u8>(at++, 58);
  let end = at + 1;
  for (let rest = value; rest > 9; rest /= 10) ++end;
  for (let place = end; place > at; value /= 10) store<u8>(--place, 48 + value % 10);
  return end;
}

/** `abort: message at file:line:column` in the log, then the trap. */
// @ts-ignore: decorator
@global
function heddle_abort(message: string | null, file: string | null, line: u32, column: u32): void {
  // "abort: ", two texts of at most 128 units of three bytes, " at ", two colons, two numbers.
  const from = <usize>memory.data(812);
  let at = heddle_write(from, "abort: ");
  if (message !== null) at = heddle_write(at, message);
  if (file !== null) {
    at = heddle_write(at, " at ");
    at = heddle_write(at, file);
    at = heddle_writeNumber(at, line);
    at = heddle_writeNumber(at, column);
  }
  proxy_log(5, from, at - from);
  unreachable();
}

// @ts-ignore: decorator
@global
function heddle_seed(): f64 {
  const at = memory.data(8);
  random_get(at, 8);
  return reinterpret<f64>(load<i64>(at));
}

function heddle_log(level: i32, message: string): void {
  const bytes = String.UTF8.encode(message);
  proxy_log(level, changetype<usize>(bytes), bytes.byteLength);
}

// @ts-ignore: decorator
@global
function heddle_trace(message: string, count: i32 = 0, a0: f64 = 0, a1: f64 = 0, a2: f64 = 0, a3: f64 = 0, a4: f64 = 0): void {
  let text = message;
  if (count > 0) text += " " + a0.toString();
  if (count > 1) text += ", " + a1.toString();
  if (count > 2) text += ", " + a2.toString();
  if (count > 3) text += ", " + a3.toString();
  if (count > 4) text += ", " + a4.toString();
  heddle_log(0, text);
}

/** Milliseconds since the epoch. */
function heddle_now(): i64 {
  const at = memory.data(8);
  proxy_get_current_time_nanoseconds(at);
  return load<i64>(at) / 1000000;
}

// @ts-ignore: decorator
@global
class heddle_Date extends StandardDate {
  static now(): i64 {
    return heddle_now();
  }
  // @ts-ignore: decorator
  @inline
  static UTC(year: i32, month: i32 = 0, day: i32 = 1, hour: i32 = 0, minute: i32 = 0, second: i32 = 0, millisecond: i32 = 0): i64 {
    return StandardDate.UTC(year, month, day, hour, minute, second, millisecond);
  }
  static parse(text: string): heddle_Date {
    return heddle_Date.fromString(text);
  }
  static fromString(text: string): heddle_Date {
    return new heddle_Date(StandardDate.fromString(text).getTime());
  }
  constructor(milliseconds: i64) {
    super(milliseconds);
  }
}

// @ts-ignore: decorator
@global
namespace heddle_performance {
  /** Milliseconds of a clock that never goes back. */
  export function now(): f64 {
    const at = memory.data(8);
    clock_time_get(1, 0, at);
    return <f64>load<u64>(at) / 1000000;
  }
}

// @ts-ignore: decorator
@global
namespace heddle_console {
  export function assert<T>(condition: T, message: string = ""): void {
    if (!condition) heddle_log(4, "Assertion failed: " + message);
  }
  export function log(message: string = ""): void {
    heddle_log(2, message);
  }
  export function debug(message: string = ""): void {
    heddle_log(1, message);
  }
  export function info(message: string = ""): void {
    heddle_log(2, message);
  }
  export function warn(message: string = ""): void {
    heddle_log(3, message);
  }
  export function error(message: string = ""): void {
    heddle_log(4, message);
  }
}
