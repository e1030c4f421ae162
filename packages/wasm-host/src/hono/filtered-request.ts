import type { LocalReply } from '../context.ts';
import { HeaderList, type HeaderMap } from '../header-map.ts';
import { latin1Bytes } from '../header-pairs.ts';
import { HttpStream, type StreamPlugin } from '../http-stream.ts';
import { INLINE_REQUEST_HEADERS, INLINE_RESPONSE_HEADERS } from '../inline-headers.ts';
import { formatLocalReply } from '../local-reply.ts';
import { BodyPump, StreamedBody } from './streamed-body.ts';
import { fieldPairs, isField, isSame, webHeaders } from './web-headers.ts';

/** Statuses whose responses have no body (fetch, "null body status"). */
const NULL_BODY = new Set([101, 103, 204, 205, 304]);

interface Options {
  readonly bufferLimitBytes?: number;
  readonly property?: (path: readonly string[]) => Uint8Array | undefined;
}

/** One web request through a filter, and the response to it. */
export class FilteredRequest {
  readonly #raw: Request;
  readonly #requestHeaders: HeaderList;
  readonly #stream: HttpStream;
  readonly #passed = Promise.withResolvers<Request | Response>();
  readonly #answered = Promise.withResolvers<Response>();
  #requestPump: BodyPump | undefined;
  #requestBody: StreamedBody | undefined;
  #responseHeaders: HeaderMap | undefined;
  #responsePump: BodyPump | undefined;
  #responseBody: StreamedBody | undefined;
  #isReset = false;

