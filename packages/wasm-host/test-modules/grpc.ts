// Calls over gRPC: a request's path says what to do, the log says what came.
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_header_map_value")
declare function getHeader(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function getBuffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_grpc_call")
declare function grpcCall(service: usize, serviceSize: usize, name: usize, nameSize: usize, method: usize, methodSize: usize, metadata: usize, metadataSize: usize, message: usize, messageSize: usize, timeout: i32, token: usize): i32;
@external("env", "proxy_grpc_stream")
declare function grpcStream(service: usize, serviceSize: usize, name: usize, nameSize: usize, method: usize, methodSize: usize, metadata: usize, metadataSize: usize, token: usize): i32;
@external("env", "proxy_grpc_send")
declare function grpcSend(token: u32, message: usize, size: usize, end: i32): i32;
@external("env", "proxy_grpc_close")
declare function grpcClose(token: u32): i32;
@external("env", "proxy_grpc_cancel")
declare function grpcCancel(token: u32): i32;
@external("env", "proxy_get_status")
declare function getStatus(code: usize, value: usize, size: usize): i32;

const out = memory.data(16);
let last: u32 = 0;

function log(text: string): void {
  const bytes = String.UTF8.encode(text);
  proxy_log(2, changetype<usize>(bytes), bytes.byteLength);
}
function taken(status: i32): string {
  if (status != 0) return "status " + status.toString();
  const pointer = load<u32>(out);
  const text = String.UTF8.decodeUnsafe(pointer, load<u32>(out + 4));
  if (pointer != 0) heap.free(pointer);
  return text;
}
function header(map: i32, name: string): string {
  const key = String.UTF8.encode(name);
  return taken(getHeader(map, changetype<usize>(key), key.byteLength, out, out + 4));
}
function bytes(text: string): ArrayBuffer { return String.UTF8.encode(text); }
// envoy.config.core.v3.GrpcService { envoy_grpc { cluster_name } }
function service(cluster: string): ArrayBuffer {
  const name = bytes(cluster);
  const message = new Uint8Array(4 + name.byteLength);
  message[0] = 10;
  message[1] = 2 + name.byteLength;
  message[2] = 10;
  message[3] = name.byteLength;
  memory.copy(message.dataStart + 4, changetype<usize>(name), name.byteLength);
  return message.buffer;
}
function pair(name: string, value: string): ArrayBuffer {
  const n = bytes(name);
  const v = bytes(value);
  const pairs = new ArrayBuffer(12 + n.byteLength + 1 + v.byteLength + 1);
  const at = changetype<usize>(pairs);
  store<u32>(at, 1);
  store<u32>(at + 4, n.byteLength);
  store<u32>(at + 8, v.byteLength);
  memory.copy(at + 12, changetype<usize>(n), n.byteLength);
  memory.copy(at + 13 + n.byteLength, changetype<usize>(v), v.byteLength);
  return pairs;
}
function call(cluster: ArrayBuffer, timeout: i32): void {
  const name = bytes("pkg.Service");
  const method = bytes("Method");
  const metadata = pair("m", "v");
  const message = bytes("question");
  const status = grpcCall(changetype<usize>(cluster), cluster.byteLength, changetype<usize>(name), name.byteLength, changetype<usize>(method), method.byteLength, changetype<usize>(metadata), metadata.byteLength, changetype<usize>(message), message.byteLength, timeout, out + 8);
  last = load<u32>(out + 8);
  log("call " + status.toString() + " " + last.toString());
}
function stream(): void {
  const cluster = service("grpc");
  const name = bytes("pkg.Service");
  const method = bytes("Stream");
  const status = grpcStream(changetype<usize>(cluster), cluster.byteLength, changetype<usize>(name), name.byteLength, changetype<usize>(method), method.byteLength, 0, 0, out + 8);
  last = load<u32>(out + 8);
  log("stream " + status.toString() + " " + last.toString());
}
function send(token: u32, text: string, end: bool): i32 {
  const message = bytes(text);
  return grpcSend(token, changetype<usize>(message), message.byteLength, end ? 1 : 0);
}
function status(): string {
  const result = getStatus(out + 8, out, out + 4);
  return load<u32>(out + 8).toString() + " '" + taken(result) + "'";
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }
export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const path = header(0, ":path");
  if (path == "/call") call(service("grpc"), 1000);
  if (path == "/call-by-name") call(bytes("grpc"), 0);
  if (path == "/call-nobody") call(service("nobody"), 0);
  if (path == "/stream") {
    stream();
    log("send " + send(last, "one", false).toString() + " " + send(last, "two", true).toString());
  }
  if (path == "/send-to-call") log("send " + send(last, "", false).toString());
  if (path == "/send") log("send " + send(last, "later", false).toString());
  if (path == "/send-to-nobody") log("send " + send(4002, "", false).toString());
  if (path == "/close") log("close " + grpcClose(last).toString() + " " + grpcClose(4).toString() + " " + grpcClose(4001).toString());
  if (path == "/cancel") log("cancel " + grpcCancel(last).toString() + " " + grpcCancel(4).toString() + " " + grpcCancel(4002).toString());
  return 0;
}
export function proxy_on_grpc_receive_initial_metadata(id: i32, token: u32, count: i32): void {
  log("initial " + id.toString() + " " + token.toString() + " " + count.toString() + " " + header(4, "i"));
}
export function proxy_on_grpc_receive(id: i32, token: u32, size: i32): void {
  log("message " + id.toString() + " " + token.toString() + " " + size.toString() + " " + taken(getBuffer(5, 0, size, out, out + 4)));
}
export function proxy_on_grpc_receive_trailing_metadata(id: i32, token: u32, count: i32): void {
  log("trailing " + token.toString() + " " + count.toString() + " " + header(5, "t"));
}
export function proxy_on_grpc_close(id: i32, token: u32, code: u32): void {
  log("closed " + token.toString() + " " + code.toString() + " " + status());
}
