// Hostcalls in groups, small enough that one callback can make them all, with good and bad arguments.
import * as calls from "./calls";
import { expressions } from "./expressions";
import * as host from "./hostcalls";
import { wasi } from "./wasi";
import { identity, line, NOWHERE, number, number64, given, out, poison, utf8 } from "./report";

/** Runs a group; `id` is the context in whose callback it runs, `name` the callback. */
export function battery(group: string, id: i32, name: string): void {
  if (group == "maps") maps();
  else if (group == "changes") changes(name);
  else if (group == "buffers") buffers();
  else if (group == "writes") writes();
  else if (group == "stream") stream();
  else if (group == "callouts") callouts();
  else if (group == "shared") shared(name);
  else if (group == "queues") queues(name);
  else if (group == "metrics") metrics(name);
  else if (group == "properties") properties();
  else if (group == "misc") misc(id);
  else if (group == "foreign") foreign();
  else if (group == "expressions") expressions();
  else if (group == "wasi") wasi();
  else if (group == "badmemory") badMemory();
  else line("unknown group " + group, -1);
}

function maps(): void {
  for (let map = -1; map <= 8; map++) {
    calls.mapSize(map);
    calls.mapPairs(map);
    calls.mapGet(map, map == 2 || map == 6 ? ":status" : ":path");
    calls.mapGet(map, "X-Twice");
    calls.mapGet(map, "absent");
    calls.mapGet(map, "");
  }
}

function changes(name: string): void {
  for (let map = -1; map <= 8; map++) {
    calls.mapAdd(map, "X-Added", name);
    calls.mapAdd(map, "x-added", "again");
    calls.mapGet(map, "x-added");
    calls.mapReplace(map, "x-added", "replaced");
    calls.mapGet(map, "x-added");
    calls.mapReplace(map, "x-new", "");
    calls.mapGet(map, "x-new");
    calls.mapRemove(map, "X-Twice");
    calls.mapGet(map, "x-twice");
    calls.mapRemove(map, "absent");
    if (map != 0 && map != 2) calls.mapSetRaw(map, new ArrayBuffer(0), 0, "nothing");
    calls.mapSize(map);
  }
}

function buffers(): void {
  for (let buffer = -1; buffer <= 9; buffer++) {
    calls.bufferStatus(buffer);
    calls.bufferGet(buffer, 0, 1000);
    calls.bufferGet(buffer, 1, 2);
    calls.bufferGet(buffer, 0, 0);
    calls.bufferGet(buffer, 1000, 1);
    calls.bufferGet(buffer, 2, 0xffffffff);
  }
}

function writes(): void {
  for (let buffer = -1; buffer <= 9; buffer++) {
    calls.bufferSet(buffer, 1, 1, "middle");
    calls.bufferSet(buffer, 0, 1, "start");
    calls.bufferSet(buffer, 0, 0, "<");
    calls.bufferSet(buffer, 1000, 0, ">");
    calls.bufferSet(buffer, 0, 0, "");
    calls.bufferStatus(buffer);
  }
}

function stream(): void {
  for (let type = -1; type <= 4; type++) if (type != 0 && type != 1) line("continue_stream " + type.toString(), host.proxy_continue_stream(type));
  line("close_stream -1", host.proxy_close_stream(-1));
  line("close_stream 4", host.proxy_close_stream(4));
}