  constructor(raw: Request, plugin: StreamPlugin, options: Options) {
    this.#raw = raw;
    // Who does not wait for the answer any more need not hear that there is none.
    this.#answered.promise.catch(() => {});
    const { pathname, search, host, protocol } = new URL(raw.url);
    this.#requestHeaders = new HeaderList(
      [
        [':authority', raw.headers.get('host') ?? host],
        [':path', pathname + search],
        [':method', raw.method],
        [':scheme', protocol.slice(0, -1)],
        ...fieldPairs(raw.headers).filter(([name]) => name !== 'host'),
      ],
      { inline: INLINE_REQUEST_HEADERS },
    );
    this.#stream = new HttpStream({
      plugins: [plugin],
      ...(options.bufferLimitBytes === undefined ? {} : { bufferLimitBytes: options.bufferLimitBytes }),
      property: (path) => options.property?.(path) ?? this.#property(path),
      request: {
        headers: (map) => this.#passed.resolve(this.#requestBehind(map)),
        data: (bytes, end) => this.#requestBody?.write(bytes, end) ?? true,
        // Web requests have no trailers.
        trailers: () => this.#requestBody?.end(),
      },
      response: {
        headers: (map, end) => this.#respond(map, end),
        data: (bytes, end) => {
          const takesMore = this.#responseBody?.write(bytes, end) ?? true;
          if (end) this.#close();
          return takesMore;
        },
        trailers: () => {
          this.#responseBody?.end();
          this.#close();
        },
      },
      requestWritable: () => this.#requestPump?.resume(),
      responseWritable: () => this.#responsePump?.resume(),
      localReply: (reply, isDirect) => this.#reply(reply, isDirect),
      reset: () => this.#reset(),
    });
  }

  /** The request as handlers are to see it, or the filter's answer. */
  async request(): Promise<Request | Response> {
    const { body } = this.#raw;
    const before = [...this.#requestHeaders.pairs()];
    if (body !== null) {
      this.#requestPump = new BodyPump(body);
      this.#requestBody = new StreamedBody(
        () => this.#stream.requestDrained(),
        (reason) => this.#requestPump?.cancel(reason),
      );
    }
    // An upgraded connection goes on after the head.
    const isUpgrade = this.#raw.headers.get('upgrade') !== null;
    this.#stream.request.headers(this.#requestHeaders, body === null && !isUpgrade);
    this.#requestPump?.run(this.#stream.request).catch((error: unknown) => this.#requestBody?.fail(error));
    const passed = await Promise.race([this.#passed.promise, this.#answered.promise]);
    // Nothing changed: what else the runtime knows of the request stays with it.
    const isUntouched = body === null && isSame(before, this.#requestHeaders.pairs());
    return passed instanceof Response || !isUntouched ? passed : this.#raw;
  }

  /** The filter's own answer, if it gives one before {@link response} is called. */
  answer(): Promise<Response> {
    return this.#answered.promise;
  }

  /** The response as it is to be sent. */
  response(raw: Response): Promise<Response> {
    this.#stream.stopRequest();
    if (raw.status === 101) {
      // The connection is the handler's now; the filter sees that it began.
      this.#responseHeaders = new HeaderList([[':status', '101']]);
      this.#close();
      return Promise.resolve(raw);
    }
    const headers = new HeaderList([[':status', String(raw.status)], ...fieldPairs(raw.headers)], {
      inline: INLINE_RESPONSE_HEADERS,
    });
    const body = this.#raw.method === 'HEAD' || NULL_BODY.has(raw.status) ? null : raw.body;
    if (body !== null) {
      const pump = new BodyPump(body);
      this.#responsePump = pump;
      this.#stream.response.headers(headers, false);
      pump.run(this.#stream.response).catch((error: unknown) => {
        this.#responseBody?.fail(error);
        this.#answered.reject(error);
        this.#close();
      });
    } else this.#stream.response.headers(headers, true);
    return this.#answered.promise;
  }

  #requestBehind(map: HeaderMap): Request {
    const { origin } = new URL(this.#raw.url);
    const scheme = map.get(':scheme') ?? 'http';
    const authority = map.get(':authority') ?? '';
    const path = map.get(':path') ?? '/';
    const url = URL.parse(path, `${scheme}://${authority}`) ?? new URL(path, origin);
    const headers = webHeaders(map);
    if (this.#raw.headers.has('host')) headers.set('host', authority);
    const method = map.get(':method') ?? this.#raw.method;
    const takesBody = this.#requestBody !== undefined && method !== 'GET' && method !== 'HEAD';
    return new Request(url, {
      method,
      headers,
      redirect: this.#raw.redirect,
      signal: this.#raw.signal,
      ...(takesBody ? { body: this.#requestBody?.stream ?? null, duplex: 'half' as const } : {}),
    } as RequestInit);
  }

  #respond(map: HeaderMap, end: boolean): void {
    this.#responseHeaders = map;
    const status = Number(map.get(':status') ?? 200);
    const headers = webHeaders(map);
    if (end || NULL_BODY.has(status)) {
      this.#answered.resolve(new Response(null, { status, headers }));
      if (end) this.#close();
      return;
    }
    this.#responseBody = new StreamedBody(
      () => this.#stream.responseDrained(),
      (reason) => {
        this.#responsePump?.cancel(reason);
        this.#close();
      },
    );
    this.#answered.resolve(new Response(this.#responseBody.stream, { status, headers }));
  }

  #reply(reply: LocalReply, isDirect: boolean): void {
    const { headers, body } = formatLocalReply(
      { ...reply, headers: reply.headers.filter(([name, value]) => isField(name, value)) },
      {
        isGrpc: /^application\/grpc(\+|$)/.test(this.#requestHeaders.get('content-type') ?? ''),
        isHead: this.#raw.method === 'HEAD',
      },
    );
    if (isDirect) {
      this.#responsePump?.cancel(undefined);
      this.#responseHeaders = headers;
      const content = body.length === 0 ? null : new Uint8Array(body);
      this.#answered.resolve(new Response(content, { status: reply.status, headers: webHeaders(headers) }));
      this.#close();
      return;
    }
    this.#stream.response.headers(headers, body.length === 0);
    if (body.length > 0) this.#stream.response.data(body, true);
  }

  #reset(): void {
    if (this.#isReset) return;
    this.#isReset = true;
    const error = new Error('The filter broke the stream off');
    this.#requestPump?.cancel(error);
    this.#responsePump?.cancel(error);
    this.#responseBody?.fail(error);
    this.#answered.reject(error);
    this.#close();
  }

  #close(): void {
    this.#stream.close({
      requestHeaders: this.#requestHeaders,
      ...(this.#responseHeaders === undefined ? {} : { responseHeaders: this.#responseHeaders }),
    });
  }

  #property(path: readonly string[]): Uint8Array | undefined {
    const [subject, name, header] = path;
    const of = (map: HeaderMap | undefined, field: string): Uint8Array | undefined => {
      const value = map?.get(field);
      return value === undefined ? undefined : latin1Bytes(value);
    };
    if (subject === 'response') {
      if (name === 'headers' && header !== undefined) return of(this.#responseHeaders, header);
      const status = name === 'code' ? this.#responseHeaders?.get(':status') : undefined;
      if (status === undefined) return undefined;
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigInt64(0, BigInt(status), true);
      return bytes;
    }
    if (subject !== 'request') return undefined;
    const whole = this.#requestHeaders.get(':path') ?? '/';
    switch (name) {
      case 'headers':
        return header === undefined ? undefined : of(this.#requestHeaders, header);
      case 'path':
        return latin1Bytes(whole);
      case 'url_path':
        return latin1Bytes(whole.split('?', 1)[0] ?? '');
      case 'query':
        return latin1Bytes(whole.includes('?') ? whole.slice(whole.indexOf('?') + 1) : '');
      case 'method':
      case 'scheme':
        return of(this.#requestHeaders, `:${name}`);
      case 'host':
        return of(this.#requestHeaders, ':authority');
      case 'useragent':
        return of(this.#requestHeaders, 'user-agent');
      case 'referer':
        return of(this.#requestHeaders, 'referer');
      case 'id':
        return of(this.#requestHeaders, 'x-request-id');
      default:
        return undefined;
    }
  }
}
