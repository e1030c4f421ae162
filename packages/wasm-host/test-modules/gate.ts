// A filter without an SDK, for the tests of the gateway and of the middleware: what it does is named by the request's header "x-do", words joined by commas.
@external("env", "proxy_log")
declare function proxy_log(level: i32, message: usize, size: usize): i32;
@external("env", "proxy_get_header_map_value")
declare function proxy_get_header(map: i32, key: usize, keySize: usize, value: usize, size: usize): i32;
@external("env", "proxy_replace_header_map_value")
declare function proxy_set_header(map: i32, key: usize, keySize: usize, value: usize, valueSize: usize): i32;
@external("env", "proxy_remove_header_map_value")
declare function proxy_remove_header(map: i32, key: usize, keySize: usize): i32;
@external("env", "proxy_get_buffer_bytes")
declare function proxy_get_buffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_set_buffer_bytes")
declare function proxy_set_buffer(type: i32, start: i32, length: i32, value: usize, size: usize): i32;
@external("env", "proxy_send_local_response")
declare function proxy_reply(status: i32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpc: i32): i32;
@external("env", "proxy_http_call")
declare function proxy_http_call(cluster: usize, clusterSize: usize, headers: usize, headersSize: usize, body: usize, bodySize: usize, trailers: usize, trailersSize: usize, timeout: i32, token: usize): i32;
@external("env", "proxy_grpc_call")
declare function proxy_grpc_call(service: usize, serviceSize: usize, name: usize, nameSize: usize, method: usize, methodSize: usize, metadata: usize, metadataSize: usize, message: usize, messageSize: usize, timeout: i32, token: usize): i32;
@external("env", "proxy_set_effective_context")
declare function proxy_set_effective_context(id: i32): i32;
@external("env", "proxy_continue_stream")
declare function proxy_continue_stream(type: i32): i32;
@external("env", "proxy_get_property")
declare function proxy_get_property(path: usize, pathSize: usize, value: usize, size: usize): i32;
@external("env", "proxy_define_metric")
declare function proxy_define_metric(type: i32, name: usize, nameSize: usize, id: usize): i32;
@external("env", "proxy_increment_metric")
declare function proxy_increment_metric(id: i32, offset: i64): i32;

const out = memory.data(8);
// By root context: plugins of one VM share this module's memory.
const configurations = new Map<i32, string>();
const roots = new Map<i32, i32>();
let metric = 0;
const plans = new Map<i32, string>();
const waiting = new Map<i32, i32>();

function bytes(text: string): ArrayBuffer { return String.UTF8.encode(text); }
function taken(): string {
  const at = load<u32>(out), size = load<u32>(out + 4);
  const text = String.UTF8.decodeUnsafe(at, size);
  if (at != 0) heap.free(at);
  return text;
}
function log(text: string): void { const b = bytes(text); proxy_log(2, changetype<usize>(b), b.byteLength); }
function header(map: i32, name: string): string {
  const key = bytes(name);
  return proxy_get_header(map, changetype<usize>(key), key.byteLength, out, out + 4) == 0 ? taken() : "";
}
function setHeader(map: i32, name: string, value: string): void {
  const key = bytes(name), text = bytes(value);
  proxy_set_header(map, changetype<usize>(key), key.byteLength, changetype<usize>(text), text.byteLength);
}
function removeHeader(name: string): void {
  const key = bytes(name);
  proxy_remove_header(0, changetype<usize>(key), key.byteLength);
}
function property(path: string): string {
  const key = bytes(path.replaceAll(".", "\0"));
  return proxy_get_property(changetype<usize>(key), key.byteLength, out, out + 4) == 0 ? taken() : "?";
}
function replaceBody(type: i32, text: string): void {
  const body = bytes(text);
  proxy_set_buffer(type, 0, i32.MAX_VALUE, changetype<usize>(body), body.byteLength);
}
function number(path: string): string {
  const key = bytes(path.replaceAll(".", "\0"));
  if (proxy_get_property(changetype<usize>(key), key.byteLength, out, out + 4) != 0) return "?";
  const at = load<u32>(out);
  const text = load<u32>(out + 4) == 8 ? load<i64>(at).toString() : "of " + load<u32>(out + 4).toString() + " bytes";
  heap.free(at);
  return text;
}
function body(type: i32, size: i32): string {
  return proxy_get_buffer(type, 0, size, out, out + 4) == 0 ? taken() : "";
}
function reply(status: i32, text: string): void {
  const details = bytes("gate_says_so"), body = bytes(text);
  proxy_reply(status, changetype<usize>(details), details.byteLength, changetype<usize>(body), body.byteLength, 0, 0, -1);
}
function does(id: i32, word: string): bool { return plans.has(id) && plans.get(id).split(",").includes(word); }
function pairs(list: string[]): ArrayBuffer {
  const encoded = list.map<ArrayBuffer>((text) => bytes(text));
  let size = 4 + 4 * list.length;
  for (let i = 0; i < encoded.length; i++) size += encoded[i].byteLength + 1;
  const all = new ArrayBuffer(size);
  const at = changetype<usize>(all);
  store<u32>(at, list.length / 2);
  let to = at + 4 + 4 * list.length;
  for (let i = 0; i < encoded.length; i++) {
    store<u32>(at + 4 + 4 * i, encoded[i].byteLength);
    memory.copy(to, changetype<usize>(encoded[i]), encoded[i].byteLength);
    to += encoded[i].byteLength + 1;
  }
  return all;
}

