import { Context, ContextKind } from "./context";
import { Headers, headersOf } from "./headers";
import { proxy_close_stream, proxy_continue_stream } from "./hostcalls";
import { Reply, sendReply } from "./reply";
import { BodyResult, HeadersResult, TrailersResult } from "./results";
import { utf8 } from "./text";

/** Bits of a direction's state. */
const PAUSED: u32 = 1;
const RESUMED: u32 = 2;

/**
 * A request and its response. Override what the filter wants to see: each callback that is not overridden costs nothing, the host does not
 * call it.
 */
export abstract class HttpContext extends Context {
  private requestState: u32 = 0;
  private responseState: u32 = 0;

  constructor() {
    super(ContextKind.Http);
  }

  /** The request's headers. `endOfStream`: neither body nor trailers follow. */
  onRequestHeaders(endOfStream: bool): HeadersResult { return HeadersResult.Continue; }
  /** The response's headers. `endOfStream`: neither body nor trailers follow. */
  onResponseHeaders(endOfStream: bool): HeadersResult { return HeadersResult.Continue; }

  @inline get requestHeaders(): Headers { return headersOf(0); }
  @inline get requestTrailers(): Headers { return headersOf(1); }
  @inline get responseHeaders(): Headers { return headersOf(2); }
  @inline get responseTrailers(): Headers { return headersOf(3); }

  /**
   * Answers in place of the upstream, or replaces the upstream's answer if its headers have not gone on. Nothing of the request goes on.
   *
   * @param details a word for access logs (`%RESPONSE_CODE_DETAILS%`)
   */
  reply(status: u32, body: string = "", details: string = ""): void {
    this.lift();
    sendReply(status, utf8(body), utf8(details), null, -1);
  }

  /** {@link reply} with all that a reply may have. */
  send(reply: Reply): void {
    this.lift();
    reply.send();
  }

  /** What a `Pause` holds of the request goes on. If nothing is held, nothing happens; within the callback that pauses it, it is no pause. */
  resumeRequest(): void {
    if (this.requestState & PAUSED) {
      this.requestState = 0;
      proxy_continue_stream(0);
    } else {
      this.requestState = RESUMED;
    }
  }

  /** {@link resumeRequest} for the response. */
  resumeResponse(): void {
    if (this.responseState & PAUSED) {
      this.responseState = 0;
      proxy_continue_stream(1);
    } else {
      this.responseState = RESUMED;
    }
  }

  /** Whether the filter holds the request. */
  @inline get isRequestPaused(): bool { return (this.requestState & PAUSED) != 0; }
  /** Whether the filter holds the response. */
  @inline get isResponsePaused(): bool { return (this.responseState & PAUSED) != 0; }

  /** Ends the stream without an answer: the client sees a reset. */
  reset(): void {
    proxy_close_stream(0);
  }

  /** What answers has nothing to hold any more. */
  private lift(): void {
    this.requestState = 0;
    this.responseState = 0;
  }

  // What the callbacks of the module ask. A pause that was lifted before it began is none.

  beginRequest(): void {
    this.requestState &= ~RESUMED;
  }

  beginResponse(): void {
    this.responseState &= ~RESUMED;
  }

  endRequest(result: u32): u32 {
    if (result != 0 && this.requestState & RESUMED) result = 0;
    this.requestState = result == 0 ? 0 : PAUSED;
    return result;
  }

  endResponse(result: u32): u32 {
    if (result != 0 && this.responseState & RESUMED) result = 0;
    this.responseState = result == 0 ? 0 : PAUSED;
    return result;
  }
}
