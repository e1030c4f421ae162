// Each hostcall once: made with what is given, reported with what came back.
import * as host from "./hostcalls";
import { dump, given, line, NOWHERE, number, number64, out, poison, utf8 } from "./report";

function at(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}

/** Pairs as the ABI wants them, of a list name, value, name, value... */
export function pairs(list: string[]): ArrayBuffer {
  const parts = new Array<ArrayBuffer>();
  let size = 4;
  for (let i = 0; i < list.length; i++) {
    const part = utf8(list[i]);
    parts.push(part);
    size += 5 + part.byteLength;
  }
  const bytes = new ArrayBuffer(size);
  store<u32>(at(bytes), list.length / 2);
  let to = at(bytes) + 4 + list.length * 4;
  for (let i = 0; i < parts.length; i++) {
    store<u32>(at(bytes) + 4 + i * 4, parts[i].byteLength);
    memory.copy(to, at(parts[i]), parts[i].byteLength);
    to += parts[i].byteLength + 1;
  }
  return bytes;
}

export function mapSize(map: i32): void {
  poison();
  const status = host.proxy_get_header_map_size(map, out);
  line("get_header_map_size " + map.toString(), status, number(out));
}

export function mapPairs(map: i32): void {
  poison();
  const status = host.proxy_get_header_map_pairs(map, out, out + 4);
  const pointer = load<u32>(out);
  if (status == 0 && pointer != 0) line("get_header_map_pairs " + map.toString(), status, readPairs(pointer, load<u32>(out + 4)));
  else line("get_header_map_pairs " + map.toString(), status, given());
}

/** name=value;name=value, or the raw bytes if they are no pairs. */
function readPairs(pointer: usize, size: u32): string {
  const count = load<u32>(pointer);
  let to = pointer + 4 + count * 8;
  if (to > pointer + size) return "no pairs " + dump(pointer, size);
  let text = size.toString() + " bytes: ";
  const shown: u32 = count > 60 ? 20 : count;
  for (let i: u32 = 0; i < shown; i++) {
    const name = load<u32>(pointer + 4 + i * 8);
    const value = load<u32>(pointer + 8 + i * 8);
    text += (i > 0 ? "; " : "") + dump(to, name) + "=" + dump(to + name + 1, value);
    if (load<u8>(to + name) != 0 || load<u8>(to + name + 1 + value) != 0) text += " (no NUL)";
    to += name + value + 2;
  }
  heap.free(pointer);
  return shown < count ? text + "; ... " + count.toString() + " pairs" : text;
}

export function mapGet(map: i32, key: string): void {
  poison();
  const name = utf8(key);
  const status = host.proxy_get_header_map_value(map, at(name), name.byteLength, out, out + 4);
  line("get_header_map_value " + map.toString() + " " + key, status, given());
}

export function mapAdd(map: i32, key: string, value: string): void {
  const name = utf8(key);
  const bytes = utf8(value);
  const status = host.proxy_add_header_map_value(map, at(name), name.byteLength, at(bytes), bytes.byteLength);
  line("add_header_map_value " + map.toString() + " " + key, status);
}

export function mapReplace(map: i32, key: string, value: string): void {
  const name = utf8(key);
  const bytes = utf8(value);
  const status = host.proxy_replace_header_map_value(map, at(name), name.byteLength, at(bytes), bytes.byteLength);
  line("replace_header_map_value " + map.toString() + " " + key, status);
}

export function mapRemove(map: i32, key: string): void {
  const name = utf8(key);
  const status = host.proxy_remove_header_map_value(map, at(name), name.byteLength);
  line("remove_header_map_value " + map.toString() + " " + key, status);
}

export function mapSet(map: i32, list: string[], note: string): void {
  const bytes = pairs(list);
  const status = host.proxy_set_header_map_pairs(map, at(bytes), bytes.byteLength);
  line("set_header_map_pairs " + map.toString() + " " + note, status);
}

