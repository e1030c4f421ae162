import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Pair, SeenMessage } from './probe-case.ts';

/** What the peer of callouts answers. `undefined` is nothing, ever. */
export interface PeerAnswer {
  readonly headers: readonly Pair[];
  readonly body: string;
  readonly trailers: readonly Pair[];
}

/** Answers to callouts by path, the same for Envoy, by a socket, and for the host, by call. */
export function answerCallout(path: string, body: string): PeerAnswer | undefined {
  const fine: Pair[] = [
    [':status', '200'],
    ['x-peer', 'one'],
    ['x-peer', 'two'],
  ];
  switch (path) {
    case '/fine':
    case '/slow':
      return { headers: fine, body: 'fine', trailers: [] };
    case '/echo':
      return { headers: fine, body: `got ${body}`, trailers: [] };
    case '/trailers':
      return { headers: fine, body: 'with trailers', trailers: [['x-last', 'word']] };
    case '/empty':
      return { headers: [[':status', '204']], body: '', trailers: [] };
    case '/error':
      return { headers: [[':status', '500']], body: 'broken', trailers: [] };
    default:
      return undefined;
  }
}

/** One event of a gRPC call, as the peer makes it. */
export type GrpcAnswer =
  | { readonly initial: readonly Pair[] }
  | { readonly message: string }
  /** Trailers, the status among them. */
  | { readonly end: readonly Pair[] };

const INITIAL: readonly Pair[] = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ['x-initial', 'yes'],
];
const OK: readonly Pair[] = [
  ['grpc-status', '0'],
  ['x-trailing', 'yes'],
];

/** Answers to a gRPC message; `undefined` for the message is the start of the call, `end` says that none comes any more. */
export function answerGrpc(method: string, message: string | undefined, end: boolean): readonly GrpcAnswer[] {
  switch (method) {
    case 'Say':
      return message === undefined ? [] : [{ initial: INITIAL }, { message: `said ${message}` }, { end: OK }];
    case 'Fail':
      return message === undefined
        ? []
        : [
            {
              end: [...INITIAL, ['grpc-status', '5'], ['grpc-message', 'no such thing']],
            },
          ];
    case 'Talk': {
      const answers: GrpcAnswer[] = message === undefined ? [{ initial: INITIAL }] : [{ message: `heard ${message}` }];
      return end ? [...answers, { end: OK }] : answers;
    }
    default:
      return [];
  }
}

/** A peer that speaks HTTP/2 without TLS, for streams (`respond`), callouts and gRPC. */
export interface Peer {
  readonly port: number;
  close(): Promise<void>;
}

/** How the upstream answers a request. */
export type Respond = (request: SeenMessage) => {
  readonly headers: readonly Pair[];
  readonly body: readonly string[];
  readonly trailers: readonly Pair[];
};

/** As many headers as the probe may make. */
export const WIDE = { maxHeaderListPairs: 4000 };

