import { Body, bodyOf } from "./body";
import { Context, ContextKind, hasCallouts, mayAct } from "./context";
import { Headers, headersOf } from "./headers";
import { proxy_close_stream, proxy_continue_stream } from "./hostcalls";
import { log } from "./log";
import { Reply, sendReply } from "./reply";
import { BodyResult, HeadersResult, TrailersResult } from "./results";
import { emptyBytes, utf8 } from "./text";

/** What to do with a body that is larger than what is to be collected of it. */
export enum OverLimit {
  /** The answer is 413 for a request, 500 for a response. */
  Refuse,
  /** It passes as it is, uncollected. */
  Pass,
}

const REQUEST: u32 = 0;
const RESPONSE: u32 = 1;

// Bits of a direction's state.
/** It stands still. */
const PAUSED: u32 = 1;
/** It was let go in the callback that runs, before that could hold it. */
const RESUMED: u32 = 2;
/** The headers are held while the body comes. */
const HOLDS_HEADERS: u32 = 4;
/** The body may change: its length was taken out of the headers. */
const ANNOUNCED: u32 = 8;
const CHANGED: u32 = 16;
const COLLECTS: u32 = 32;
const PASSES_OVER_LIMIT: u32 = 64;
/** What lasts from one callback to the next. */
const LASTING: u32 = ANNOUNCED | COLLECTS | PASSES_OVER_LIMIT;

const CONTINUE: u32 = 0;
const WAIT_FOR_BODY: u32 = 1;
const BUFFER: u32 = 1;

/**
 * A request and its response. Override what the filter wants to see: a callback that is not overridden costs nothing, for the host does not
 * call it.
 */
export abstract class HttpContext extends Context {
  private requestState: u32 = 0;
  private responseState: u32 = 0;
  private requestLimit: u32 = 0;
  private responseLimit: u32 = 0;
  private isWaitingForCall: bool = false;
  private hasFailedCall: bool = false;
  private hasReplied: bool = false;

  constructor() {
    super(ContextKind.Http);
  }

  /** The request's headers. `endOfStream`: neither body nor trailers follow. */
  onRequestHeaders(endOfStream: bool): HeadersResult { return HeadersResult.Continue; }
  /** A piece of the request's body, and what was held before it: `size` bytes. `endOfStream`: it is the last, and no trailers follow. */
  onRequestBody(size: u32, endOfStream: bool): BodyResult { return BodyResult.Continue; }
  /** All of the request's body, if it was to be collected: see {@link collectRequestBody}. Not called for a request without a body. */
  onWholeRequestBody(size: u32): BodyResult { return BodyResult.Continue; }
  onRequestTrailers(): TrailersResult { return TrailersResult.Continue; }
  /** The response's headers. `endOfStream`: neither body nor trailers follow. */
  onResponseHeaders(endOfStream: bool): HeadersResult { return HeadersResult.Continue; }
  /** A piece of the response's body, and what was held before it: `size` bytes. `endOfStream`: it is the last, and no trailers follow. */
  onResponseBody(size: u32, endOfStream: bool): BodyResult { return BodyResult.Continue; }
  /** All of the response's body, if it was to be collected: see {@link collectResponseBody}. Not called for a response without a body. */
  onWholeResponseBody(size: u32): BodyResult { return BodyResult.Continue; }
  onResponseTrailers(): TrailersResult { return TrailersResult.Continue; }
  /** The stream is over: headers may be read once more, and nothing changed. */
  onLog(): void {}
  /** The last that is heard of the stream. */
  onDone(): void {}

  @inline get requestHeaders(): Headers { return headersOf(0); }
  @inline get requestTrailers(): Headers { return headersOf(1); }
  @inline get responseHeaders(): Headers { return headersOf(2); }
  @inline get responseTrailers(): Headers { return headersOf(3); }
  @inline get requestBody(): Body { return bodyOf(REQUEST); }
  @inline get responseBody(): Body { return bodyOf(RESPONSE); }

  /**
   * Answers in place of the upstream, or replaces the upstream's answer if its headers have not gone on. Nothing of the request goes on,
   * whatever the callback answers. False if the stream is over (from `onLog` on): then nothing is sent.
   *
   * @param details a word for access logs (`%RESPONSE_CODE_DETAILS%`)
   */
  reply(status: u32, body: string = "", details: string = ""): bool {
    if (!mayAct(this, "reply")) return false;
    this.lift();
    return sendReply(status, utf8(body), utf8(details), null, -1);
  }

