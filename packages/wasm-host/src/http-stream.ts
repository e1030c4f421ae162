import { Status } from './abi.ts';
import type { LocalReply } from './context.ts';
import type { HeaderMap } from './header-map.ts';
import type { HttpContext, HttpStreamHost } from './http-context.ts';
import { setProperty } from './set-properties.ts';
import { setPropertyName } from './stream-attributes.ts';
import { type MessageSink, StreamLeg } from './stream-leg.ts';

/** A plugin as one of a chain that streams pass. */
export interface StreamPlugin {
  /**
   * The plugin's side of a new stream; undefined if the plugin has failed, for good or for now.
   *
   * @param host what the context may ask of the stream
   */
  openStream(host: HttpStreamHost): HttpContext | undefined;
  /** Whether streams pass a plugin that had failed before they came; otherwise they are answered 503. */
  readonly failsOpen: boolean;
  /** Whether also those streams pass it that it was in when it failed; otherwise they are answered 503. Default: no. */
  readonly alwaysFailsOpen?: boolean;
}

/** See {@link HttpStream}. */
export interface HttpStreamOptions {
  /** The plugins in the order in which requests pass them; responses pass them in reverse. */
  readonly plugins: readonly StreamPlugin[];
  /** What has passed all plugins on its way to the upstream. */
  readonly request: MessageSink;
  /** What has passed all plugins on its way to the client. */
  readonly response: MessageSink;
  /**
   * Most bytes of a body that one plugin may hold; default 1 MiB, as Envoy's per_connection_buffer_limit_bytes. A longer request is
   * answered 413, a longer response 500, unless the plugin waits in a way that lets the sender wait (`STOP_AND_WATERMARK`,
   * `STOP_ALL_AND_WATERMARK`).
   */
  readonly bufferLimitBytes?: number;
  /** The sender of the request, or of the response, was told to wait by `data`; it may go on. */
  readonly requestWritable?: () => void;
  readonly responseWritable?: () => void;
  /** A property that the plugins ask for; what they set themselves is looked for first. */
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
  /** Properties that plugins set; give one map to streams that belong together. */
  readonly setProperties?: Map<string, Uint8Array>;
  readonly clearRouteCache?: () => void;
  /** Sets an object of Envoy's filter state; without it no key is known. */
  readonly setFilterState?: (key: string, value: Uint8Array<ArrayBuffer>) => Status;
  /**
   * A plugin answers, or the chain does for one: no more of the request goes on. With `isDirect` the response's head had reached the plugins
   * already: the answer goes to the client without passing them. Otherwise it is to be pushed into {@link HttpStream.response}. See
   * `formatLocalReply`.
   */
  readonly localReply: (reply: LocalReply, isDirect: boolean) => void;
  /** A plugin breaks the stream off, or an answer is wanted when half of one has gone out. */
  readonly reset: () => void;
}

/** What plugins see of a stream when it is over. */
export interface LoggedHeaders {
  readonly requestHeaders?: HeaderMap;
  readonly responseHeaders?: HeaderMap;
  readonly responseTrailers?: HeaderMap;
}

const DEFAULT_BUFFER_LIMIT = 1024 * 1024;

/** What the answers of the chain itself are called in logs (Envoy's `%RESPONSE_CODE_DETAILS%`). */
const DETAILS = {
  failed: 'wasm_fail_stream',
  requestTooLarge: 'request_payload_too_large',
  responseTooLarge: 'response_payload_too_large',
} as const;

/**
 * One HTTP stream through a chain of plugins, as Envoy's filter manager takes it: the request is pushed into {@link request} as it comes,
 * and what the plugins let through comes out at `options.request` at once; the response likewise, through the plugins in reverse. Bodies
 * are never collected unless a plugin asks for it.
 *
 * The owner calls {@link close} at the stream's end, however it ended.
 */
export class HttpStream {
  /** Takes the request. */
  readonly request: MessageSink;
  /** Takes the response. */
  readonly response: MessageSink;
  readonly #options: HttpStreamOptions;
  readonly #filters: readonly Filter[];
  #hasResponse = false;
  #hasAnswered = false;
  #isClosed = false;
  #isLogged = false;

