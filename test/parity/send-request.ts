import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import type { LogEntry } from './access-log.ts';
import {
  describeBody,
  type EchoBackends,
  ORDER_HEADER,
  REQUEST_ID_HEADER,
  type ReceivedRequest,
} from './echo-backends.ts';
import type { CaseRequest, CaseTls } from './parity-case.ts';
import { RawClient } from './raw-http.ts';
import { type HandshakeResult, TlsDialer } from './tls-connection.ts';

/** What came of one request: the answer, and what reached backends. */
export interface Answer {
  /** Undefined when the connection broke before the answer was whole. */
  readonly status: number | undefined;
  readonly error?: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** What the handshake came to, if the request went over TLS and was answered. */
  readonly tls?: HandshakeResult;
  /** Whether the proxy closes the connection afterwards. */
  readonly closes: boolean;
  /** In order of arrival; more than one after a retry. */
  readonly received: readonly ReceivedRequest[];
  /** What the proxy logged; undefined for what it refuses before it has read the headers. */
  readonly log: LogEntry | undefined;
}

/** An answer before the access log was looked at. */
export type UnloggedAnswer = Omit<Answer, 'log'>;

/** How long a copy of a request may come after the answer; spent only on requests of which not every copy is made. */
const COPY_WAIT_MS = 150;

/** What backends received of a request; with its copies ordered by backend, since which of them is first is chance. */
async function takeReceived(backends: EchoBackends, id: string, copies: number): Promise<readonly ReceivedRequest[]> {
  if (copies === 0) return backends.take(id);
  const received = [...backends.take(id)];
  for (let waitedMs = 0; received.length <= copies && waitedMs < COPY_WAIT_MS; waitedMs += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    received.push(...backends.take(id));
  }
  return received.sort((a, b) => a.backend - b.backend);
}

/** Connections to one port of a proxy, by protocol. */
export class ProxyClient {
  readonly #port: number;
  readonly #http1: RawClient;
  readonly #dialer: TlsDialer | undefined;
  /** The last one is in use; those before it have ended. */
  readonly #sessions: ClientHttp2Session[] = [];

  /** With `tls` all connections are over it. */
  constructor(port: number, tls?: CaseTls) {
    this.#port = port;
    const dialer = tls === undefined ? undefined : new TlsDialer(port, tls);
    this.#dialer = dialer;
    this.#http1 = new RawClient(port, dialer === undefined ? {} : { dial: () => dialer.dial() });
  }

  /** Sends a request of a case. Never rejects: a broken exchange is an answer too. */
  async send(request: CaseRequest, id: string, backends: EchoBackends): Promise<UnloggedAnswer> {
    const answer = await (request.http === 2 ? this.#send2(request, id) : this.#send1(request, id)).catch(
      (error: Error) => ({
        status: undefined,
        error: error.message,
        headers: [],
        body: '',
        trailers: [],
        closes: true,
      }),
    );
    const handshake = this.#dialer?.result;
    const received = await takeReceived(backends, id, request.copies);
    // What of a handshake is seen of a refusal depends on how it is refused.
    const tls = handshake === undefined || answer.status === undefined ? {} : { tls: handshake };
    return { ...answer, ...tls, received };
  }

  close(): void {
    this.#http1.close();
    for (const session of this.#sessions) session.destroy();
  }

  async #send1(request: CaseRequest, id: string): Promise<Omit<UnloggedAnswer, 'received'>> {
    const { body, framing } = request;
    const pieces = (body ?? []).map((piece) => Buffer.from(piece, 'latin1'));
    const headers = [
      ...(request.host === undefined ? [] : ['host', request.host]),
      ...request.headers,
      ...ownHeaders(request, id),
    ];
    if (body !== undefined && framing === 'length') {
      headers.push('content-length', String(pieces.reduce((sum, piece) => sum + piece.length, 0)));
    }
    if (body !== undefined && framing === 'chunked') headers.push('transfer-encoding', 'chunked');
    const response = await this.#http1.send({
      method: request.method,
      target: request.path,
      headers,
      body: framing === 'chunked' && body !== undefined ? chunks(pieces, request.trailers) : pieces,
    });
    const { status, trailers, closes } = response;
    return { status, headers: response.headers, body: describeBody(response.body), trailers, closes };
  }

  #send2(request: CaseRequest, id: string): Promise<Omit<UnloggedAnswer, 'received'>> {
    return new Promise((resolve, reject) => {
      const session = this.#session();
      const headers: OutgoingHttpHeaders = {
        ':method': request.method,
        ':path': request.path,
        ':scheme': request.tls === undefined ? 'http' : 'https',
        ...(request.host === undefined ? {} : { ':authority': request.host }),
      };
      const given = [...request.headers, ...ownHeaders(request, id)];
      for (let i = 0; i < given.length; i += 2) {
        const name = (given[i] ?? '').toLowerCase();
        const before = headers[name];
        headers[name] = before === undefined ? given[i + 1] : [...[before].flat().map(String), given[i + 1] ?? ''];
      }
      const hasTrailers = request.trailers.length > 0;
      const stream = session.request(headers, {
        endStream: request.body === undefined && !hasTrailers,
        waitForTrailers: hasTrailers,
      });
      const pieces: Buffer[] = [];
      let status: number | undefined;
      let received: string[] = [];
      let trailers: string[] = [];
      const timer = setTimeout(() => stream.destroy(new Error('no whole response within 10 s')), 10_000);
      stream.on('wantTrailers', () => {
        const fields: Record<string, string> = {};
        for (let i = 0; i < request.trailers.length; i += 2)
          fields[request.trailers[i] ?? ''] = request.trailers[i + 1] ?? '';
        stream.sendTrailers(fields);
      });
      stream.on('response', (head, _flags, raw: string[] = []) => {
        status = head[':status'];
        received = withoutPseudoHeaders(raw);
      });
      stream.on('trailers', (_head, _flags, raw: string[] = []) => {
        trailers = raw;
      });
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      stream.on('close', () => {
        clearTimeout(timer);
        if (status === undefined) reject(new Error('stream closed without a response'));
        else resolve({ status, headers: received, body: describeBody(Buffer.concat(pieces)), trailers, closes: false });
      });
      if (request.body !== undefined || hasTrailers) {
        for (const piece of request.body ?? []) stream.write(Buffer.from(piece, 'latin1'));
        stream.end();
      }
    });
  }

  #session(): ClientHttp2Session {
    const last = this.#sessions.at(-1);
    if (last !== undefined && !last.closed && !last.destroyed) return last;
    const dialer = this.#dialer;
    const session =
      dialer === undefined
        ? connect(`http://127.0.0.1:${this.#port}`)
        : connect(`https://127.0.0.1:${this.#port}`, { createConnection: () => dialer.dial() });
    session.on('error', () => {});
    this.#sessions.push(session);
    return session;
  }
}

function ownHeaders(request: CaseRequest, id: string): string[] {
  const order = Object.keys(request.backend).length === 0 ? [] : [ORDER_HEADER, JSON.stringify(request.backend)];
  return [REQUEST_ID_HEADER, id, ...order];
}

function chunks(pieces: readonly Buffer[], trailers: readonly string[]): Buffer[] {
  const framed = pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
  );
  let end = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) end += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
  return [...framed, Buffer.from(`${end}\r\n`, 'latin1')];
}

function withoutPseudoHeaders(raw: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) if (!raw[i]?.startsWith(':')) headers.push(raw[i] ?? '', raw[i + 1] ?? '');
  return headers;
}
