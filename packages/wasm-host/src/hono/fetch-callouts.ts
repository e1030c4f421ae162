import { type Callouts, type HttpCall, type HttpCallReply, proxyReply } from '../callouts.ts';
import type { HeaderPair } from '../header-pairs.ts';
import { BinaryWriter } from '../wasm-binary.ts';
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
        finish(isLate ? proxyReply(504, 'upstream request timeout') : proxyReply(503, CONNECT_ERROR)),
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
  const path = pseudo(':path') ?? '/';
  // Behind a base URL anything else could become part of the host.
  if (!path.startsWith('/'))
    throw new Error(`Cannot call cluster "${call.cluster}": found the path "${path}", wanted one with "/" first`);
  const response = await send(
    new Request(base.replace(/\/$/, '') + path, {
      method,
      headers,
      redirect: 'manual',
      signal,
      ...(call.body.length > 0 && method !== 'GET' && method !== 'HEAD' ? { body: call.body } : {}),
    }),
  );
  const body = await readBody(response);
  return {
    headers: [[':status', String(response.status)] as HeaderPair, ...fieldPairs(response.headers)],
    body,
    trailers: [],
  };
}

async function readBody({ body }: Response): Promise<Uint8Array> {
  const writer = new BinaryWriter();
  for await (const chunk of body ?? []) {
    // To leave the loop cancels the rest.
    if (writer.length + chunk.length > MAX_REPLY_BYTES) {
      throw new Error(`Cannot read the answer: it is longer than ${MAX_REPLY_BYTES} bytes`);
    }
    writer.push(chunk);
  }
  return writer.done();
}
