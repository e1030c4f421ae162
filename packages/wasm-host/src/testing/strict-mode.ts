import { BufferType, HeadersAction, MapType, Status } from '../abi.ts';
import { statusName } from '../status-name.ts';
import type { TraceEvent } from '../wasm-vm.ts';

/** What a filter did that Envoy refuses, or that has not the effect which it looks like. */
export class StrictModeError extends Error {
  /** Each mistake, in order. */
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`The filter makes calls that Envoy refuses or ignores:\n${mistakes.map((line) => `- ${line}`).join('\n')}`);
    this.name = 'StrictModeError';
    this.mistakes = mistakes;
  }
}

type Hostcall = Extract<TraceEvent, { readonly type: 'hostcall' }>;
type Callback = Extract<TraceEvent, { readonly type: 'callback' }>;

/** What the checks ask of the emulator. */
export interface StrictSubject {
  /** Whether a context is that of a plugin, not of a stream. */
  isRoot(contextId: number): boolean;
  readonly allowsStopIteration: boolean;
}

/** "not found", "empty" and "somebody else was first" are answers, not mistakes. */
const ANSWERS: ReadonlySet<number> = new Set([Status.OK, Status.NOT_FOUND, Status.EMPTY, Status.CAS_MISMATCH]);

/** Calls about a stream, which do nothing in the name of a plugin. */
const OF_STREAMS: ReadonlySet<string> = new Set([
  'proxy_continue_stream',
  'proxy_continue_request',
  'proxy_continue_response',
  'proxy_close_stream',
  'proxy_send_local_response',
  'proxy_clear_route_cache',
]);

/** Where a map can be read; elsewhere Envoy gives an empty list of pairs and says "ok". */
const MAPS: Readonly<Record<number, RegExp>> = {
  [MapType.HTTP_REQUEST_TRAILERS]: /_request_trailers$|_log$/,
  [MapType.HTTP_RESPONSE_HEADERS]: /_response_|_log$/,
  [MapType.HTTP_RESPONSE_TRAILERS]: /_response_trailers$|_log$/,
  [MapType.GRPC_CALL_INITIAL_METADATA]: /_grpc_receive_initial_metadata$/,
  [MapType.GRPC_CALL_TRAILING_METADATA]: /_grpc_receive_trailing_metadata$/,
  [MapType.HTTP_CALL_RESPONSE_HEADERS]: /_http_call_response$/,
  [MapType.HTTP_CALL_RESPONSE_TRAILERS]: /_http_call_response$/,
};

/** Callbacks of a stream in which a buffer has nothing yet, or nothing any more, though Envoy says "ok". */
const WITHOUT_BUFFER: Readonly<Record<number, RegExp>> = {
  [BufferType.HTTP_REQUEST_BODY]: /_request_headers$|_response_|_log$|_done$|_delete$/,
  [BufferType.HTTP_RESPONSE_BODY]: /_request_|_response_headers$|_log$|_done$|_delete$/,
  [BufferType.DOWNSTREAM_DATA]: /_request_|_response_|_new_connection$|_upstream_/,
  [BufferType.UPSTREAM_DATA]: /_request_|_response_|_new_connection$|_downstream_/,
};

/** What Envoy dies of, and in which callbacks. */
const DEADLY: readonly (readonly [calls: RegExp, callbacks: RegExp])[] = [
  [/^proxy_(?:send_local_response|close_stream)\(/, /_on_(?:log|done|delete)$/],
  [/^proxy_(?:continue_stream\(1\)|continue_response\()/, /_response_trailers$/],
];

/** Watches a filter's calls for mistakes. */
export class StrictMode {
  readonly #subject: StrictSubject;
  /** Calls since the last callback ended: they belong to the one that ends next. */
  #calls: Hostcall[] = [];
  #mistakes: string[] = [];

  constructor(subject: StrictSubject) {
    this.#subject = subject;
  }

  see(event: TraceEvent): void {
    if (event.type === 'hostcall') {
      this.#calls.push(event);
      return;
    }
    for (const call of this.#calls) this.#check(call, event);
    this.#calls = [];
    this.#checkAnswer(event);
  }

  /** The mistakes since the last time. */
  take(): readonly string[] {
    const mistakes = this.#mistakes;
    this.#mistakes = [];
    return mistakes;
  }

  #check(call: Hostcall, { name: callback }: Callback): void {
    const { name, args, status, contextId } = call;
    const say = (what: string) => this.#mistakes.push(`${name}(${args.join(', ')}) in ${callback} ${what}`);
    // What a function makes of bytes is about the bytes.
    const isAboutData = name === 'proxy_call_foreign_function' && status === Status.SERIALIZATION_FAILURE;
    if (!ANSWERS.has(status) && !isAboutData) say(`is answered ${status} (${statusName(status)})`);
    if (OF_STREAMS.has(name) && this.#subject.isRoot(contextId)) {
      say(
        'has no effect: it is made in the name of the plugin; wanted proxy_set_effective_context with a stream before it',
      );
    }
    const [first] = args;
    if (DEADLY.some(([calls, callbacks]) => calls.test(`${name}(${first})`) && callbacks.test(callback))) {
      say('kills Envoy (1.40 dies of a segmentation fault): at that point the stream can only be looked at');
    }
    if (name === 'proxy_get_header_map_pairs' && MAPS[Number(first)]?.test(callback) === false) {
      say('gives an empty list: the map is not there in this callback');
    }
    if (/^proxy_(?:get_buffer_bytes|get_buffer_status|set_buffer_bytes)$/.test(name)) {
      if (WITHOUT_BUFFER[Number(first)]?.test(callback) === true) {
        say('finds an empty buffer: there is none in this callback');
      }
    }
    const clearsRoute = name === 'proxy_clear_route_cache' || call.detail === 'clear_route_cache';
    if (clearsRoute && /_response_|_log$|_done$/.test(callback)) {
      say('is too late: the route was taken when the request went on, and Envoy reports a bug in itself');
    }
  }

  #checkAnswer({ name, result }: Callback): void {
    if (result === undefined) return;
    if (/^proxy_on_(?:request|response)_headers$/.test(name)) {
      if (result === HeadersAction.STOP_ITERATION && !this.#subject.allowsStopIteration) {
        this.#mistakes.push(
          `${name} answers 1 (stop, but let the body come), which is taken for 4 (stop all) unless allow_on_headers_stop_iteration is set`,
        );
      }
      if (result < 0 || result > HeadersAction.STOP_ALL_AND_WATERMARK) {
        this.#mistakes.push(`${name} answers ${result}; wanted 0 to 4`);
      }
    }
    if (/^proxy_on_(?:request|response)_body$/.test(name) && (result < 0 || result > 3)) {
      this.#mistakes.push(`${name} answers ${result}; wanted 0 to 3`);
    }
    if (/^proxy_on_(?:request|response)_trailers$/.test(name) && (result < 0 || result > 1)) {
      this.#mistakes.push(`${name} answers ${result}; wanted 0 or 1`);
    }
  }
}
