// What every HTTP service of the shop has in common.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import process from 'node:process';

/** Headers that a service hands on to those it calls, so that routes by user, and traces, reach through the whole shop. */
const HANDED_ON = ['x-user', 'x-trouble', 'x-request-id', 'traceparent', 'tracestate', 'baggage'];

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

/** Who answers: a pod has its name as HOSTNAME, `heddle dev` says HEDDLE_POD. */
export const podName = process.env['HEDDLE_POD'] ?? process.env['HOSTNAME'] ?? 'nobody';

/** Serves HTTP on PORT until SIGTERM; /healthz answers by itself. */
export function serve(handle: (request: IncomingMessage, url: URL) => Promise<Answer> | Answer): void {
  const server = createServer((request, response) => {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://shop');
    if (url.pathname === '/healthz') return send(response, { status: 200, text: 'ok' });
    Promise.resolve(handle(request, url)).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, { status: 500, text: String(error) }),
    );
  });
  // Whoever keeps the connection decides when it ends: one that a server closes may just be carrying the next request.
  server.keepAliveTimeout = 2 * 3_600_000;
  server.listen(Number(process.env['PORT'] ?? 8080), process.env['HOST'] ?? '0.0.0.0');
  process.once('SIGTERM', () => {
    server.close();
    server.closeIdleConnections();
  });
}

function send(response: ServerResponse, { status, text, type = 'text/plain' }: Answer): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'x-served-by': podName });
  response.end(`${text}\n`);
}

export function handedOn(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    HANDED_ON.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/** Calls another service by its name. Through HTTP_PROXY in `heddle dev`, by the mesh's interception in a cluster. */
export async function call(url: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  try {
    const response = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(20_000) });
    return { status: response.status, text: (await response.text()).trimEnd() };
  } catch (error) {
    const cause = (error as Error).cause;
    return { status: 0, text: cause instanceof Error ? cause.message : String(error) };
  }
}
