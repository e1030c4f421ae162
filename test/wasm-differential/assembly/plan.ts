// What a context is to do in each of its callbacks: "request_headers=maps!,ret:4;log=get:0:x". A callback's actions are separated by
// commas, their arguments by colons; %XX is a byte. An action with ! at its end is a group of hostcalls.
import { battery } from "./batteries";
import * as calls from "./calls";
import * as host from "./hostcalls";
import { line, utf8 } from "./report";

const named = new Map<string, string>();
const plans = new Map<i32, string>();
/** The streams that callouts belong to, by token: HTTP, and gRPC. */
const httpOwners = new Map<u32, i32>();
const grpcOwners = new Map<u32, i32>();
let lastHttpToken: u32 = 0;
let lastGrpcToken: u32 = 0;

/** @param table lines of name, tab, plan */
export function setPlans(table: string): void {
  const lines = table.split("\n");
  for (let i = 0; i < lines.length; i++) {
    const tab = lines[i].indexOf("\t");
    if (tab > 0) named.set(lines[i].substring(0, tab), lines[i].substring(tab + 1));
  }
}

export function takePlan(id: i32, name: string): void {
  if (named.has(name)) plans.set(id, named.get(name));
}

export function httpOwner(token: u32, otherwise: i32): i32 {
  return httpOwners.has(token) ? httpOwners.get(token) : otherwise;
}

export function grpcOwner(token: u32, otherwise: i32): i32 {
  return grpcOwners.has(token) ? grpcOwners.get(token) : otherwise;
}

/** Does what the plan of `owner` says for a callback that is about `id`; answers what the callback is to return. */
export function perform(owner: i32, id: i32, name: string, otherwise: i32): i32 {
  if (!plans.has(owner)) return otherwise;
  let result = otherwise;
  const sections = plans.get(owner).split(";");
  for (let i = 0; i < sections.length; i++) {
    const equals = sections[i].indexOf("=");
    if (equals < 0 || sections[i].substring(0, equals) != name) continue;
    const actions = sections[i].substring(equals + 1).split(",");
    for (let j = 0; j < actions.length; j++) {
      const words = actions[j].split(":");
      for (let k = 0; k < words.length; k++) words[k] = decode(words[k]);
      if (words[0] == "ret") result = i32(parseInt(words[1]));
      else act(words, owner, id, name);
    }
  }
  return result;
}

function act(words: string[], owner: i32, id: i32, name: string): void {
  const verb = words[0];
  if (verb.endsWith("!")) battery(verb.substring(0, verb.length - 1), id, name);
  else if (verb == "get") calls.mapGet(n(words, 1), s(words, 2));
  else if (verb == "add") calls.mapAdd(n(words, 1), s(words, 2), s(words, 3));
  else if (verb == "replace") calls.mapReplace(n(words, 1), s(words, 2), s(words, 3));
  else if (verb == "remove") calls.mapRemove(n(words, 1), s(words, 2));
  else if (verb == "pairs") calls.mapPairs(n(words, 1));
  else if (verb == "size") calls.mapSize(n(words, 1));
  else if (verb == "setpairs") calls.mapSet(n(words, 1), words.slice(2), words.slice(2).join(" "));
  else if (verb == "many") many(n(words, 1), n(words, 2), n(words, 3));
  else if (verb == "raw") raw(n(words, 1), n(words, 2));
  else if (verb == "status") calls.bufferStatus(n(words, 1));
  else if (verb == "read") calls.bufferGet(n(words, 1), n(words, 2), n(words, 3));
  else if (verb == "write") calls.bufferSet(n(words, 1), n(words, 2), n(words, 3), s(words, 4));
  else if (verb == "property") calls.property(s(words, 1).replaceAll(".", "\0"), s(words, 1));
  else if (verb == "setproperty") calls.setProperty(s(words, 1), s(words, 2));
  else if (verb == "continue") line("continue_stream " + s(words, 1), host.proxy_continue_stream(n(words, 1)));
  else if (verb == "close") line("close_stream " + s(words, 1), host.proxy_close_stream(n(words, 1)));
  else if (verb == "effective") line("set_effective_context owner", host.proxy_set_effective_context(owner));
  else if (verb == "reply") calls.reply(n(words, 1), s(words, 2), s(words, 3), words.slice(5), words.length > 4 && words[4] != "" ? n(words, 4) : -1);
  else if (verb == "tick") line("set_tick_period_milliseconds " + s(words, 1), host.proxy_set_tick_period_milliseconds(n(words, 1)));
  else if (verb == "done") line("done", host.proxy_done());
  else if (verb == "log") { const text = utf8(s(words, 2)); host.proxy_log(n(words, 1), changetype<usize>(text), text.byteLength); }
  else if (verb == "call") {
    // call:CLUSTER:PATH:BODY:TIMEOUT:TRAILER
    const headers = [":path", s(words, 2), ":method", s(words, 3) == "" ? "GET" : "POST", ":authority", "callout", ":scheme", "http", "X-Probe", "callout"];
    const trailers = s(words, 5) == "" ? new Array<string>() : ["x-trailer", s(words, 5)];
    lastHttpToken = calls.httpCall(s(words, 1), headers, s(words, 3), trailers, n(words, 4), s(words, 1) + " " + s(words, 2));
    if (lastHttpToken != 0) httpOwners.set(lastHttpToken, owner);
  } else if (verb == "grpc") {
    // grpc:CLUSTER:METHOD:MESSAGE:TIMEOUT
    lastGrpcToken = calls.grpcCall(calls.grpcService(s(words, 1)), s(words, 2), ["x-probe", "call"], s(words, 3), n(words, 4), s(words, 1) + " " + s(words, 2));
    if (lastGrpcToken != 0) grpcOwners.set(lastGrpcToken, owner);
  } else if (verb == "stream") {
    lastGrpcToken = calls.grpcStream(calls.grpcService(s(words, 1)), s(words, 2), ["x-probe", "stream"], s(words, 1) + " " + s(words, 2));
    if (lastGrpcToken != 0) grpcOwners.set(lastGrpcToken, owner);
  } else if (verb == "send") calls.grpcSend(lastGrpcToken, s(words, 1), n(words, 2), s(words, 1) + " " + s(words, 2));
  else if (verb == "grpcclose") line("grpc_close", host.proxy_grpc_close(lastGrpcToken));
  else if (verb == "grpccancel") line("grpc_cancel", host.proxy_grpc_cancel(lastGrpcToken));
  else if (verb == "grpcstatus") calls.status();
  else if (verb == "enqueue") calls.enqueue(calls.queueRegister(s(words, 1), s(words, 1)), s(words, 2), s(words, 1));
  else if (verb == "dequeue") calls.dequeue(calls.queueRegister(s(words, 1), s(words, 1)), s(words, 1));
  else if (verb == "count") line("increment_metric " + s(words, 2), host.proxy_increment_metric(calls.defineMetric(n(words, 1), s(words, 2)), n(words, 3)));
  else if (verb == "record") line("record_metric " + s(words, 2), host.proxy_record_metric(calls.defineMetric(n(words, 1), s(words, 2)), n(words, 3)));
  else if (verb == "foreign") calls.foreign(s(words, 1), utf8(s(words, 2)), "");
  else if (verb == "print") print(n(words, 1), s(words, 2));
  else if (verb == "trap") unreachable();
  else line("unknown action " + verb, -1);
}