/** Starts the peer on a free port. */
export async function startPeer(respond: Respond): Promise<Peer> {
  const server = http2.createServer(WIDE);
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers, _flags, raw: unknown) => {
    stream.on('error', () => {});
    const path = String(headers[':path']);
    const pairs = pairsOf(raw as readonly string[]);
    const grpc = /^\/probe\.Echo\/(\w+)$/.exec(path)?.[1];
    if (grpc !== undefined) serveGrpc(stream, grpc);
    else
      void readMessage(stream, pairs).then(
        (request) => answer(stream, request, respond),
        // Who asked has gone away.
        () => {},
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const CALLOUT_DELAY_MS = 60;
/** How long the answer to `/slow` takes: longer than a client needs to go away. */
export const SLOW_MS = 400;

/** An option of node's that its types do not know. */
const WITHOUT_DATE = { sendDate: false };

function answer(stream: http2.ServerHttp2Stream, request: SeenMessage, respond: Respond): void {
  const isCallout = request.headers.some(([name, value]) => name === ':authority' && value === 'callout');
  const path = request.headers.find(([name]) => name === ':path')?.[1] ?? '';
  if (!isCallout) {
    send(stream, respond(request));
    return;
  }
  const found = answerCallout(path, request.body);
  // When what was sent at the same time has arrived, as in the emulator.
  const body = found?.body === '' ? [] : [found?.body ?? ''];
  const delayMs = path === '/slow' ? SLOW_MS : CALLOUT_DELAY_MS;
  if (found !== undefined) setTimeout(() => send(stream, { ...found, body }), delayMs);
}

function send(
  stream: http2.ServerHttp2Stream,
  {
    headers,
    body,
    trailers,
  }: { readonly headers: readonly Pair[]; readonly body: readonly string[]; readonly trailers: readonly Pair[] },
): void {
  if (stream.destroyed) return;
  const isEmpty = body.length === 0 && trailers.length === 0;
  stream.respond(rawHeaders(headers), { endStream: isEmpty, waitForTrailers: trailers.length > 0, ...WITHOUT_DATE });
  if (isEmpty) return;
  if (trailers.length > 0) stream.on('wantTrailers', () => stream.sendTrailers(rawHeaders(trailers)));
  void sendPieces(stream, body);
}

/** Each piece in a frame of its own; the last one ends the stream, unless trailers do. */
export async function sendPieces(stream: http2.Http2Stream, pieces: readonly string[]): Promise<void> {
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece, 'latin1');
    if (index === pieces.length - 1) stream.end(bytes);
    else {
      stream.write(bytes);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    if (stream.destroyed) return;
  }
  if (pieces.length === 0) stream.end();
}

function serveGrpc(stream: http2.ServerHttp2Stream, method: string): void {
  let pending = Buffer.alloc(0);
  let trailers: readonly Pair[] = [];
  stream.on('wantTrailers', () => stream.sendTrailers(rawHeaders(trailers)));
  const act = (answers: readonly GrpcAnswer[]) => {
    for (const each of answers) {
      if (stream.destroyed) return;
      if ('initial' in each) stream.respond(rawHeaders(each.initial), { waitForTrailers: true, ...WITHOUT_DATE });
      else if ('message' in each) stream.write(frame(each.message));
      else if (stream.headersSent) {
        trailers = each.end;
        stream.end();
      } else stream.respond(rawHeaders(each.end), { endStream: true, ...WITHOUT_DATE });
    }
  };
  act(answerGrpc(method, undefined, false));
  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32BE(1)) {
      const end = 5 + pending.readUInt32BE(1);
      act(answerGrpc(method, pending.subarray(5, end).toString('latin1'), false));
      pending = pending.subarray(end);
    }
  });
  stream.on('end', () => {
    if (method === 'Talk') act([{ end: OK }]);
  });
}

function frame(message: string): Buffer {
  const bytes = Buffer.from(message, 'latin1');
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Reads a message to its end. */
export function readMessage(stream: http2.Http2Stream, headers: readonly Pair[]): Promise<SeenMessage> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let trailers: readonly Pair[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('trailers', (_headers, _flags, raw: unknown) => {
      trailers = pairsOf(raw as readonly string[]);
    });
    // A reset ends the stream too, if its code is that of no error, which older Envoys send.
    stream.on('aborted', () => reject(new Error('broken off')));
    stream.on('end', () => {
      if (!stream.aborted) resolve({ headers, body: Buffer.concat(chunks).toString('latin1'), trailers });
    });
    stream.on('close', () => {
      if (stream.rstCode !== http2.constants.NGHTTP2_NO_ERROR) reject(new Error(`reset by ${stream.rstCode}`));
    });
  });
}

/** Of node's raw list. */
export function pairsOf(raw: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at] as string, raw[at + 1] as string]);
  return pairs;
}

/** For node's http2, which wants several values of a name as a list. */
export function rawHeaders(pairs: readonly Pair[]): http2.OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of pairs) {
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return headers;
}
