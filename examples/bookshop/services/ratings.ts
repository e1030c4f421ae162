// How many stars a book has: gRPC, see ratings.proto.
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import process from 'node:process';
import { frame, GET_RATING, readSmall, STATUS, unframe } from './grpc-wire.ts';

const stars = new Map([
  [1, 5],
  [2, 3],
  [3, 4],
]);

const sessions = new Set<ServerHttp2Session>();
const server = createServer();
server.on('session', (session) => {
  sessions.add(session);
  session.once('close', () => sessions.delete(session));
});
server.on('stream', (stream, headers) => {
  stream.on('error', () => stream.close());
  if (headers[':path'] === GET_RATING) void getRating(stream);
  else refuse(stream, STATUS.unimplemented, 'no such method');
});
server.listen(Number(process.env['PORT'] ?? 9090), process.env['HOST'] ?? '0.0.0.0');
process.once('SIGTERM', () => {
  server.close();
  for (const session of sessions) session.close();
});

async function getRating(stream: ServerHttp2Stream): Promise<void> {
  try {
    const rating = stars.get(unframe(await readSmall(stream)));
    if (rating === undefined) return refuse(stream, STATUS.notFound, 'no such book');
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': STATUS.ok }));
    stream.end(frame(rating));
  } catch (error) {
    refuse(stream, STATUS.unknown, (error as Error).message);
  }
}

/** An answer of headers only. */
function refuse(stream: ServerHttp2Stream, status: string, message: string): void {
  if (stream.destroyed || stream.headersSent) return;
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc',
    'grpc-status': status,
    'grpc-message': message,
  };
  stream.respond(headers, { endStream: true });
}