export function abort(message: string | null, file: string | null, line: u32, column: u32): void { unreachable(); }
export function proxy_abi_version_0_2_1(): void {}
export function proxy_on_memory_allocate(size: usize): usize { return heap.alloc(size); }

function configurationOf(id: i32): string { return configurations.get(roots.get(id)); }

export function proxy_on_context_create(id: i32, root: i32): void { roots.set(id, root == 0 ? id : root); }

export function proxy_on_configure(id: i32, size: i32): i32 {
  const configuration = body(7, size);
  configurations.set(id, configuration);
  if (configuration == "refuse") return 0;
  const name = bytes("gate_requests");
  proxy_define_metric(0, changetype<usize>(name), name.byteLength, out);
  metric = load<u32>(out);
  log("configured " + configuration);
  return 1;
}

export function proxy_on_request_headers(id: i32, count: i32, end: i32): i32 {
  const configuration = configurationOf(id);
  const plan = header(0, "x-do");
  plans.set(id, plan);
  proxy_increment_metric(metric, 1);
  setHeader(0, "x-gate", configuration);
  if (does(id, "trap")) unreachable();
  if (does(id, "split")) setHeader(0, "x-split", "a\r\nx-smuggled: b");
  if (does(id, "unpath")) removeHeader(":path");
  if (does(id, "reply")) { reply(403, "no way\n"); return 4; }
  if (does(id, "route")) setHeader(0, ":path", "/other");
  if (does(id, "route-by-header")) setHeader(0, "x-team", "blue");
  if (does(id, "properties")) {
    setHeader(0, "x-properties", property("request.path") + " " + property("request.method") + " " + property("xds.cluster_name") + " " +
      property("xds.route_name") + " " + property("xds.node.id") + " " + property("source.address").split(":")[0]);
  }
  if (does(id, "facts")) {
    const texts = ["request.path", "request.url_path", "request.query", "request.host", "request.scheme", "request.method", "request.protocol",
      "request.useragent", "request.referer", "request.headers.x-do", "request.nothing", "cluster_name", "xds.cluster_name", "route_name",
      "xds.route_name", "xds.virtual_host_name", "upstream.address", "connection.requested_server_name", "node.id", "response.code_details"];
    setHeader(0, "x-facts", texts.slice(0, 12).map<string>((path) => path + "=" + property(path)).join("; "));
    setHeader(0, "x-more-facts", texts.slice(12).map<string>((path) => path + "=" + property(path)).join("; "));
    const numbers = ["listener_direction", "xds.listener_direction", "response.code", "request.size", "request.duration", "upstream.port", "connection.mtls"];
    setHeader(0, "x-numbers", numbers.map<string>((path) => path + "=" + number(path)).join("; "));
  }
  if (does(id, "call")) {
    // The cluster that a header names.
    const named = header(0, "x-cluster");
    const cluster = bytes(does(id, "call-nowhere") ? "nowhere" : named == "" ? "auth" : named);
    const headers = pairs([":method", "GET", ":path", "/check", ":authority", "auth.test", "x-asks", configuration]);
    const status = proxy_http_call(changetype<usize>(cluster), cluster.byteLength, changetype<usize>(headers), headers.byteLength, 0, 0, 0, 0, does(id, "impatient") ? 100 : 5000, out);
    if (status != 0) { reply(500, "call refused: " + status.toString() + "\n"); return 4; }
    waiting.set(load<u32>(out), id);
    return 4;
  }
  if (does(id, "grpc")) {
    const service = bytes("rpc"), name = bytes("test.Greeter"), method = bytes("Hello"), message = bytes("hi");
    const status = proxy_grpc_call(changetype<usize>(service), service.byteLength, changetype<usize>(name), name.byteLength, changetype<usize>(method), method.byteLength, 0, 0, changetype<usize>(message), message.byteLength, 5000, out);
    if (status != 0) { reply(500, "grpc refused: " + status.toString() + "\n"); return 4; }
    waiting.set(load<u32>(out), id);
    return 4;
  }
  // Headers wait for the body, where the plugin's configuration allows it.
  if (does(id, "wait-for-body")) return 1;
  return 0;
}