export function mapSetRaw(map: i32, bytes: ArrayBuffer, size: i32, note: string): void {
  const status = host.proxy_set_header_map_pairs(map, at(bytes), size);
  line("set_header_map_pairs " + map.toString() + " " + note, status);
}

export function bufferStatus(buffer: i32): void {
  poison();
  const status = host.proxy_get_buffer_status(buffer, out, out + 4);
  line("get_buffer_status " + buffer.toString(), status, number(out) + " " + number(out + 4));
}

export function bufferGet(buffer: i32, start: u32, length: u32): void {
  poison();
  const status = host.proxy_get_buffer_bytes(buffer, start, length, out, out + 4);
  line("get_buffer_bytes " + buffer.toString() + " " + start.toString() + " " + length.toString(), status, given());
}

export function bufferSet(buffer: i32, start: u32, length: u32, value: string): void {
  const bytes = utf8(value);
  const status = host.proxy_set_buffer_bytes(buffer, start, length, at(bytes), bytes.byteLength);
  line("set_buffer_bytes " + buffer.toString() + " " + start.toString() + " " + length.toString(), status);
}

/** @param path parts, joined by NUL */
export function property(path: string, shown: string): void {
  poison();
  const bytes = utf8(path);
  const status = host.proxy_get_property(at(bytes), bytes.byteLength, out, out + 4);
  line("get_property " + shown, status, given());
}

export function setProperty(key: string, value: string): void {
  const name = utf8(key);
  const bytes = utf8(value);
  const status = host.proxy_set_property(at(name), name.byteLength, at(bytes), bytes.byteLength);
  line("set_property " + key, status);
}

export function reply(status: u32, details: string, body: string, headers: string[], grpcStatus: i32): void {
  const why = utf8(details);
  const text = utf8(body);
  const list = headers.length == 0 ? new ArrayBuffer(0) : pairs(headers);
  const result = host.proxy_send_local_response(status, at(why), why.byteLength, at(text), text.byteLength, at(list), list.byteLength, grpcStatus);
  line("send_local_response " + status.toString(), result);
}

/** Calls a cluster, and says the token; 0 if there is none. */
export function httpCall(cluster: string, headers: string[], body: string, trailers: string[], timeout: i32, note: string): u32 {
  poison();
  const name = utf8(cluster);
  const list = headers.length == 0 ? new ArrayBuffer(0) : pairs(headers);
  const text = utf8(body);
  const last = trailers.length == 0 ? new ArrayBuffer(0) : pairs(trailers);
  const status = host.proxy_http_call(at(name), name.byteLength, at(list), list.byteLength, at(text), text.byteLength, at(last), last.byteLength, timeout, out);
  line("http_call " + note, status, token());
  return status == 0 ? load<u32>(out) : 0;
}

/** Tokens count on, so only that there is one is told. */
function token(): string {
  const value = load<u32>(out);
  return value == 0xaaaaaaaa ? "untouched" : value == 0 ? "0" : "token";
}

/** An envoy.config.core.v3.GrpcService that names a cluster: google_grpc has number 2, envoy_grpc 1. */
export function grpcService(cluster: string): ArrayBuffer {
  const name = utf8(cluster);
  const bytes = new ArrayBuffer(4 + name.byteLength);
  store<u8>(at(bytes), 0x0a);
  store<u8>(at(bytes) + 1, name.byteLength + 2);
  store<u8>(at(bytes) + 2, 0x0a);
  store<u8>(at(bytes) + 3, name.byteLength);
  memory.copy(at(bytes) + 4, at(name), name.byteLength);
  return bytes;
}

export function grpcCall(service: ArrayBuffer, method: string, metadata: string[], message: string, timeout: i32, note: string): u32 {
  poison();
  const name = utf8("probe.Echo");
  const verb = utf8(method);
  const list = metadata.length == 0 ? new ArrayBuffer(0) : pairs(metadata);
  const text = utf8(message);
  const status = host.proxy_grpc_call(at(service), service.byteLength, at(name), name.byteLength, at(verb), verb.byteLength, at(list), list.byteLength, at(text), text.byteLength, timeout, out);
  line("grpc_call " + note, status, token());
  return status == 0 ? load<u32>(out) : 0;
}