/** Calls that are refused at once: what comes back by callback is for plans. */
function callouts(): void {
  const fine = [":path", "/", ":method", "GET", ":authority", "a"];
  calls.httpCall("unknown", fine, "", [], 100, "unknown cluster");
  calls.httpCall("", fine, "", [], 100, "no cluster");
  calls.httpCall("live", [], "", [], 100, "no headers");
  calls.httpCall("live", [":path", "/", ":method", "GET"], "", [], 100, "no authority");
  calls.httpCall("live", [":path", "/", ":authority", "a"], "", [], 100, "no method");
  calls.httpCall("live", [":method", "GET", ":authority", "a"], "", [], 100, "no path");
  calls.httpCall("live", [":method", "GET", "host", "a"], "", [], 100, "host, no path");
  calls.httpCall("live", fine, "", [], -1, "negative timeout");
  const garbage = utf8("no service");
  calls.grpcCall(garbage, "Say", [], "", 100, "garbage");
  calls.grpcStream(garbage, "Say", [], "garbage");
  calls.grpcCall(utf8("unknown"), "Say", [], "", 100, "unknown cluster by name");
  calls.grpcCall(calls.grpcService("unknown"), "Say", [], "", 100, "unknown cluster");
  calls.grpcStream(calls.grpcService("unknown"), "Say", [], "unknown cluster");
  for (let token: u32 = 1001; token < 1003; token++) {
    calls.grpcSend(token, "x", 0, "unknown " + token.toString());
    line("grpc_close unknown " + token.toString(), host.proxy_grpc_close(token));
    line("grpc_cancel unknown " + token.toString(), host.proxy_grpc_cancel(token));
  }
  calls.status();
}

function shared(name: string): void {
  const key = identity() + name;
  calls.sharedGet(key, "missing");
  calls.sharedSet(key, "zero", 77, "missing, cas 77");
  calls.sharedGet(key, "after cas 77");
  calls.sharedSet(key, "one", 0, "cas 0");
  const cas = calls.sharedGet(key, "one");
  calls.sharedSet(key, "two", cas, "right cas");
  calls.sharedSet(key, "three", cas, "old cas");
  calls.sharedGet(key, "two");
  calls.sharedSet(key, "", 0, "empty value");
  calls.sharedGet(key, "empty value");
  calls.sharedSet("", identity(), 0, "empty key");
}

/** Each queue tells its root context, whose callback must not do this again. */
function queues(name: string): void {
  const queue = identity() + "q" + name;
  calls.queueResolve("", queue, "before");
  const token = calls.queueRegister(queue, "first");
  line("register again is the same", calls.queueRegister(queue, "again") == token ? 1 : 0);
  calls.queueResolve("", queue, "own vm by no name");
  line("resolve by vm id is the same", calls.queueResolve("probe", queue, "own vm by name") == token ? 1 : 0);
  calls.queueResolve("nobody", queue, "other vm");
  calls.dequeue(token, "empty");
  calls.enqueue(token, "first", "");
  calls.enqueue(token, "", "empty");
  calls.dequeue(token, "first");
  calls.dequeue(token, "empty item");
  calls.dequeue(token, "empty again");
  calls.enqueue(99999, "x", "unknown");
  calls.dequeue(99999, "unknown");
}

function metrics(name: string): void {
  const base = "probe_" + identity() + name;
  const counter = calls.defineMetric(0, base + "_counter");
  const gauge = calls.defineMetric(1, base + "_gauge");
  const histogram = calls.defineMetric(2, base + "_histogram");
  calls.defineMetric(3, base + "_none");
  calls.defineMetric(-1, base + "_none");
  calls.metric(counter, "counter");
  line("increment_metric counter 2", host.proxy_increment_metric(counter, 2));
  line("increment_metric counter 0", host.proxy_increment_metric(counter, 0));
  line("increment_metric counter -1", host.proxy_increment_metric(counter, -1));
  line("record_metric counter 5", host.proxy_record_metric(counter, 5));
  calls.metric(counter, "counter");
  const again = calls.defineMetric(0, base + "_counter");
  line("define again is the same", again == counter ? 1 : 0);
  calls.metric(again, "counter again");
  line("increment_metric gauge 3", host.proxy_increment_metric(gauge, 3));
  line("increment_metric gauge -1", host.proxy_increment_metric(gauge, -1));
  line("increment_metric gauge 0", host.proxy_increment_metric(gauge, 0));
  calls.metric(gauge, "gauge");
  line("record_metric gauge 40", host.proxy_record_metric(gauge, 40));
  calls.metric(gauge, "gauge");
  line("record_metric histogram 1", host.proxy_record_metric(histogram, 1));
  line("increment_metric histogram 1", host.proxy_increment_metric(histogram, 1));
  calls.metric(histogram, "histogram");
  for (let kind: u32 = 0; kind < 4; kind++) {
    const unknown = 400000 + kind;
    line("increment_metric unknown " + kind.toString(), host.proxy_increment_metric(unknown, 1));
    line("record_metric unknown " + kind.toString(), host.proxy_record_metric(unknown, 1));
    calls.metric(unknown, "unknown " + kind.toString());
  }
}

