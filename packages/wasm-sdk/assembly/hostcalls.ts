// The functions of the host (Proxy-Wasm ABI 0.2.1, github.com/proxy-wasm/spec). Pointers are of linear memory; what the host gives back it
// writes into memory of `proxy_on_memory_allocate`, whose pointer and size it stores where the last arguments say.

@external("env", "proxy_log")
export declare function proxy_log(level: u32, message: usize, size: usize): u32;
@external("env", "proxy_get_log_level")
export declare function proxy_get_log_level(level: usize): u32;
@external("env", "proxy_get_current_time_nanoseconds")
export declare function proxy_get_current_time_nanoseconds(time: usize): u32;
@external("env", "proxy_set_tick_period_milliseconds")
export declare function proxy_set_tick_period_milliseconds(period: u32): u32;
@external("env", "proxy_set_effective_context")
export declare function proxy_set_effective_context(context: u32): u32;
@external("env", "proxy_done")
export declare function proxy_done(): u32;

@external("env", "proxy_get_header_map_pairs")
export declare function proxy_get_header_map_pairs(map: u32, pairs: usize, size: usize): u32;
@external("env", "proxy_set_header_map_pairs")
export declare function proxy_set_header_map_pairs(map: u32, pairs: usize, size: usize): u32;
@external("env", "proxy_get_header_map_value")
export declare function proxy_get_header_map_value(map: u32, key: usize, keySize: usize, value: usize, size: usize): u32;
@external("env", "proxy_add_header_map_value")
export declare function proxy_add_header_map_value(map: u32, key: usize, keySize: usize, value: usize, valueSize: usize): u32;
@external("env", "proxy_replace_header_map_value")
export declare function proxy_replace_header_map_value(map: u32, key: usize, keySize: usize, value: usize, valueSize: usize): u32;
@external("env", "proxy_remove_header_map_value")
export declare function proxy_remove_header_map_value(map: u32, key: usize, keySize: usize): u32;

@external("env", "proxy_get_buffer_bytes")
export declare function proxy_get_buffer_bytes(buffer: u32, start: u32, length: u32, bytes: usize, size: usize): u32;
@external("env", "proxy_get_buffer_status")
export declare function proxy_get_buffer_status(buffer: u32, length: usize, flags: usize): u32;
@external("env", "proxy_set_buffer_bytes")
export declare function proxy_set_buffer_bytes(buffer: u32, start: u32, length: u32, bytes: usize, size: usize): u32;

@external("env", "proxy_continue_stream")
export declare function proxy_continue_stream(stream: u32): u32;
@external("env", "proxy_close_stream")
export declare function proxy_close_stream(stream: u32): u32;
@external("env", "proxy_send_local_response")
export declare function proxy_send_local_response(
  status: u32, details: usize, detailsSize: usize, body: usize, bodySize: usize, headers: usize, headersSize: usize, grpcStatus: i32,
): u32;

@external("env", "proxy_http_call")
export declare function proxy_http_call(
  cluster: usize, clusterSize: usize, headers: usize, headersSize: usize, body: usize, bodySize: usize, trailers: usize, trailersSize: usize,
  timeout: u32, token: usize,
): u32;
@external("env", "proxy_grpc_call")
export declare function proxy_grpc_call(
  service: usize, serviceSize: usize, serviceName: usize, serviceNameSize: usize, method: usize, methodSize: usize,
  metadata: usize, metadataSize: usize, message: usize, messageSize: usize, timeout: u32, token: usize,
): u32;
@external("env", "proxy_grpc_stream")
export declare function proxy_grpc_stream(
  service: usize, serviceSize: usize, serviceName: usize, serviceNameSize: usize, method: usize, methodSize: usize,
  metadata: usize, metadataSize: usize, token: usize,
): u32;
@external("env", "proxy_grpc_send")
export declare function proxy_grpc_send(token: u32, message: usize, size: usize, endOfStream: u32): u32;
@external("env", "proxy_grpc_close")
export declare function proxy_grpc_close(token: u32): u32;
@external("env", "proxy_grpc_cancel")
export declare function proxy_grpc_cancel(token: u32): u32;
@external("env", "proxy_get_status")
export declare function proxy_get_status(code: usize, message: usize, size: usize): u32;

@external("env", "proxy_get_shared_data")
export declare function proxy_get_shared_data(key: usize, keySize: usize, value: usize, size: usize, cas: usize): u32;
@external("env", "proxy_set_shared_data")
export declare function proxy_set_shared_data(key: usize, keySize: usize, value: usize, valueSize: usize, cas: u32): u32;
@external("env", "proxy_register_shared_queue")
export declare function proxy_register_shared_queue(name: usize, size: usize, token: usize): u32;
@external("env", "proxy_resolve_shared_queue")
export declare function proxy_resolve_shared_queue(vm: usize, vmSize: usize, name: usize, size: usize, token: usize): u32;
@external("env", "proxy_enqueue_shared_queue")
export declare function proxy_enqueue_shared_queue(token: u32, item: usize, size: usize): u32;
@external("env", "proxy_dequeue_shared_queue")
export declare function proxy_dequeue_shared_queue(token: u32, item: usize, size: usize): u32;

@external("env", "proxy_define_metric")
export declare function proxy_define_metric(type: u32, name: usize, size: usize, id: usize): u32;
@external("env", "proxy_increment_metric")
export declare function proxy_increment_metric(id: u32, offset: i64): u32;
@external("env", "proxy_record_metric")
export declare function proxy_record_metric(id: u32, value: u64): u32;
@external("env", "proxy_get_metric")
export declare function proxy_get_metric(id: u32, value: usize): u32;

@external("env", "proxy_get_property")
export declare function proxy_get_property(path: usize, size: usize, value: usize, valueSize: usize): u32;
@external("env", "proxy_set_property")
export declare function proxy_set_property(key: usize, size: usize, value: usize, valueSize: usize): u32;
@external("env", "proxy_call_foreign_function")
export declare function proxy_call_foreign_function(
  name: usize, nameSize: usize, argument: usize, argumentSize: usize, result: usize, resultSize: usize,
): u32;
