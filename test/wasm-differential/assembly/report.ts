// What the probe says, one log line for each thing that it does:
//
//     vm|context|callback|call|status|values
//
// `vm` is a number that each instance of the module draws for itself, so that instances can be told apart. Bytes that are no printable
// ASCII are written \xNN; what is long is cut, with its length and a hash.
import { proxy_log, random_get } from "./hostcalls";

/** What out parameters hold before a call: what still holds it was not written. */
export const POISON: u32 = 0xaaaaaaaa;
/** Where out parameters are. */
export const out = memory.data(64);
/** An address that no module of this size has. */
export const NOWHERE: usize = 0xffffff00;

let vm = "";
let context: i32 = 0;
let callback = "";

/** To be called before all else. */
export function drawIdentity(): void {
  random_get(out, 4);
  vm = hex(load<u32>(out), 8);
}

export function identity(): string {
  return vm;
}

/** All lines are about this callback until the next call. */
export function enter(id: i32, name: string, args: string): void {
  context = id;
  callback = name;
  line(">", 0, args);
}

export function leave(result: i32): i32 {
  line("<", result, "");
  return result;
}

export function line(call: string, status: i32, values: string = ""): void {
  const text = utf8(vm + "|" + context.toString() + "|" + callback + "|" + call + "|" + status.toString() + "|" + values);
  proxy_log(2, changetype<usize>(text), text.byteLength);
}

export function utf8(text: string): ArrayBuffer {
  return String.UTF8.encode(text);
}

export function poison(): void {
  for (let i = 0; i < 16; i++) store<u32>(out + i * 4, POISON);
}

/** An u32 that a call may have written. */
export function number(at: usize): string {
  const value = load<u32>(at);
  return value == POISON ? "untouched" : value.toString();
}

export function number64(at: usize): string {
  const value = load<u64>(at);
  return value == 0xaaaaaaaaaaaaaaaa ? "untouched" : value.toString();
}

/** Bytes that a call may have given, whose pointer and size are at `out`. */
export function given(): string {
  const pointer = load<u32>(out);
  const size = load<u32>(out + 4);
  if (pointer == POISON && size == POISON) return "untouched";
  if (pointer == POISON || size == POISON) return "half written";
  if (pointer == 0) return "null " + size.toString();
  const text = "\"" + dump(pointer, size) + "\"";
  heap.free(pointer);
  return text;
}

const MOST: u32 = 1200;

export function dump(pointer: usize, size: u32): string {
  let text = "";
  const shown: u32 = size > MOST ? 100 : size;
  for (let i: u32 = 0; i < shown; i++) {
    const byte = load<u8>(pointer + i);
    text += byte >= 0x20 && byte < 0x7f && byte != 0x7c && byte != 0x5c ? String.fromCharCode(byte) : "\\x" + hex(byte, 2);
  }
  if (size <= MOST) return text;
  let hash: u32 = 2166136261;
  for (let i: u32 = 0; i < size; i++) hash = (hash ^ load<u8>(pointer + i)) * 16777619;
  return text + "... " + size.toString() + " bytes " + hex(hash, 8);
}

function hex(value: u32, digits: i32): string {
  let text = "";
  for (let i = digits - 1; i >= 0; i--) {
    const digit = (value >> (i * 4)) & 15;
    text += String.fromCharCode(digit < 10 ? 48 + digit : 87 + digit);
  }
  return text;
}