  /** {@link reply} with all that a reply may have. */
  send(reply: Reply): bool {
    if (!mayAct(this, "send")) return false;
    this.lift();
    return reply.send();
  }

  /** What is held of the request goes on. If nothing is held, nothing happens; within the callback that holds it, it is not held. */
  resumeRequest(): bool {
    if (!mayAct(this, "resumeRequest")) return false;
    if (this.requestState & PAUSED) {
      this.requestState &= LASTING;
      proxy_continue_stream(REQUEST);
    } else {
      this.requestState |= RESUMED;
    }
    return true;
  }

  /** {@link resumeRequest} for the response. */
  resumeResponse(): bool {
    if (!mayAct(this, "resumeResponse")) return false;
    if (this.responseState & PAUSED) {
      this.responseState &= LASTING;
      proxy_continue_stream(RESPONSE);
    } else {
      this.responseState |= RESUMED;
    }
    return true;
  }

  /** Whether the filter holds the request. */
  @inline get isRequestPaused(): bool { return (this.requestState & PAUSED) != 0; }
  /** Whether the filter holds the response. */
  @inline get isResponsePaused(): bool { return (this.responseState & PAUSED) != 0; }

  /**
   * Says that a message stays held although the callouts for which it waited have ended: something else will resume it. Without that, it is
   * answered with 500, because nothing would.
   */
  stayPaused(): void {
    this.isWaitingForCall = false;
  }

  /**
   * In `onRequestHeaders`: the body may be changed as it comes. Its length is not known then, so it is taken out of the headers.
   */
  announceRequestBodyChange(): void {
    this.requestHeaders.remove("content-length");
    this.requestState |= ANNOUNCED;
  }

  /** {@link announceRequestBodyChange} for the response. */
  announceResponseBodyChange(): void {
    this.responseHeaders.remove("content-length");
    this.responseState |= ANNOUNCED;
  }

  /**
   * In `onRequestHeaders`: the body is held until it is whole, then `onWholeRequestBody` is called. To change headers or to reply then, hold
   * these too (`HeadersResult.WaitForBody`).
   *
   * @param limit bytes; the host has one of its own, beyond which it refuses by itself
   */
  collectRequestBody(limit: u32, overLimit: OverLimit = OverLimit.Refuse): void {
    this.requestLimit = limit;
    this.requestState |= overLimit == OverLimit.Pass ? COLLECTS | PASSES_OVER_LIMIT : COLLECTS;
  }

  /** {@link collectRequestBody} for the response. */
  collectResponseBody(limit: u32, overLimit: OverLimit = OverLimit.Refuse): void {
    this.responseLimit = limit;
    this.responseState |= overLimit == OverLimit.Pass ? COLLECTS | PASSES_OVER_LIMIT : COLLECTS;
  }

  /** Ends the stream without an answer: the client sees a reset. */
  reset(): bool {
    if (!mayAct(this, "reset")) return false;
    this.lift();
    return proxy_close_stream(REQUEST) == 0;
  }

  // From here on for the SDK itself.

  mayChangeBody(direction: u32): bool {
    const state = this.state(direction);
    if ((state & (ANNOUNCED | HOLDS_HEADERS)) == 0) return false;
    this.setState(direction, state | CHANGED);
    return true;
  }

  begin(direction: u32): void {
    this.setState(direction, this.state(direction) & ~RESUMED);
    this.hasFailedCall = false;
  }

  /**
   * Response trailers go on by the answer of their callback, and what was held before them with them: Envoy dies of a call that lets them go.
   */
  beginResponseTrailers(): void {
    this.responseState &= ~PAUSED;
  }

  /** What the host is told about headers. */
  endHeaders(direction: u32, result: u32): u32 {
    let state = this.state(direction);
    if (state & RESUMED) result = CONTINUE;
    state &= LASTING;
    if (result == WAIT_FOR_BODY) state |= HOLDS_HEADERS | PAUSED;
    else if (result != CONTINUE) state |= PAUSED;
    this.setState(direction, state);
    if (result != CONTINUE && result != WAIT_FOR_BODY) this.noteWaiting();
    return result;
  }

