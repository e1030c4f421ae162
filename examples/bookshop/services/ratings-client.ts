import { type ClientHttp2Session, connect } from 'node:http2';
import process from 'node:process';
import { frame, GET_RATING, readSmall, STATUS, unframe } from './grpc-wire.ts';

export type Rating =
  | { readonly type: 'stars'; readonly stars: number }
  | { readonly type: 'error'; readonly message: string };

/**
 * Where ratings is, as Kubernetes tells every container: its virtual address in a cluster, the sidecar's own listener in `heddle dev`.
 * What routes is the authority, the service's name.
 */
const target = `http://${process.env['RATINGS_SERVICE_HOST'] ?? 'ratings'}:${process.env['RATINGS_SERVICE_PORT'] ?? '9090'}`;
const authority = 'ratings:9090';

let session: ClientHttp2Session | undefined;

/** Calls GetRating; never throws. */
export async function askRating(id: number, headers: Record<string, string>): Promise<Rating> {
  try {
    return await call(id, headers);
  } catch (error) {
    return { type: 'error', message: (error as Error).message };
  }
}

async function call(id: number, headers: Record<string, string>): Promise<Rating> {
  const stream = openSession().request({
    ...headers,
    ':method': 'POST',
    ':path': GET_RATING,
    ':authority': authority,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.setTimeout(20_000, () => stream.close());
  let status: unknown;
  let message: unknown;
  const look = (found: Record<string, unknown>) => {
    status ??= found['grpc-status'] ?? (found[':status'] === 200 ? undefined : STATUS.unavailable);
    message ??= found['grpc-message'] ?? (found[':status'] === 200 ? undefined : `HTTP ${String(found[':status'])}`);
  };
  stream.on('response', look);
  stream.on('trailers', look);
  stream.end(frame(id));
  const body = await readSmall(stream);
  if (status === STATUS.ok) return { type: 'stars', stars: unframe(body) };
  const text = typeof message === 'string' ? decodeURIComponent(message) : 'no answer';
  return { type: 'error', message: `grpc-status ${typeof status === 'string' ? status : 'none'}, ${text}` };
}

/** One connection for all calls, made anew when it has gone. */
function openSession(): ClientHttp2Session {
  if (session !== undefined && !session.closed && !session.destroyed) return session;
  const opened = connect(target);
  // Whoever waits for an answer gets the error from its own stream.
  opened.on('error', () => {});
  opened.once('goaway', () => opened.close());
  opened.unref();
  session = opened;
  return opened;
}
