import net from 'node:net';

/** A response as it came over the wire. Header names keep the case they came in. */
export interface RawResponse {
  readonly status: number;
  /** Name, value, name, value … as received. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly trailers: readonly string[];
  /** Whether the peer closes, or has closed, the connection after this response. */
  readonly closes: boolean;
}

/** A request as it goes over the wire: nothing is added, removed or checked. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value …; framing headers are the caller's business. */
  readonly headers: readonly string[];
  /** Written after the headers, one write for each piece. */
  readonly body: readonly Uint8Array[];
}

/**
 * An HTTP/1.1 client that sends what it is told to, byte for byte, so that odd paths, doubled headers and broken framing reach the proxy.
 * One request at a time on each connection; idle connections are used again.
 */
export class RawClient {
  readonly #dial: () => net.Socket;
  readonly #idle: Connection[] = [];
  readonly #timeoutMs: number;

  /** `dial` opens connections in another way, such as over TLS. */
  constructor(
    port: number,
    options: { readonly host?: string; readonly timeoutMs?: number; readonly dial?: () => net.Socket } = {},
  ) {
    const address = { host: options.host ?? '127.0.0.1', port };
    this.#dial = options.dial ?? (() => net.connect({ ...address, noDelay: true }));
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** Sends one request and reads its response. Rejects when the connection ends, or the time is up, before the response is whole. */
  async send(request: RawRequest): Promise<RawResponse> {
    for (;;) {
      const reused = this.#idle.pop();
      const connection = reused ?? new Connection(this.#dial(), this.#timeoutMs);
      try {
        const response = await connection.exchange(request);
        if (response.closes) connection.close();
        else this.#idle.push(connection);
        return response;
      } catch (error) {
        connection.close();
        // A kept connection may have been closed by the peer in the meantime; that says nothing about this request.
        if (reused === undefined || connection.answered) throw error;
      }
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }
}

class Connection {
  /** Whether any byte of the current response has come. */
  answered = false;
  readonly #socket: net.Socket;
  readonly #timeoutMs: number;
  #received: Buffer = Buffer.alloc(0);
  #ended: Error | undefined;
  #wake = () => {};

  constructor(socket: net.Socket, timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#socket = socket;
    this.#socket.on('data', (chunk: Buffer) => {
      this.answered = true;
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = (error?: Error) => {
      this.#ended ??= error ?? new Error('connection closed');
      this.#wake();
    };
    this.#socket.on('error', end);
    this.#socket.on('close', () => end());
  }

  close(): void {
    this.#socket.destroy();
  }

  async exchange(request: RawRequest): Promise<RawResponse> {
    this.answered = false;
    const timer = setTimeout(() => {
      this.#ended ??= new Error(`no whole response within ${this.#timeoutMs} ms`);
      this.#wake();
    }, this.#timeoutMs);
    try {
      let head = `${request.method} ${request.target} HTTP/1.1\r\n`;
      for (let i = 0; i < request.headers.length; i += 2)
        head += `${request.headers[i]}: ${request.headers[i + 1]}\r\n`;
      this.#socket.write(Buffer.from(`${head}\r\n`, 'latin1'));
      for (const piece of request.body) this.#socket.write(piece);
      for (;;) {
        const response = await this.#readResponse(request.method);
        // Interim responses say nothing by themselves.
        if (response.status >= 200 || response.status === 101) return response;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async #readResponse(method: string): Promise<RawResponse> {
    const head = (await this.#readUntil('\r\n\r\n')).toString('latin1');
    const [statusLine = '', ...lines] = head.slice(0, -4).split('\r\n');
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]);
    if (Number.isNaN(status)) throw new Error(`no HTTP response: ${JSON.stringify(statusLine)}`);
    const headers = lines.flatMap(splitField);
    const get = (wanted: string) =>
      headers[headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === wanted) + 1];
    const connection = indexOfHeader(headers, 'connection') >= 0 ? (get('connection') ?? '') : '';
    const closes = /close/i.test(connection) || statusLine.startsWith('HTTP/1.0');
    const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
    if (bodiless) return { status, headers, body: Buffer.alloc(0), trailers: [], closes };
    if (indexOfHeader(headers, 'transfer-encoding') >= 0) {
      const { body, trailers } = await this.#readChunked();
      return { status, headers, body, trailers, closes };
    }
    if (indexOfHeader(headers, 'content-length') >= 0) {
      const length = Number(get('content-length'));
      return { status, headers, body: await this.#readExactly(length), trailers: [], closes };
    }
    return { status, headers, body: await this.#readToEnd(), trailers: [], closes: true };
  }

  async #readChunked(): Promise<{ body: Buffer; trailers: string[] }> {
    const pieces: Buffer[] = [];
    for (;;) {
      const size = Number.parseInt((await this.#readUntil('\r\n')).toString('latin1'), 16);
      if (size === 0) break;
      pieces.push(await this.#readExactly(size));
      await this.#readExactly(2);
    }
    const trailers: string[] = [];
    for (;;) {
      const line = (await this.#readUntil('\r\n')).toString('latin1').slice(0, -2);
      if (line === '') return { body: Buffer.concat(pieces), trailers };
      trailers.push(...splitField(line));
    }
  }

  async #readUntil(mark: string): Promise<Buffer> {
    for (;;) {
      const at = this.#received.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length);
      await this.#more();
    }
  }

  async #readExactly(length: number): Promise<Buffer> {
    while (this.#received.length < length) await this.#more();
    return this.#take(length);
  }

  async #readToEnd(): Promise<Buffer> {
    while (this.#ended === undefined) await this.#waitForBytes();
    return this.#take(this.#received.length);
  }

  async #more(): Promise<void> {
    if (this.#ended !== undefined) throw this.#ended;
    await this.#waitForBytes();
  }

  #waitForBytes(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }
}

function splitField(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function indexOfHeader(headers: readonly string[], name: string): number {
  return headers.findIndex((text, i) => i % 2 === 0 && text.toLowerCase() === name);
}
