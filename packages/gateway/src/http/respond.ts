import { isGrpcContentType } from '@heddle/routing';
import { type ByteSource, bytesSource } from './byte-stream.ts';
import type { Exchange } from './exchange.ts';
import { type HeaderList, headerValue } from './header-list.ts';
import { describeLocalBody } from './local-reply.ts';
import type { ResponseFlag } from './response-flag.ts';
import { prepareResponseHeaders } from './response-preparation.ts';
import { applyRouteResponseHeaders } from './route-settings.ts';

const encoder = new TextEncoder();

/** Answers without an endpoint. Does nothing when a response has begun. `grpcStatus` is for gRPC clients, whatever the status says. */
export function reply(
  exchange: Exchange,
  status: number,
  body: string | Uint8Array,
  details: string,
  flag?: ResponseFlag,
  extraHeaders: HeaderList = [],
  grpcStatus?: number,
): void {
  if (exchange.responseStarted || exchange.finished) return;
  if (flag !== undefined && !exchange.responseFlags.includes(flag)) exchange.responseFlags.push(flag);
  exchange.responseDetails = details;
  const isGrpc = isGrpcContentType(headerValue(exchange.requestHeaders, 'content-type'));
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const source = isGrpc || bytes.length === 0 ? undefined : bytesSource([bytes]);
  respond(exchange, isGrpc ? 200 : status, extraHeaders, source, {
    afterRoute: (headers) => describeLocalBody(headers, status, bytes, isGrpc, grpcStatus),
  });
}

/** A local reply after which the connection cannot be used again. */
export function refuse(exchange: Exchange, status: number, body: string, details: string, flag?: ResponseFlag): void {
  exchange.mustClose = true;
  reply(exchange, status, body, details, flag);
}

/** What a response has instead of the usual. */
interface ResponseOptions {
  /** False for an answer of a filter, which the route's header operations do not concern. */
  readonly routeHeaders?: boolean;
  /** Edits after those of the route. */
  readonly afterRoute?: (headers: HeaderList) => void;
}

/**
 * Starts the response: route's header operations, then those of `afterRoute`, filters in reverse, the connection manager's last
 * edits, then the head and the body.
 */
export function respond(
  exchange: Exchange,
  status: number,
  headers: HeaderList,
  body: ByteSource | undefined,
  { routeHeaders = true, afterRoute }: ResponseOptions = {},
): void {
  if (exchange.responseStarted || exchange.finished) {
    body?.cancel();
    return;
  }
  exchange.responseStarted = true;
  exchange.responseStatus = status;
  exchange.responseHeaders = headers;
  if (routeHeaders && exchange.route !== undefined) applyRouteResponseHeaders(exchange);
  afterRoute?.(exchange.responseHeaders);
  const { filters } = exchange.listener;
  if (filters.length === 0) {
    sendResponse(exchange, body);
    return;
  }
  runResponseFilters(exchange, body, filters.length - 1);
}

/**
 * Answers in place of a response whose head has not gone out, past all filters, as Envoy does when one of them refuses a response
 * (`sendDirectLocalReply`).
 */
export function respondDirectly(
  exchange: Exchange,
  status: number,
  body: ByteSource | undefined,
  describe: (headers: HeaderList) => void,
): void {
  if (exchange.headSent || exchange.finished) {
    body?.cancel();
    return;
  }
  exchange.responseStarted = true;
  exchange.responseStatus = status;
  exchange.responseHeaders = [];
  if (exchange.route !== undefined) applyRouteResponseHeaders(exchange);
  describe(exchange.responseHeaders);
  sendResponse(exchange, body);
}

function runResponseFilters(exchange: Exchange, body: ByteSource | undefined, from: number): void {
  const { filters } = exchange.listener;
  let source = body;
  for (let i = from; i >= 0; i--) {
    const pending = filters[i]?.onResponse?.(exchange, exchange.method === 'HEAD' ? undefined : source);
    // A filter that has answered in the response's place.
    if (exchange.headSent || exchange.finished) return;
    if (pending !== undefined) {
      const index = i;
      const held = source;
      pending.then(
        () => {
          if (!exchange.finished && !exchange.headSent)
            runResponseFilters(exchange, wrapResponse(exchange, held, index), index - 1);
        },
        () => exchange.reset('LR', 'filter_failed'),
      );
      return;
    }
    source = wrapResponse(exchange, source, i);
  }
  sendResponse(exchange, source);
}

function wrapResponse(exchange: Exchange, body: ByteSource | undefined, index: number): ByteSource | undefined {
  const filter = exchange.listener.filters[index];
  return body === undefined || filter?.wrapResponseBody === undefined ? body : filter.wrapResponseBody(exchange, body);
}

function sendResponse(exchange: Exchange, body: ByteSource | undefined): void {
  const { listener } = exchange;
  prepareResponseHeaders(exchange, listener.settings);
  const isHead = exchange.method === 'HEAD';
  // A response that begins before the request has ended closes the connection: nobody waits for the rest (as in Envoy).
  const close = exchange.mustClose || listener.drain.draining || !exchange.requestComplete;
  const endStream = body === undefined || isHead;
  exchange.lastActivityAt = performance.now();
  exchange.headSent = true;
  exchange.writer.head(exchange.responseStatus, exchange.responseHeaders, endStream, close);
  if (!endStream) {
    exchange.stream(body);
    return;
  }
  body?.cancel();
  exchange.finish();
}

/** Nothing has moved for the idle time-out. */
export function streamIdle(exchange: Exchange): void {
  if (exchange.finished) return;
  if (exchange.responseStarted) {
    exchange.reset('SI', 'stream_idle_timeout');
    return;
  }
  exchange.upstream?.giveUp();
  reply(exchange, exchange.requestComplete ? 504 : 408, 'stream timeout', 'stream_idle_timeout', 'SI');
}

/** The longest life of a stream is over, whatever it does. */
export function maxStreamDuration(exchange: Exchange): void {
  if (exchange.finished) return;
  if (exchange.responseStarted) {
    exchange.reset('UMSDR', 'max_duration_timeout');
    return;
  }
  exchange.upstream?.giveUp();
  reply(exchange, exchange.requestComplete ? 504 : 408, 'stream timeout', 'max_duration_timeout', 'UMSDR');
}