export function grpcStream(service: ArrayBuffer, method: string, metadata: string[], note: string): u32 {
  poison();
  const name = utf8("probe.Echo");
  const verb = utf8(method);
  const list = metadata.length == 0 ? new ArrayBuffer(0) : pairs(metadata);
  const status = host.proxy_grpc_stream(at(service), service.byteLength, at(name), name.byteLength, at(verb), verb.byteLength, at(list), list.byteLength, out);
  line("grpc_stream " + note, status, token());
  return status == 0 ? load<u32>(out) : 0;
}

export function grpcSend(to: u32, message: string, end: i32, note: string): void {
  const text = utf8(message);
  line("grpc_send " + note, host.proxy_grpc_send(to, at(text), text.byteLength, end));
}

export function status(): void {
  poison();
  const result = host.proxy_get_status(out + 8, out, out + 4);
  line("get_status", result, number(out + 8) + " " + given());
}

export function sharedGet(key: string, note: string): u32 {
  poison();
  const name = utf8(key);
  const result = host.proxy_get_shared_data(at(name), name.byteLength, out, out + 4, out + 8);
  const cas = load<u32>(out + 8);
  line("get_shared_data " + note, result, given() + (cas == 0xaaaaaaaa ? " untouched" : cas == 0 ? " 0" : " cas"));
  return cas;
}

export function sharedSet(key: string, value: string, cas: u32, note: string): void {
  const name = utf8(key);
  const bytes = utf8(value);
  line("set_shared_data " + note, host.proxy_set_shared_data(at(name), name.byteLength, at(bytes), bytes.byteLength, cas));
}

export function queueRegister(name: string, note: string): u32 {
  poison();
  const bytes = utf8(name);
  line("register_shared_queue " + note, host.proxy_register_shared_queue(at(bytes), bytes.byteLength, out), token());
  return load<u32>(out);
}

export function queueResolve(vm: string, name: string, note: string): u32 {
  poison();
  const id = utf8(vm);
  const bytes = utf8(name);
  line("resolve_shared_queue " + note, host.proxy_resolve_shared_queue(at(id), id.byteLength, at(bytes), bytes.byteLength, out), token());
  return load<u32>(out);
}

export function enqueue(to: u32, item: string, note: string): void {
  const bytes = utf8(item);
  line("enqueue_shared_queue " + note, host.proxy_enqueue_shared_queue(to, at(bytes), bytes.byteLength));
}

export function dequeue(from: u32, note: string): void {
  poison();
  line("dequeue_shared_queue " + note, host.proxy_dequeue_shared_queue(from, out, out + 4), given());
}

export function defineMetric(type: i32, name: string): u32 {
  poison();
  const bytes = utf8(name);
  const status = host.proxy_define_metric(type, at(bytes), bytes.byteLength, out);
  const id = load<u32>(out);
  line("define_metric " + type.toString(), status, status == 0 ? "kind " + (id & 3).toString() : number(out));
  return id;
}

export function metric(id: u32, note: string): void {
  poison();
  line("get_metric " + note, host.proxy_get_metric(id, out), number64(out));
}

export function foreign(name: string, args: ArrayBuffer, note: string, shows: bool = true): ArrayBuffer {
  poison();
  const bytes = utf8(name);
  const status = host.proxy_call_foreign_function(at(bytes), bytes.byteLength, at(args), args.byteLength, out, out + 4);
  const pointer = load<u32>(out);
  const size = load<u32>(out + 4);
  const result = new ArrayBuffer(pointer != 0 && pointer != 0xaaaaaaaa ? size : 0);
  if (result.byteLength > 0) memory.copy(at(result), pointer, result.byteLength);
  const text = given();
  line("call_foreign_function " + name + note, status, shows ? text : size == 0xaaaaaaaa ? "untouched" : "some");
  return result;
}

export { NOWHERE };
