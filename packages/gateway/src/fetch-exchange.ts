import { isGrpcContentType } from '@heddle/routing';
import type { ByteSink, ByteSource } from './http/byte-stream.ts';
import { serveExchange } from './http/connection-manager.ts';
import { type DownstreamConnection, Exchange, type ResponseWriter } from './http/exchange.ts';
import type { HeaderList } from './http/header-list.ts';
import type { HttpListener } from './http/http-listener.ts';
import { receiveHeaders } from './http/received-headers.ts';
import { statusText } from './http/status-text.ts';

/** Serves one `Request` on a listener. The promise resolves with the response's head; its body streams. */
export function serveRequest(
  listener: HttpListener,
  connection: DownstreamConnection,
  request: Request,
): Promise<Response> {
  const raw: string[] = [];
  request.headers.forEach((value, name) => {
    raw.push(name, value);
  });
  const received = receiveHeaders(raw);
  const refusal = refusalOf(request, received.upgrade);
  if (refusal !== undefined) return Promise.resolve(refusal);
  const url = new URL(request.url);
  const body = request.body === null ? undefined : new RequestBody(request.body);
  return new Promise((resolve) => {
    const writer = new FetchWriter(request.method, resolve);
    const exchange = new Exchange(connection, 'HTTP/1.1', writer, {
      method: request.method,
      scheme: url.protocol.slice(0, -1),
      authority: received.host ?? url.host,
      path: url.pathname + url.search,
      headers: received.headers,
      body,
    });
    received.host ??= url.host;
    writer.exchange = exchange;
    body?.attach(exchange);
    if (request.signal.aborted) exchange.downstreamGone();
    else request.signal.addEventListener('abort', () => exchange.downstreamGone(), { once: true });
    serveExchange(listener, exchange, received);
  });
}

// A Response has neither trailers nor a raw connection: what needs them is refused rather than half served.
function refusalOf(request: Request, upgrade: string | undefined): Response | undefined {
  if (upgrade !== undefined) {
    return refused(`Cannot upgrade to "${upgrade}": a gateway mounted through fetch has no raw connection`);
  }
  if (isGrpcContentType(request.headers.get('content-type') ?? undefined)) {
    return refused('Cannot serve gRPC: a gateway mounted through fetch has no trailers');
  }
  return undefined;
}

function refused(message: string): Response {
  return new Response(`${message}\n`, { status: 501, headers: { 'content-type': 'text/plain' } });
}

class FetchWriter implements ResponseWriter {
  exchange: Exchange | undefined;
  readonly #method: string;
  readonly #resolve: (response: Response) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(method: string, resolve: (response: Response) => void) {
    this.#method = method;
    this.#resolve = resolve;
  }

  informational(): void {}

  head(status: number, headers: HeaderList, endStream: boolean): void {
    const fields = new Headers();
    for (let i = 0; i < headers.length; i += 2) fields.append(headers[i] as string, headers[i + 1] as string);
    const init: ResponseInit = { status, statusText: statusText(status), headers: fields };
    if (endStream) {
      const isBodiless = status === 204 || status === 304 || this.#method === 'HEAD';
      if (!isBodiless && !fields.has('content-length')) fields.set('content-length', '0');
      this.#resolve(new Response(null, init));
      return;
    }
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.exchange?.downstreamWritable(),
        cancel: () => this.exchange?.downstreamGone(),
      },
      { highWaterMark: 64 * 1024, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.#resolve(new Response(body, init));
  }

  write(chunk: Uint8Array): boolean {
    this.#controller?.enqueue(chunk);
    return (this.#controller?.desiredSize ?? 1) > 0;
  }

  end(): void {
    this.#controller?.close();
  }

  reset(): void {
    if (this.#controller !== undefined) this.#controller.error(new Error('The endpoint broke the response off'));
    else this.#resolve(Response.error());
  }
}

/** A Request's body as a source; read one chunk at a time. */
class RequestBody implements ByteSource {
  readonly #stream: ReadableStream<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #exchange: Exchange | undefined;
  #sink: ByteSink | undefined;
  #reading = false;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#stream = stream;
  }

  attach(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    this.#reader = this.#stream.getReader();
    void this.#read();
  }

  resume(): void {
    void this.#read();
  }

  cancel(): void {
    this.#sink = undefined;
    const cancelled = this.#reader === undefined ? this.#stream.cancel() : this.#reader.cancel();
    void cancelled.catch(() => {});
  }

  async #read(): Promise<void> {
    if (this.#reading || this.#reader === undefined) return;
    this.#reading = true;
    try {
      while (this.#sink !== undefined) {
        const { done, value } = await this.#reader.read();
        const sink: ByteSink | undefined = this.#sink;
        if (sink === undefined) return;
        if (done) {
          this.#sink = undefined;
          this.#exchange?.requestEnded();
          sink.end(undefined);
          return;
        }
        this.#exchange?.received(value.byteLength);
        if (!sink.write(value)) return;
      }
    } catch {
      this.#sink?.abort('downstream disconnected');
      this.#sink = undefined;
    } finally {
      this.#reading = false;
    }
  }
}