  constructor(options: HttpStreamOptions) {
    this.#options = options;
    const properties = options.setProperties ?? new Map<string, Uint8Array>();
    const filters = options.plugins.map((plugin) => new Filter(this, plugin, options, properties));
    let request: MessageSink = options.request;
    for (const filter of filters.toReversed()) request = filter.receive('request', request);
    let response: MessageSink = {
      headers: (map, end) => {
        this.#hasAnswered = true;
        options.response.headers(map, end);
      },
      data: (bytes, end) => options.response.data(bytes, end),
      trailers: (map) => options.response.trailers(map),
    };
    for (const filter of filters) response = filter.receive('response', response);
    for (const [index, filter] of filters.entries()) {
      filter.before = {
        request: () => (index === 0 ? options.requestWritable?.() : filters[index - 1]?.nextIsWritable('request')),
        response: () =>
          index === filters.length - 1 ? options.responseWritable?.() : filters[index + 1]?.nextIsWritable('response'),
      };
    }
    this.#filters = filters;
    this.request = request;
    const last = response;
    this.response = {
      headers: (map, end) => {
        this.#hasResponse = true;
        last.headers(map, end);
      },
      data: (bytes, end) => last.data(bytes, end),
      trailers: (map) => last.trailers(map),
    };
  }

  /** What a plugin holds back, if one does. */
  get paused(): 'request' | 'response' | undefined {
    if (this.#filters.some((filter) => filter.isPaused('response'))) return 'response';
    return this.#filters.some((filter) => filter.isPaused('request')) ? 'request' : undefined;
  }

  /** The sink of requests can take more. */
  requestDrained(): void {
    if (this.#filters.length === 0) this.#options.requestWritable?.();
    this.#filters.at(-1)?.nextIsWritable('request');
  }

  /** The sink of responses can take more. */
  responseDrained(): void {
    if (this.#filters.length === 0) this.#options.responseWritable?.();
    this.#filters[0]?.nextIsWritable('response');
  }

  /** No more of the request goes on: it is answered. */
  stopRequest(): void {
    for (const filter of this.#filters) filter.stop('request');
  }

  /** The end of the stream. Each plugin logs it, then each is done with it and forgets it. */
  close(headers: LoggedHeaders): void {
    this.log(headers);
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const filter of this.#filters) filter.end();
  }

  /**
   * The stream is over, and each plugin logs it; {@link close} is to follow. Where plugins have streams of their own, all of them log before the
   * first of them is done, as in Envoy.
   */
  log(headers: LoggedHeaders): void {
    if (this.#isClosed || this.#isLogged) return;
    this.#isLogged = true;
    for (const filter of this.#filters) filter.stop('request');
    for (const filter of this.#filters) filter.stop('response');
    for (const filter of this.#filters) filter.log(headers);
  }

  /** A plugin's answer. */
  reply(reply: LocalReply): void {
    if (this.#isClosed) return;
    this.stopRequest();
    if (this.#hasAnswered) {
      this.reset();
      return;
    }
    const isDirect = this.#hasResponse;
    if (isDirect) {
      this.#hasAnswered = true;
      for (const filter of this.#filters) filter.stop('response');
    }
    this.#options.localReply(reply, isDirect);
  }

  reset(): void {
    if (this.#isClosed) return;
    for (const filter of this.#filters) {
      filter.stop('request');
      filter.stop('response');
    }
    this.#options.reset();
  }
}

type Side = 'request' | 'response';

/** One plugin's part in a stream. */
class Filter {
  readonly #stream: HttpStream;
  readonly #plugin: StreamPlugin;
  readonly #options: HttpStreamOptions;
  readonly #host: HttpStreamHost;
  #context: HttpContext | undefined;
  /** The plugin takes no part: it had failed before, and is passed by. */
  #isPassedBy = false;
  #hasReplied = false;
  #hasFailed = false;
  #request!: StreamLeg;
  #response!: StreamLeg;
  /** Tells those before this plugin, on either way, that they may go on. */
  before: Readonly<Record<Side, () => void>> = { request: () => {}, response: () => {} };

  constructor(
    stream: HttpStream,
    plugin: StreamPlugin,
    options: HttpStreamOptions,
    properties: Map<string, Uint8Array>,
  ) {
    this.#stream = stream;
    this.#plugin = plugin;
    this.#options = options;
    this.#host = {
      property: (path) => {
        const own = setPropertyName(path);
        return (own === undefined ? undefined : properties.get(own)) ?? options.property?.(path);
      },
      setProperty: (key, value) => setProperty(properties, key, value),
      continueRequest: () => this.#request.resume(),
      continueResponse: () => this.#response.resume(),
      reset: () => stream.reset(),
      sendLocalReply: (reply) => this.#reply(reply),
      clearRouteCache: () => options.clearRouteCache?.(),
      setFilterState: (key, value) => options.setFilterState?.(key, value) ?? Status.NOT_FOUND,
    };
  }

  /** Puts the plugin before a sink. */
  receive(side: Side, next: MessageSink): MessageSink {
    const common = {
      next,
      bufferLimitBytes: this.#options.bufferLimitBytes ?? DEFAULT_BUFFER_LIMIT,
      failed: () => this.#failed(),
      writable: () => this.before[side](),
    };
    if (side === 'request') {
      this.#request = new StreamLeg({
        ...common,
        callbacks: {
          headers: (map, end) => this.#open()?.onRequestHeaders(map, end),
          body: (buffer, end) => (this.#isPassedBy ? 0 : this.#context?.onRequestBody(buffer, end)),
          trailers: (map) => (this.#isPassedBy ? 0 : this.#context?.onRequestTrailers(map)),
        },
        tooLarge: () => this.#stream.reply(refusal(413, 'Payload Too Large', DETAILS.requestTooLarge)),
      });
      return this.#request;
    }
    this.#response = new StreamLeg({
      ...common,
      // A plugin that has not seen the request does not see its answer: one before it in the chain has given it.
      callbacks: {
        headers: (map, end) => (this.#context === undefined ? 0 : this.#context.onResponseHeaders(map, end)),
        body: (buffer, end) => (this.#context === undefined ? 0 : this.#context.onResponseBody(buffer, end)),
        trailers: (map) => (this.#context === undefined ? 0 : this.#context.onResponseTrailers(map)),
      },
      tooLarge: () => this.#stream.reply(refusal(500, 'Internal Server Error', DETAILS.responseTooLarge)),
    });
    return this.#response;
  }

  isPaused(side: Side): boolean {
    return side === 'request' ? this.#request.isPaused : this.#response.isPaused;
  }

  nextIsWritable(side: Side): void {
    if (side === 'request') this.#request.nextIsWritable();
    else this.#response.nextIsWritable();
  }

  stop(side: Side): void {
    if (side === 'request') this.#request.stop();
    else this.#response.stop();
  }

  /** Also a plugin that did not come to see the request logs it, as in Envoy. */
  log(headers: LoggedHeaders): void {
    if (this.#context === undefined && !this.#isPassedBy) this.#context = this.#plugin.openStream(this.#host);
    this.#context?.log(headers);
  }

  end(): void {
    this.#context?.end();
  }

  #open(): HttpContext | undefined {
    this.#context = this.#plugin.openStream(this.#host);
    this.#isPassedBy = this.#context === undefined;
    return this.#context;
  }

  #failed(): boolean {
    // The answer that tells of the failure passes the plugin too.
    const passes = this.#isPassedBy ? this.#plugin.failsOpen : this.#plugin.alwaysFailsOpen === true;
    if (passes || this.#hasFailed) return true;
    this.#hasFailed = true;
    // Also in place of an answer of its own that it fails over.
    this.#hasReplied = true;
    this.#stream.reply({ ...refusal(503, '', DETAILS.failed), grpcStatus: 14 });
    return false;
  }

  /** A plugin answers once. */
  #reply(reply: LocalReply): void {
    if (this.#hasReplied) return;
    this.#hasReplied = true;
    this.#stream.reply(reply);
  }
}

function refusal(status: number, body: string, details: string): LocalReply {
  return { status, body: new TextEncoder().encode(body), details, headers: [], grpcStatus: undefined };
}
