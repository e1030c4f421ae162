/** Classes of the SDK that filters extend. */
export type BaseClass = 'RootContext' | 'HttpContext' | 'TcpContext' | 'HttpCallHandler' | 'GrpcHandler' | 'Timer';

/** Which exports of the module call which method, by the SDK's class: an export that no class needs is left out. */
export const CALLBACKS: Readonly<Record<BaseClass, Readonly<Record<string, readonly string[]>>>> = {
  RootContext: {
    onStart: ['proxy_on_vm_start'],
    onConfigure: ['proxy_on_configure'],
    onQueueReady: ['proxy_on_queue_ready'],
    onForeignFunction: ['proxy_on_foreign_function'],
    onDone: ['proxy_on_done'],
  },
  HttpContext: {
    onRequestHeaders: ['proxy_on_request_headers'],
    onRequestBody: ['proxy_on_request_body'],
    // Trailers end a body too.
    onWholeRequestBody: ['proxy_on_request_body', 'proxy_on_request_trailers'],
    onRequestTrailers: ['proxy_on_request_trailers'],
    onResponseHeaders: ['proxy_on_response_headers'],
    onResponseBody: ['proxy_on_response_body'],
    onWholeResponseBody: ['proxy_on_response_body', 'proxy_on_response_trailers'],
    onResponseTrailers: ['proxy_on_response_trailers'],
    onLog: ['proxy_on_log'],
    onDone: ['proxy_on_done'],
  },
  TcpContext: {
    onNewConnection: ['proxy_on_new_connection'],
    onDownstreamData: ['proxy_on_downstream_data'],
    onDownstreamClose: ['proxy_on_downstream_connection_close'],
    onUpstreamData: ['proxy_on_upstream_data'],
    onUpstreamClose: ['proxy_on_upstream_connection_close'],
    onLog: ['proxy_on_log'],
    onDone: ['proxy_on_done'],
  },
  HttpCallHandler: { onResponse: ['proxy_on_http_call_response'] },
  GrpcHandler: {
    onInitialMetadata: ['proxy_on_grpc_receive_initial_metadata'],
    onMessage: ['proxy_on_grpc_receive'],
    onTrailingMetadata: ['proxy_on_grpc_receive_trailing_metadata'],
    onClose: ['proxy_on_grpc_close'],
  },
  Timer: { onTick: ['proxy_on_tick'] },
};

/** What every module exports from the SDK as it stands there. */
export const ALWAYS: readonly string[] = ['proxy_abi_version_0_2_1', 'proxy_on_memory_allocate'];

/** What is made for each filter. */
export const GENERATED: readonly string[] = ['proxy_on_context_create', 'proxy_on_delete'];

/** What has to be given up with a stream, by the class that makes it: file and function of the SDK. */
export const FORGOTTEN: Partial<Readonly<Record<BaseClass, readonly [file: string, name: string]>>> = {
  HttpCallHandler: ['http-call', 'forgetHttpCalls'],
  GrpcHandler: ['grpc-call', 'forgetGrpcCalls'],
  Timer: ['timer', 'forgetTimers'],
};
