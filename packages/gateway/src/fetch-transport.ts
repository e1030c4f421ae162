import type { ByteSink, ByteSource } from './http/byte-stream.ts';
import type { HeaderList } from './http/header-list.ts';
import type {
  UpstreamAddress,
  UpstreamCall,
  UpstreamFailure,
  UpstreamHandler,
  UpstreamPool,
  UpstreamRequest,
  UpstreamTransport,
} from './upstream-transport.ts';

/**
 * HTTP to endpoints through the runtime's `fetch`, for places that have nothing else (edge runtimes). What `fetch` hides stays
 * hidden: connect time-outs and connection limits are the runtime's, compressed bodies arrive decoded, there are no trailers and
 * no upgrades. Node's `fetch` always sends the endpoint's own address as Host; Bun's and Deno's send the one they are given.
 */
export function fetchTransport(fetchFunction: typeof fetch = fetch): UpstreamTransport {
  return {
    name: 'fetch',
    supports: { upgrades: false, http2: false, trailers: false },
    createPool: (address) => new FetchPool(address, fetchFunction),
  };
}

class FetchPool implements UpstreamPool {
  readonly #origin: string;
  readonly #fetch: typeof fetch;
  readonly #calls = new Set<FetchCall>();

  constructor(address: UpstreamAddress, fetchFunction: typeof fetch) {
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    this.#origin = `http://${host}:${address.port}`;
    this.#fetch = fetchFunction;
  }

  // How long a request waits for a connection is the runtime's affair.
  readonly isReady = true;

  send(request: UpstreamRequest, handler: UpstreamHandler): UpstreamCall {
    if (handler.mayStart?.() === false) return { cancel() {} };
    const call = new FetchCall(request, handler, () => this.#calls.delete(call));
    this.#calls.add(call);
    void call.run(this.#fetch, this.#origin);
    return call;
  }

  // Connections belong to the runtime: they close when they are idle.
  close(): void {}

  destroy(): void {
    for (const call of this.#calls) call.cancel();
  }
}

class FetchCall implements UpstreamCall, ByteSource {
  readonly #request: UpstreamRequest;
  readonly #handler: UpstreamHandler;
  readonly #onDone: () => void;
  readonly #abort = new AbortController();
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #sink: ByteSink | undefined;
  #reading = false;
  #done = false;
  #cancelled = false;

  constructor(request: UpstreamRequest, handler: UpstreamHandler, onDone: () => void) {
    this.#request = request;
    this.#handler = handler;
    this.#onDone = onDone;
  }

  async run(fetchFunction: typeof fetch, origin: string): Promise<void> {
    const { method, path, headers, authority, body } = this.#request;
    const sent = new Headers({ host: authority });
    for (let i = 0; i < headers.length; i += 2) {
      // The runtime frames the body itself.
      if (headers[i] !== 'content-length') sent.append(headers[i] as string, headers[i + 1] as string);
    }
    const init: RequestInit & { duplex?: 'half'; decompress?: boolean } = {
      method,
      headers: sent,
      redirect: 'manual',
      signal: this.#abort.signal,
      decompress: false,
    };
    if (body !== undefined && method !== 'GET' && method !== 'HEAD') {
      init.body = readableStream(body);
      init.duplex = 'half';
    }
    this.#handler.onRequestStarted?.();
    try {
      const response = await fetchFunction(origin + path, init);
      if (this.#cancelled) return;
      this.#take(response);
    } catch (error) {
      if (!this.#cancelled) this.#handler.onFailure(failureOf(error));
      this.#finish();
    }
  }

  #take(response: Response): void {
    const headers: HeaderList = [];
    const isHead = this.#request.method === 'HEAD';
    // Runtimes that decode a compressed body leave its headers behind; Bun is told not to decode.
    const isDecoded = response.headers.has('content-encoding') && !isHead && !('Bun' in globalThis);
    response.headers.forEach((value, name) => {
      if (isDecoded && (name === 'content-encoding' || name === 'content-length')) return;
      headers.push(name, value);
    });
    const empty = response.body === null || isHead || response.status === 204 || response.status === 304;
    if (!empty) this.#reader = response.body.getReader();
    this.#handler.onResponse(response.status, headers, empty ? undefined : this);
    if (empty) this.#finish();
  }

  start(sink: ByteSink): void {
    this.#sink = sink;
    void this.#read();
  }

  resume(): void {
    void this.#read();
  }

  cancel(): void {
    if (this.#cancelled || this.#done) return;
    this.#cancelled = true;
    this.#sink = undefined;
    this.#abort.abort();
    this.#finish();
  }

  async #read(): Promise<void> {
    if (this.#reading || this.#reader === undefined) return;
    this.#reading = true;
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        const sink = this.#sink;
        if (sink === undefined) return;
        if (done) {
          this.#sink = undefined;
          sink.end(undefined);
          this.#finish();
          return;
        }
        if (!sink.write(value)) return;
      }
    } catch {
      this.#sink?.abort('protocol error');
      this.#sink = undefined;
      this.#finish();
    } finally {
      this.#reading = false;
    }
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    this.#onDone();
    this.#handler.onDone();
  }
}

/** A source as a web stream: one chunk is asked for at a time. */
export function readableStream(source: ByteSource): ReadableStream<Uint8Array> {
  let started = false;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (started) {
          source.resume();
          return;
        }
        started = true;
        source.start({
          write(chunk) {
            controller.enqueue(chunk);
            return (controller.desiredSize ?? 0) > 0;
          },
          end() {
            controller.close();
          },
          abort(cause) {
            controller.error(new Error(`The body ended early: ${cause}`));
          },
        });
      },
      cancel() {
        source.cancel();
      },
    },
    { highWaterMark: 1 },
  );
}

const connectCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'ConnectionRefused']);

// `fetch` says little about what went wrong, and differently everywhere.
function failureOf(error: unknown): UpstreamFailure {
  const { code, cause, message } = error as {
    code?: string;
    cause?: { code?: string; message?: string };
    message?: string;
  };
  const found = cause?.code ?? code ?? '';
  // Deno says it in the cause's message alone.
  const text = [message ?? String(error), cause?.message ?? ''].filter((part) => part !== '').join(': ');
  if (connectCodes.has(found) || /connection refused|tcp connect error|dns error|Unable to connect/i.test(text)) {
    return { kind: 'connection failure', detail: 'delayed connect error: Connection refused' };
  }
  if (found === 'UND_ERR_CONNECT_TIMEOUT' || found === 'ETIMEDOUT') {
    return { kind: 'connection timeout', detail: 'connection timeout' };
  }
  return { kind: 'connection termination', detail: text };
}