const PATHS: string[] = [
  "request", "request.path", "request.url_path", "request.host", "request.scheme", "request.method", "request.headers", "request.headers.x-twice",
  "request.headers.absent", "request.referer", "request.useragent", "request.time", "request.id", "request.protocol", "request.query",
  "request.duration", "request.size", "request.total_size", "request.absent",
  "response", "response.code", "response.code_details", "response.flags", "response.grpc_status", "response.headers", "response.headers.x-twice",
  "response.trailers", "response.size", "response.total_size", "response.backend_latency", "response.absent",
  "connection", "connection.id", "connection.mtls", "connection.requested_server_name", "connection.tls_version",
  "connection.subject_local_certificate", "connection.subject_peer_certificate", "connection.dns_san_peer_certificate",
  "connection.uri_san_peer_certificate", "connection.sha256_peer_certificate_digest", "connection.transport_failure_reason",
  "connection.termination_details", "connection_id",
  "source", "source.address", "source.port", "destination", "xds", "destination.address", "destination.port", "source.absent",
  "upstream", "upstream.address", "upstream.port", "upstream.local_address", "upstream.tls_version", "upstream.transport_failure_reason",
  "upstream.num_endpoints", "upstream.request_attempt_count", "upstream.cx_pool_ready_duration", "upstream.locality",
  "metadata", "filter_state", "filter_state.absent", "upstream_filter_state",
  "xds.node", "xds.cluster_name", "xds.cluster_metadata", "xds.route_name", "xds.route_metadata", "xds.virtual_host_name", "xds.virtual_host_metadata",
  "xds.upstream_host_metadata", "xds.upstream_host_locality_metadata", "xds.filter_chain_name", "xds.listener_metadata", "xds.listener_direction",
  "xds.absent",
  "node", "node.id", "node.cluster", "node.metadata", "node.metadata.NAME", "node.locality.zone", "node.absent", "plugin_name", "plugin_root_id", "plugin_vm_id",
  "listener_direction", "listener_metadata", "cluster_name", "cluster_metadata", "route_name", "route_metadata", "upstream_host_metadata",
  "absent", "absent.more",
];

export function properties(): void {
  for (let i = 0; i < PATHS.length; i++) calls.property(PATHS[i].replaceAll(".", "\0"), PATHS[i]);
  calls.property("plugin_name\0", "plugin_name NUL");
  calls.property("plugin_name\0more", "plugin_name NUL more");
  calls.property("", "nothing");
  calls.property("\0", "NUL");
  calls.property("plugin.name", "dots");
  calls.setProperty("probe_property", "value");
  calls.property("probe_property", "probe_property");
  calls.property("wasm.probe_property", "wasm dot probe_property");
  calls.property("filter_state\0wasm.probe_property", "filter_state wasm.probe_property");
  calls.setProperty("probe_property", "");
  calls.property("probe_property", "probe_property, empty");
  calls.setProperty("", "value");
  calls.property("", "set to nothing");
  calls.setProperty("request", "value");
}