export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 {
  if (does(id, "wait-for-body") || does(id, "upper")) {
    if (end == 0) return 1;
    const text = body(0, size).toUpperCase();
    replaceBody(0, text);
    if (does(id, "wait-for-body")) {
      setHeader(0, "x-length", size.toString());
      setHeader(0, "content-length", bytes(text).byteLength.toString());
    }
  }
  return 0;
}

export function proxy_on_response_headers(id: i32, count: i32, end: i32): i32 {
  const configuration = configurationOf(id);
  setHeader(2, "x-gate", configuration + " " + header(2, ":status"));
  if (does(id, "facts")) {
    const numbers = ["response.code", "response.flags", "request.size", "response.size"];
    setHeader(2, "x-numbers", numbers.map<string>((path) => path + "=" + number(path)).join("; "));
    const texts = ["request.protocol", "cluster_name", "route_name", "xds.cluster_name", "xds.route_name", "response.code_details", "upstream.transport_failure_reason"];
    setHeader(2, "x-facts", texts.map<string>((path) => path + "=" + property(path)).join("; "));
  }
  if (does(id, "status")) setHeader(2, ":status", "207");
  if (does(id, "refuse-response")) { reply(451, "not for you\n"); return 4; }
  if (does(id, "hold-response")) return 1;
  return 0;
}

export function proxy_on_response_body(id: i32, size: i32, end: i32): i32 {
  if (!does(id, "swap") && !does(id, "hold-response")) return 0;
  if (end == 0) return 1;
  const text = "swapped " + size.toString();
  replaceBody(1, text);
  if (does(id, "hold-response")) setHeader(2, "content-length", text.length.toString());
  return 0;
}

export function proxy_on_http_call_response(root: i32, token: i32, headers: i32, size: i32, trailers: i32): void {
  const id = waiting.get(token);
  waiting.delete(token);
  const status = header(6, ":status");
  const text = body(4, size);
  proxy_set_effective_context(id);
  setHeader(0, "x-call", status + " " + (does(id, "trimmed") ? text.trim() : text));
  proxy_continue_stream(0);
}

export function proxy_on_grpc_receive(root: i32, token: i32, size: i32): void {
  const text = body(5, size);
  proxy_set_effective_context(waiting.get(token));
  setHeader(0, "x-grpc", text);
  // The answer of a unary call is its end: no close is told, as in Envoy.
  proxy_continue_stream(0);
}

export function proxy_on_grpc_close(root: i32, token: i32, status: i32): void {
  const id = waiting.get(token);
  proxy_set_effective_context(id);
  setHeader(0, "x-grpc-status", status.toString());
  proxy_continue_stream(0);
}

export function proxy_on_log(id: i32): void {
  log("log " + header(0, ":path") + " " + header(2, ":status") + " " + property("response.code_details"));
}
export function proxy_on_done(id: i32): i32 {
  if (configurations.has(id)) log("done " + configurations.get(id));
  return 1;
}
export function proxy_on_delete(id: i32): void {
  plans.delete(id);
  roots.delete(id);
  configurations.delete(id);
}
