import { constants, type Http2ServerRequest, type Http2ServerResponse, type OutgoingHttpHeaders } from 'node:http2';
import { DiscoveryError, type DiscoveryErrorCode } from '../discovery-error.ts';
import type { DiscoveryServer } from '../discovery-server.ts';
import type { DiscoveryStream } from '../discovery-stream.ts';
import { DeltaFrameEncoder } from './raw-delta-frame.ts';
import { DeltaRequestReader } from './raw-delta-request.ts';
import { GrpcMessageReader } from './raw-grpc-messages.ts';

/** The gRPC method that the raw path answers. */
export const DELTA_METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/). */
const STATUS: Readonly<Record<DiscoveryErrorCode, number>> = {
  'invalid-argument': 3,
  'deadline-exceeded': 4,
  'resource-exhausted': 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
};

/** What the raw path serves, and its bounds. */
export interface RawDeltaOptions {
  readonly server: Pick<DiscoveryServer, 'admit' | 'openStream' | 'counters'>;
  /** Who is at the other end, for people. */
  readonly peerOf: (request: Http2ServerRequest) => string;
  /** See `OpenStreamOptions.isPrivate`; no connection is unless this says so. */
  readonly isPrivate?: (request: Http2ServerRequest) => boolean;
  /** Largest request accepted, in bytes; default 4 MiB, gRPC's own default. */
  readonly maxRequestBytes?: number;
  /** Encoded responses kept for sharing between streams, in bytes; default 8 MiB. */
  readonly maxKeptBytes?: number;
}

/**
 * Serves the delta method of aggregated discovery below the level of protobuf messages: a response is encoded once for all streams
 * that are sent the same, and only its nonce is written per stream (docs/decisions/0021-response-path.md has the figures).
 *
 * The handler returns false, having touched nothing, for what is not its business: another method or protocol, a request with
 * compression or with a deadline. Those go to the Connect handler.
 *
 * @example
 * const raw = createRawDeltaHandler({ server, peerOf });
 * createServer(settings, (request, response) => raw(request, response) || connectHandler(request, response));
 */
export function createRawDeltaHandler(
  options: RawDeltaOptions,
): (request: Http2ServerRequest, response: Http2ServerResponse) => boolean {
  const encoder = new DeltaFrameEncoder(
    options.maxKeptBytes === undefined ? {} : { maxKeptBytes: options.maxKeptBytes },
  );
  const requests = new DeltaRequestReader();
  return (request, response) => {
    if (!isPlainDelta(request)) return false;
    void serve(request, response, options, encoder, requests);
    return true;
  };
}

function isPlainDelta(request: Http2ServerRequest): boolean {
  const { headers } = request;
  const encoding = headers['grpc-encoding'] ?? 'identity';
  return (
    request.method === 'POST' &&
    request.url === DELTA_METHOD &&
    /^application\/grpc(?:\+proto)?$/.test(headers['content-type'] ?? '') &&
    encoding === 'identity' &&
    headers['grpc-timeout'] === undefined
  );
}

async function serve(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  { server, peerOf, isPrivate, maxRequestBytes = 4 * 1024 * 1024 }: RawDeltaOptions,
  encoder: DeltaFrameEncoder,
  requests: DeltaRequestReader,
): Promise<void> {
  // A broken connection shows as the end of the stream; without a listener the error would end the process.
  request.on('error', () => {});
  response.on('error', () => {});
  let stream: DiscoveryStream | undefined;
  const gone = new AbortController();
  response.once('close', () => {
    gone.abort();
    stream?.end();
  });
  try {
    // Nothing is read meanwhile, so that a client that waits for its turn costs no more than its connection's window.
    await server.admit(gone.signal);
    if (gone.signal.aborted) return;
    stream = server.openStream(peerOf(request), {
      abandon: () => response.stream.close(constants.NGHTTP2_CANCEL),
      isPrivate: isPrivate?.(request) === true,
    });
    readRequests(request, stream, requests, maxRequestBytes);
    const opened = stream;
    for await (const push of opened.pushes()) {
      if (!response.headersSent) response.writeHead(200, RESPONSE_HEADERS);
      const hasRoom = write(response, encoder.encode(push, String(server.counters.updates)));
      // Nothing is taken for a client that does not read: what waits for it are names, which later changes overtake.
      if (!hasRoom) await drained(response);
    }
    finish(request, response);
  } catch (error) {
    stream?.end();
    finish(request, response, error);
  }
}

const RESPONSE_HEADERS: OutgoingHttpHeaders = {
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': 'identity',
};

function readRequests(
  request: Http2ServerRequest,
  stream: DiscoveryStream,
  requests: DeltaRequestReader,
  maxBytes: number,
): void {
  const reader = new GrpcMessageReader(maxBytes);
  // Below the request object, which would pass all on through a queue of its own.
  request.stream.on('data', (chunk: Uint8Array) => {
    // What comes after the end is read, else the connection's window would stay taken, and dropped.
    if (stream.isEnded) return;
    try {
      for (const message of reader.read(chunk)) {
        stream.receive(requests.read(message));
        if (stream.isEnded) return;
      }
    } catch (error) {
      stream.end(asReadError(error));
    }
  });
  request.stream.once('end', () => {
    const cutOff = new DiscoveryError(
      'invalid-argument',
      'Cannot read the request: it ends in the middle of a message',
    );
    stream.end(reader.isMidMessage ? cutOff : undefined);
  });
}

function asReadError(error: unknown): DiscoveryError {
  if (error instanceof DiscoveryError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DiscoveryError('invalid-argument', `Cannot read the request: ${reason}`, { cause: error });
}

/** Returns whether the transport takes more at once. */
function write(response: Http2ServerResponse, parts: readonly Uint8Array[]): boolean {
  const { stream } = response;
  if (response.writableEnded || stream.destroyed) return true;
  if (parts.length === 1) return response.write(parts[0] as Uint8Array);
  stream.cork?.();
  let hasRoom = true;
  for (const part of parts) hasRoom = response.write(part);
  stream.uncork?.();
  return hasRoom;
}

function drained(response: Http2ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.stream.destroyed) {
      resolve();
      return;
    }
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

/** Sends the status, and lets go of a request that is not over. */
function finish(request: Http2ServerRequest, response: Http2ServerResponse, error?: unknown): void {
  if (response.stream.destroyed || response.writableEnded) return;
  const status = statusOf(error);
  // A client that goes on sending is told to stop; before the status is on its way that would take its
  // place, and a client in the middle of a large message would not see its stream close.
  const letGo = () => {
    if (!request.readableEnded) request.stream.close();
  };
  if (response.headersSent) {
    response.stream.once('wantTrailers', () => setImmediate(letGo));
    response.addTrailers(status);
    response.end();
  } else {
    response.writeHead(200, { ...RESPONSE_HEADERS, ...status });
    response.end(() => setImmediate(letGo));
  }
}

function statusOf(error: unknown): Record<string, string> {
  if (error === undefined) return { 'grpc-status': '0' };
  const isKnown = error instanceof DiscoveryError;
  const message = isKnown ? error.message : 'the server failed';
  return {
    'grpc-status': String(STATUS[isKnown ? error.code : 'internal']),
    // Percent-encoded as gRPC wants it; without non-ASCII characters encodeURI escapes a little more than needed, which is allowed.
    'grpc-message': encodeURI(message),
  };
}