function n(words: string[], at: i32): i32 {
  return at < words.length ? i32(parseInt(words[at])) : 0;
}

function s(words: string[], at: i32): string {
  return at < words.length ? words[at] : "";
}

/** A map with so many pairs, with values of so many bytes. */
function many(map: i32, count: i32, length: i32): void {
  const list = new Array<string>();
  if (map == 0) list.push(":path"), list.push("/many"), list.push(":method"), list.push("GET"), list.push(":authority"), list.push("many"), list.push(":scheme"), list.push("http"), list.push("x-forwarded-proto"), list.push("http");
  if (map == 2) list.push(":status"), list.push("200");
  const value = "v".repeat(length);
  while (list.length < count * 2) {
    list.push("x-" + list.length.toString());
    list.push(value);
  }
  calls.mapSet(map, list, count.toString() + " pairs of " + length.toString());
}

/** Bytes that are no map, each in another way. */
function raw(map: i32, kind: i32): void {
  const good = calls.pairs(["x-raw", "value"]);
  const at = changetype<usize>(good);
  let size = good.byteLength;
  if (kind == 1) store<u32>(at, 2);
  if (kind == 2) store<u32>(at + 4, 1000);
  if (kind == 3) store<u8>(at + 17, 65);
  if (kind == 4) size = 2;
  if (kind == 5) size -= 1;
  if (kind == 6) store<u32>(at, 0);
  if (kind == 7) store<u8>(at + size - 1, 65);
  if (kind == 8) store<u32>(at, 0xffffffff);
  if (kind == 9) store<u32>(at, 1025);
  calls.mapSetRaw(map, good, size, "raw " + kind.toString());
}

function print(fd: i32, text: string): void {
  const bytes = utf8(text);
  const vectors = new ArrayBuffer(16);
  const at = changetype<usize>(vectors);
  store<u32>(at, changetype<usize>(bytes));
  store<u32>(at + 4, bytes.byteLength / 2);
  store<u32>(at + 8, changetype<usize>(bytes) + bytes.byteLength / 2);
  store<u32>(at + 12, bytes.byteLength - bytes.byteLength / 2);
  const status = host.fd_write(fd, at, 2, at);
  line("wasi fd_write", status, status == 0 ? load<u32>(at).toString() : "");
}

function decode(text: string): string {
  if (text.indexOf("%") < 0) return text;
  const bytes = utf8(text);
  const at = changetype<usize>(bytes);
  const decoded = new ArrayBuffer(bytes.byteLength);
  const to = changetype<usize>(decoded);
  let length = 0;
  for (let i = 0; i < bytes.byteLength; i++, length++) {
    let byte = load<u8>(at + i);
    if (byte == 37) {
      byte = u8(parseInt(String.UTF8.decodeUnsafe(at + i + 1, 2), 16));
      i += 2;
    }
    store<u8>(to + length, byte);
  }
  return String.UTF8.decodeUnsafe(to, length);
}
