import { Body, bodyOf } from "./body";
import { Context, ContextKind, currentStream, noteCallouts, setCurrentStream } from "./context";
import { HeaderPairs } from "./header-pairs";
import { Headers, headersOf } from "./headers";
import { proxy_http_call, proxy_set_effective_context } from "./hostcalls";
import { beginCallback, OUT } from "./memory";
import { Entry, Table } from "./table";
import { bytesOf, emptyBytes, utf8 } from "./text";

/** A request that a filter makes itself. */
export class HttpRequest {
  readonly headers: HeaderPairs;
  private content: ArrayBuffer = emptyBytes();

  /** @param path with the query */
  constructor(method: string, authority: string, path: string) {
    this.headers = new HeaderPairs().add(":method", method).add(":path", path).add(":authority", authority);
  }

  /** Adds a header; the name is lower case. */
  header(name: string, value: string): HttpRequest {
    this.headers.add(name, value);
    return this;
  }

  body<T>(content: T): HttpRequest {
    this.content = bytesOf<T>(content);
    return this;
  }

  get bytes(): ArrayBuffer {
    return this.content;
  }
}

/** What came back, readable while its handler runs. */
@unmanaged
export abstract class HttpResponse {
  /** 0 if nothing came; what the host answers for a dead upstream or a time-out (503, 504) looks like an answer. */
  @inline get status(): u32 { return this.headers.status; }
  @inline get headers(): Headers { return headersOf(6); }
  @inline get body(): Body { return bodyOf(4); }
  @inline get trailers(): Headers { return headersOf(7); }
}

/**
 * Handles the answer to a callout. It is called once, in the name of the context that made the call, unless that is gone by then: so
 * `resumeRequest()` and the headers of the stream are at hand.
 *
 * @example
 * class Verdict extends HttpCallHandler {
 *   constructor(private request: Request) { super(); }
 *   onResponse(response: HttpResponse): void {
 *     if (response.status == 200) this.request.resumeRequest();
 *     else this.request.reply(403);
 *   }
 * }
 */
export abstract class HttpCallHandler extends Entry {
  __owner: Context | null = null;

  abstract onResponse(response: HttpResponse): void;
}

/** Calls without an answer yet. */
export const httpCalls = new Table();

const DEFAULT_TIMEOUT_MS: u32 = 5000;

/**
 * Sends a request to a cluster and goes on. False if the host refuses it, because it knows no such cluster, say: then the handler is not
 * called.
 *
 * @param owner the stream or the plugin in whose name it is sent
 * @param timeoutMs milliseconds; 0 stands for 5 seconds, for there is no call without an end
 */
export function httpCall(owner: Context, cluster: string, request: HttpRequest, timeoutMs: u32, handler: HttpCallHandler): bool {
  noteCallouts();
  const name = utf8(cluster);
  const headers = request.headers.encode();
  const body = request.bytes;
  const status = proxy_http_call(
    changetype<usize>(name), name.byteLength,
    changetype<usize>(headers), headers.byteLength,
    changetype<usize>(body), body.byteLength,
    0, 0,
    timeoutMs == 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
    OUT,
  );
  if (status != 0) {
    owner.__callFailed();
    return false;
  }
  handler.__owner = owner;
  owner.__pendingCalls++;
  httpCalls.add(load<u32>(OUT), handler);
  return true;
}

/** The host's answers name the plugin: what follows is to be in the name of the stream. */
export function actFor(owner: Context): void {
  const isRoot = owner.__kind == ContextKind.Root;
  if (isRoot && currentStream === null) return;
  proxy_set_effective_context(owner.__id);
  setCurrentStream(isRoot ? null : owner);
  // What was read of another stream's headers is not this one's.
  beginCallback();
}

export function endHttpCall(token: u32): void {
  const entry = httpCalls.take(token);
  if (entry === null) return;
  const handler = changetype<HttpCallHandler>(entry);
  const owner = handler.__owner;
  if (owner === null) return;
  owner.__pendingCalls--;
  actFor(owner);
  handler.onResponse(changetype<HttpResponse>(1));
  owner.__callEnded();
}

/** Forgets the calls of a stream that is gone. */
export function forgetHttpCalls(owner: Context): void {
  for (let index = 0; index < httpCalls.chainCount; index++) {
    let entry = httpCalls.chain(index);
    while (entry !== null) {
      const next = entry.__next;
      if (changetype<HttpCallHandler>(entry).__owner === owner) httpCalls.take(entry.__id);
      entry = next;
    }
  }
}