  /** Calls what is overridden for a piece of a body; gives what the host is told. */
  passBody(direction: u32, size: u32, endOfStream: bool): u32 {
    const state = this.state(direction);
    if (state & COLLECTS) {
      if (size > (direction == REQUEST ? this.requestLimit : this.responseLimit)) {
        this.setState(direction, state & ~COLLECTS);
        if ((state & PASSES_OVER_LIMIT) == 0) {
          this.reply(direction == REQUEST ? 413 : 500, "", "body_over_limit");
          return BUFFER;
        }
        return this.endBody(direction, CONTINUE, endOfStream);
      }
      if (!endOfStream) return this.endBody(direction, BUFFER, false);
      return this.passWhole(direction, size, true);
    }
    const result = direction == REQUEST ? this.onRequestBody(size, endOfStream) : this.onResponseBody(size, endOfStream);
    return this.endBody(direction, <u32>changetype<usize>(result), endOfStream);
  }

  /** Calls what is overridden for a body that trailers have ended, if it was collected. Answers whether it still stands still. */
  passCollected(direction: u32): bool {
    if ((this.state(direction) & COLLECTS) == 0) return false;
    const size = bodyOf(direction).size;
    return size > 0 && this.passWhole(direction, size, false) != CONTINUE;
  }

  endTrailers(direction: u32, result: u32): u32 {
    let state = this.state(direction);
    if (state & RESUMED) result = CONTINUE;
    state &= LASTING;
    this.setState(direction, result == CONTINUE ? state : state | PAUSED);
    if (result != CONTINUE) this.noteWaiting();
    return result;
  }

  callEnded(): void {
    if (!this.isWaitingForCall || this.pendingCalls > 0 || this.hasReplied) return;
    this.isWaitingForCall = false;
    if (((this.requestState | this.responseState) & PAUSED) == 0) return;
    log.error("a stream was left paused by the last of the callouts for which it waited");
    this.reply(500, "", "left_paused");
  }

  callFailed(): void {
    this.hasFailedCall = true;
  }

  private passWhole(direction: u32, size: u32, endOfStream: bool): u32 {
    this.setState(direction, this.state(direction) & ~COLLECTS);
    const result = direction == REQUEST ? this.onWholeRequestBody(size) : this.onWholeResponseBody(size);
    return this.endBody(direction, <u32>changetype<usize>(result), endOfStream);
  }

  private endBody(direction: u32, result: u32, endOfStream: bool): u32 {
    let state = this.state(direction);
    if (state & RESUMED) result = CONTINUE;
    if (result == CONTINUE) {
      if ((state & (HOLDS_HEADERS | CHANGED)) == (HOLDS_HEADERS | CHANGED)) this.correctLength(direction, endOfStream);
      state &= LASTING;
    } else {
      state = (state & (LASTING | HOLDS_HEADERS | CHANGED)) | PAUSED;
      if (result != BUFFER || endOfStream) this.noteWaiting();
    }
    this.setState(direction, state);
    return result;
  }

  /** The length that headers say is that of the body as it is now, or none if more of it follows. */
  private correctLength(direction: u32, endOfStream: bool): void {
    const headers = headersOf(direction << 1);
    if (!headers.has("content-length")) return;
    if (endOfStream) headers.set("content-length", bodyOf(direction).size.toString());
    else headers.remove("content-length");
  }

  /** A message is held from now on. If it waits for callouts, one has to resume it. */
  private noteWaiting(): void {
    if (!hasCallouts || this.hasReplied) return;
    if (this.pendingCalls > 0) {
      this.isWaitingForCall = true;
    } else if (this.hasFailedCall) {
      // It would wait for a callout that was never made.
      this.lift();
      sendReply(500, emptyBytes(), utf8("callout_failed"), null, -1);
    }
  }

  /** What answers has nothing to hold any more. */
  private lift(): void {
    this.requestState = 0;
    this.responseState = 0;
    this.isWaitingForCall = false;
    this.hasReplied = true;
  }

  @inline private state(direction: u32): u32 {
    return direction == REQUEST ? this.requestState : this.responseState;
  }

  private setState(direction: u32, state: u32): void {
    if (direction == REQUEST) this.requestState = state;
    else this.responseState = state;
  }
}
