import { isGrpcContentType } from '@heddle/routing';
import { HttpStream, type LocalReply, type LoggedHeaders, type StreamPlugin } from '@heddle/wasm-host';
import { type ByteSource, bytesSource } from '../http/byte-stream.ts';
import type { Exchange } from '../http/exchange.ts';
import { type HeaderList, headerValue } from '../http/header-list.ts';
import { describeLocalBody } from '../http/local-reply.ts';
import { reply, respond, respondDirectly } from '../http/respond.ts';
import { chooseRoute } from '../http/route-choice.ts';
import { isField, type RequestHeaderMap, requestHeaderMap, responseHeaderMap } from './exchange-header-maps.ts';
import { exchangeProperty } from './exchange-properties.ts';
import { FilteredBody } from './filtered-body.ts';

/** One exchange in one plugin. */
export class WasmExchange {
  readonly #exchange: Exchange;
  readonly #stream: HttpStream;
  #requestHeaders: RequestHeaderMap | undefined;
  #requestBody: FilteredBody | undefined;
  #responseBody: FilteredBody | undefined;
  #requestWentOn = false;
  #responseWentOn = false;
  /** Goes on with the chain where a filter has held it. */
  #proceed: (() => void) | undefined;
  #routeIsStale = false;

  constructor(exchange: Exchange, plugin: StreamPlugin, setProperties: Map<string, Uint8Array>) {
    this.#exchange = exchange;
    this.#stream = new HttpStream({
      plugins: [plugin],
      bufferLimitBytes: exchange.listener.bufferLimitBytes,
      setProperties,
      property: (path) => exchangeProperty(exchange, path),
      clearRouteCache: () => {
        this.#routeIsStale = true;
      },
      request: {
        headers: () => this.#requestGoesOn(),
        data: (bytes, end) => this.#requestBody?.passed(bytes, end) ?? true,
        trailers: (map) => this.#requestBody?.passedTrailers(map),
      },
      response: {
        headers: () => {
          this.#responseWentOn = true;
          this.#goOn();
        },
        data: (bytes, end) => this.#responseBody?.passed(bytes, end) ?? true,
        trailers: (map) => this.#responseBody?.passedTrailers(map),
      },
      requestWritable: () => this.#requestBody?.sourceMayGoOn(),
      responseWritable: () => this.#responseBody?.sourceMayGoOn(),
      localReply: (reply) => this.#reply(reply),
      reset: () => exchange.reset('LR', 'wasm_fail_stream'),
    });
  }

  /** The request's head, and its body as far as the plugin wants it now. A promise holds the request. */
  onRequest(): Promise<void> | undefined {
    const exchange = this.#exchange;
    const body = exchange.requestBody;
    if (body !== undefined) {
      this.#requestBody = new FilteredBody(body, this.#stream.request, () => this.#stream.requestDrained());
      exchange.requestBody = this.#requestBody;
    }
    const headers = requestHeaderMap(exchange, () => {
      this.#routeIsStale = true;
    });
    this.#requestHeaders = headers;
    this.#stream.request.headers(headers, body === undefined && exchange.upgrade === undefined);
    if (this.#requestWentOn || exchange.responseStarted || exchange.finished) return undefined;
    return this.#held(this.#requestBody, () => this.#requestWentOn);
  }

  /** The response's head; its body by {@link responseBody}. */
  onResponse(body: ByteSource | undefined): Promise<void> | undefined {
    // Nothing of the request goes on any more, whatever holds it.
    this.#stream.stopRequest();
    if (body !== undefined) {
      this.#responseBody = new FilteredBody(body, this.#stream.response, () => this.#stream.responseDrained());
    }
    this.#stream.response.headers(responseHeaderMap(this.#exchange), body === undefined);
    if (this.#responseWentOn || this.#exchange.headSent || this.#exchange.finished) return undefined;
    return this.#held(this.#responseBody, () => this.#responseWentOn);
  }

  get responseBody(): ByteSource | undefined {
    return this.#responseBody;
  }

  /** The exchange is over, and the plugin logs it; {@link close} is to follow. */
  log(): void {
    this.#proceed = undefined;
    this.#responseBody?.cancel();
    this.#stream.log(this.#loggedHeaders());
  }

  /** The plugin is done with the exchange. */
  close(): void {
    this.#stream.close(this.#loggedHeaders());
  }

  #loggedHeaders(): LoggedHeaders {
    const exchange = this.#exchange;
    return {
      requestHeaders: requestHeaderMap(exchange, () => {}),
      ...(exchange.responseStarted ? { responseHeaders: responseHeaderMap(exchange) } : {}),
    };
  }

  /** The plugin holds a head; it may want to see the body that follows. */
  #held(body: FilteredBody | undefined, wentOn: () => boolean): Promise<void> | undefined {
    body?.pull();
    const { finished, headSent } = this.#exchange;
    if (wentOn() || finished || headSent) return undefined;
    return new Promise((resolve) => {
      this.#proceed = resolve;
    });
  }

  #goOn(): void {
    const proceed = this.#proceed;
    this.#proceed = undefined;
    proceed?.();
  }

  #requestGoesOn(): void {
    this.#requestWentOn = true;
    if (this.#isUnfit()) {
      this.#goOn();
      return;
    }
    if (this.#routeIsStale) {
      this.#routeIsStale = false;
      chooseRoute(this.#exchange);
    }
    this.#goOn();
  }

  /** Answers for Envoy's router, which refuses what filters have made of a request. */
  #isUnfit(): boolean {
    const exchange = this.#exchange;
    if (exchange.path === '') {
      exchange.route = undefined;
      exchange.clusterName = undefined;
      reply(exchange, 404, '', 'route_not_found', 'NR');
      return true;
    }
    const fault = this.#requestHeaders?.fault;
    if (fault === undefined) return false;
    if (exchange.clusterName !== undefined) exchange.attempts = 1;
    const details = `filter_removed_required_request_headers{${fault.replaceAll(' ', '_')}}`;
    reply(exchange, 503, fault, details, 'DPE');
    return true;
  }

  #reply({ status, details, body, headers, grpcStatus }: LocalReply): void {
    const exchange = this.#exchange;
    if (exchange.finished) return;
    if (exchange.headSent) {
      exchange.reset('LR', details);
      return;
    }
    exchange.responseDetails = details;
    const isGrpc = isGrpcContentType(headerValue(exchange.requestHeaders, 'content-type'));
    const describe = (list: HeaderList): void => {
      for (const [name, value] of headers) {
        if (name.toLowerCase() !== ':status' && isField(name.toLowerCase(), value))
          list.push(name.toLowerCase(), value);
      }
      describeLocalBody(list, status, body, isGrpc, grpcStatus);
    };
    const source = isGrpc || body.length === 0 ? undefined : bytesSource([body]);
    exchange.upstream?.giveUp();
    if (exchange.responseStarted) {
      this.#responseBody?.cancel();
      respondDirectly(exchange, isGrpc ? 200 : status, source, describe);
    } else {
      respond(exchange, isGrpc ? 200 : status, [], source, { afterRoute: describe });
    }
    this.#goOn();
  }
}
