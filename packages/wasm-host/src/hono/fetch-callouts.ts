import type { Callouts, HttpCall, HttpCallReply } from '../callouts.ts';
import type { HeaderPair } from '../header-pairs.ts';
import { fieldPairs, isField } from './web-headers.ts';

/** Most bytes of an answer; more is a failure. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;

/** Calls of a filter by `fetch`. A cluster is a base URL, whose origin is what endpoints are told as host, unless the runtime lets it be chosen. */
export function fetchCallouts(
  clusters: Readonly<Record<string, string>>,
  send: (request: Request) => Promise<Response>,
): Callouts {
  return {
    http(call, replied) {
      const base = Object.hasOwn(clusters, call.cluster) ? clusters[call.cluster] : undefined;
      if (base === undefined) return 'unknown-cluster';
      const abort = new AbortController();
      let isOver = false;
      let isLate = false;
      const timer = call.timeoutMs > 0 ? setTimeout(() => ((isLate = true), abort.abort()), call.timeoutMs) : undefined;
      const finish = (reply: HttpCallReply): void => {
        clearTimeout(timer);
        if (isOver) return;
        isOver = true;
        replied(reply);
      };
      fetchReply(call, base, send, abort.signal).then(finish, () =>
        finish(isLate ? synthetic(504, 'upstream request timeout') : synthetic(503, CONNECT_ERROR)),
      );
      return () => {
        isOver = true;
        clearTimeout(timer);
        abort.abort();
      };
    },
    grpc: () => 'unknown-cluster',
  };
}

const CONNECT_ERROR =
  'upstream connect error or disconnect/reset before headers. reset reason: remote connection failure';

async function fetchReply(
  call: HttpCall,
  base: string,
  send: (request: Request) => Promise<Response>,
  signal: AbortSignal,
): Promise<HttpCallReply> {
  const pseudo = (name: string): string | undefined =>
    call.headers.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
  const headers = new Headers();
  for (const [name, value] of call.headers) if (isField(name, value)) headers.append(name, value);
  const method = pseudo(':method') ?? 'GET';
  const response = await send(
    new Request(base.replace(/\/$/, '') + (pseudo(':path') ?? '/'), {
      method,
      headers,
      redirect: 'manual',
      signal,
      ...(call.body.length > 0 && method !== 'GET' && method !== 'HEAD' ? { body: call.body } : {}),
    }),
  );
  const body = new Uint8Array(await response.arrayBuffer());
  if (body.length > MAX_REPLY_BYTES) throw new Error('the answer is too long');
  return {
    headers: [[':status', String(response.status)] as HeaderPair, ...fieldPairs(response.headers)],
    body,
    trailers: [],
  };
}

/** What Envoy hands over in place of an answer. */
function synthetic(status: number, text: string): HttpCallReply {
  const body = new TextEncoder().encode(text);
  return {
    headers: [
      [':status', String(status)],
      ['content-length', String(body.length)],
      ['content-type', 'text/plain'],
    ],
    body,
    trailers: [],
  };
}