function misc(id: i32): void {
  const text = utf8("hello from the probe");
  for (let level = -1; level <= 6; level++) {
    // Levels that may be printed are told by the log itself.
    line("log " + level.toString(), host.proxy_log(level, changetype<usize>(text), level == 2 ? <usize>text.byteLength : 0));
  }
  poison();
  line("get_log_level", host.proxy_get_log_level(out), number(out));
  poison();
  const timed = host.proxy_get_current_time_nanoseconds(out);
  line("get_current_time_nanoseconds", timed, load<u64>(out) > 1600000000000000000 ? "now" : number64(out));
  line("set_effective_context 0", host.proxy_set_effective_context(0));
  line("set_effective_context 99999", host.proxy_set_effective_context(99999));
  line("set_effective_context -1", host.proxy_set_effective_context(-1));
  line("set_effective_context root", host.proxy_set_effective_context(1));
  calls.mapGet(0, ":path");
  line("set_effective_context self", host.proxy_set_effective_context(id));
  calls.mapGet(0, ":path");
  line("set_tick_period_milliseconds 0", host.proxy_set_tick_period_milliseconds(0));
  line("done", host.proxy_done());
  calls.status();
}

function foreign(): void {
  const nothing = new ArrayBuffer(0);
  const text = utf8("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  calls.foreign("absent", nothing, "");
  calls.foreign("", nothing, "");
  const small = calls.foreign("compress", text, " text", false);
  calls.foreign("uncompress", small, " what was compressed");
  calls.foreign("uncompress", text, " garbage");
  calls.foreign("uncompress", nothing, " nothing");
  calls.foreign("compress", nothing, " nothing", false);
  const expression = utf8("1 + 2 == 3 && plugin_name == 'probe'");
  const id = calls.foreign("expr_create", expression, "", false);
  calls.foreign("expr_evaluate", id, " known");
  calls.foreign("expr_delete", id, " known");
  calls.foreign("expr_evaluate", id, " deleted");
  calls.foreign("expr_delete", id, " deleted");
  calls.foreign("expr_create", utf8("1 +"), " broken");
  calls.foreign("expr_evaluate", nothing, " nothing");
  calls.foreign("expr_delete", nothing, " nothing");
  const garbage = utf8("garbage");
  calls.foreign("declare_property", garbage, " garbage");
  calls.foreign("declare_property", nothing, " nothing");
  calls.foreign("set_envoy_filter_state", garbage, " garbage");
  calls.foreign("set_envoy_filter_state", nothing, " nothing");
  calls.foreign("verify_signature", garbage, " garbage");
  calls.foreign("verify_signature", nothing, " nothing");
  calls.foreign("sign", garbage, " garbage");
  calls.foreign("sign", nothing, " nothing");
}

/** Pointers beyond the module's memory. */
function badMemory(): void {
  const text = utf8(":path");
  const key = changetype<usize>(text);
  line("log at nowhere", host.proxy_log(2, NOWHERE, 4));
  line("get_log_level to nowhere", host.proxy_get_log_level(NOWHERE));
  line("get_current_time_nanoseconds to nowhere", host.proxy_get_current_time_nanoseconds(NOWHERE));
  line("get_property at nowhere", host.proxy_get_property(NOWHERE, 4, out, out + 4));
  const name = utf8("plugin_name");
  line("get_property to nowhere", host.proxy_get_property(changetype<usize>(name), name.byteLength, NOWHERE, out));
  line("set_property at nowhere", host.proxy_set_property(NOWHERE, 4, key, 5));
  line("set_property value at nowhere", host.proxy_set_property(key, 5, NOWHERE, 5));
  line("get_header_map_value at nowhere", host.proxy_get_header_map_value(0, NOWHERE, 4, out, out + 4));
  line("get_header_map_value to nowhere", host.proxy_get_header_map_value(0, key, 5, NOWHERE, out));
  line("get_header_map_pairs to nowhere", host.proxy_get_header_map_pairs(0, NOWHERE, out));
  line("get_header_map_size to nowhere", host.proxy_get_header_map_size(0, NOWHERE));
  line("set_header_map_pairs at nowhere", host.proxy_set_header_map_pairs(0, NOWHERE, 8));
  line("add_header_map_value at nowhere", host.proxy_add_header_map_value(0, NOWHERE, 4, key, 5));
  line("replace_header_map_value at nowhere", host.proxy_replace_header_map_value(0, key, 5, NOWHERE, 4));
  line("remove_header_map_value at nowhere", host.proxy_remove_header_map_value(0, NOWHERE, 4));
  line("get_buffer_bytes to nowhere", host.proxy_get_buffer_bytes(6, 0, 4, NOWHERE, out));
  line("get_buffer_status to nowhere", host.proxy_get_buffer_status(6, NOWHERE, out));
  line("set_buffer_bytes at nowhere", host.proxy_set_buffer_bytes(0, 0, 0, NOWHERE, 4));
  line("send_local_response details at nowhere", host.proxy_send_local_response(200, NOWHERE, 4, 0, 0, 0, 0, -1));
  line("send_local_response body at nowhere", host.proxy_send_local_response(200, key, 5, NOWHERE, 4, 0, 0, -1));
  line("send_local_response headers at nowhere", host.proxy_send_local_response(200, key, 5, 0, 0, NOWHERE, 4, -1));
  const list = calls.pairs([":path", "/", ":method", "GET", ":authority", "a"]);
  const l = changetype<usize>(list);
  const live = utf8("live");
  const c = changetype<usize>(live);
  line("http_call cluster at nowhere", host.proxy_http_call(NOWHERE, 4, l, list.byteLength, 0, 0, 0, 0, 100, out));
  line("http_call headers at nowhere", host.proxy_http_call(c, 4, NOWHERE, 4, 0, 0, 0, 0, 100, out));
  line("http_call body at nowhere", host.proxy_http_call(c, 4, l, list.byteLength, NOWHERE, 4, 0, 0, 100, out));
  line("http_call trailers at nowhere", host.proxy_http_call(c, 4, l, list.byteLength, 0, 0, NOWHERE, 4, 100, out));
  line("grpc_call at nowhere", host.proxy_grpc_call(NOWHERE, 4, key, 5, key, 5, 0, 0, 0, 0, 100, out));
  line("grpc_stream at nowhere", host.proxy_grpc_stream(NOWHERE, 4, key, 5, key, 5, 0, 0, out));
  line("grpc_send at nowhere", host.proxy_grpc_send(1002, NOWHERE, 4, 0));
  line("get_status to nowhere", host.proxy_get_status(NOWHERE, out, out + 4));
  line("get_shared_data at nowhere", host.proxy_get_shared_data(NOWHERE, 4, out, out + 4, out + 8));
  line("set_shared_data at nowhere", host.proxy_set_shared_data(NOWHERE, 4, key, 5, 0));
  line("register_shared_queue at nowhere", host.proxy_register_shared_queue(NOWHERE, 4, out));
  line("resolve_shared_queue at nowhere", host.proxy_resolve_shared_queue(key, 0, NOWHERE, 4, out));
  line("enqueue_shared_queue at nowhere", host.proxy_enqueue_shared_queue(99999, NOWHERE, 4));
  line("define_metric at nowhere", host.proxy_define_metric(0, NOWHERE, 4, out));
  line("define_metric to nowhere", host.proxy_define_metric(0, key, 5, NOWHERE));
  line("get_metric to nowhere", host.proxy_get_metric(4, NOWHERE));
  line("call_foreign_function at nowhere", host.proxy_call_foreign_function(NOWHERE, 4, 0, 0, out, out + 4));
  line("call_foreign_function arguments at nowhere", host.proxy_call_foreign_function(key, 5, NOWHERE, 4, out, out + 4));
  line("wasi fd_write at nowhere", host.fd_write(1, NOWHERE, 1, out));
  line("wasi fd_write to nowhere", host.fd_write(1, out, 0, NOWHERE));
  line("wasi clock_time_get to nowhere", host.clock_time_get(0, 0, NOWHERE));
  line("wasi random_get to nowhere", host.random_get(NOWHERE, 8));
  line("wasi environ_sizes_get to nowhere", host.environ_sizes_get(NOWHERE, out));
  line("wasi args_sizes_get to nowhere", host.args_sizes_get(NOWHERE, out));
  poison();
  line("get_buffer_bytes after all", host.proxy_get_buffer_bytes(6, 0, 4, out, out + 4), given());
}
