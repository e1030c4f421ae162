import { Body, bodyOf } from "./body";
import { calloutFailed, Context, ContextKind, hasCallouts, mayAct } from "./context";
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
  private __requestState: u32 = 0;
  private __responseState: u32 = 0;
  private __requestLimit: u32 = 0;
  private __responseLimit: u32 = 0;
  private __isWaitingForCall: bool = false;
  private __hasFailedCall: bool = false;
  private __hasReplied: bool = false;

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
    this.__lift();
    return sendReply(status, utf8(body), utf8(details), null, -1);
  }

  /** {@link reply} with all that a reply may have. */
  send(reply: Reply): bool {
    if (!mayAct(this, "send")) return false;
    this.__lift();
    return reply.send();
  }

  /** What is held of the request goes on. If nothing is held, nothing happens; within the callback that holds it, it is not held. */
  resumeRequest(): bool {
    if (!mayAct(this, "resumeRequest")) return false;
    if (this.__requestState & PAUSED) {
      this.__requestState &= LASTING;
      proxy_continue_stream(REQUEST);
    } else {
      this.__requestState |= RESUMED;
    }
    return true;
  }

  /** {@link resumeRequest} for the response. */
  resumeResponse(): bool {
    if (!mayAct(this, "resumeResponse")) return false;
    if (this.__responseState & PAUSED) {
      this.__responseState &= LASTING;
      proxy_continue_stream(RESPONSE);
    } else {
      this.__responseState |= RESUMED;
    }
    return true;
  }

  /** Whether the filter holds the request. */
  @inline get isRequestPaused(): bool { return (this.__requestState & PAUSED) != 0; }
  /** Whether the filter holds the response. */
  @inline get isResponsePaused(): bool { return (this.__responseState & PAUSED) != 0; }

  /**
   * Says that a message stays held although the callouts for which it waited have ended: something else will resume it. Without that, it is
   * answered with 500, because nothing would.
   */
  stayPaused(): void {
    this.__isWaitingForCall = false;
  }

  /**
   * In `onRequestHeaders`: the body may be changed as it comes. Its length is not known then, so it is taken out of the headers.
   */
  announceRequestBodyChange(): void {
    this.requestHeaders.remove("content-length");
    this.__requestState |= ANNOUNCED;
  }

  /** {@link announceRequestBodyChange} for the response. */
  announceResponseBodyChange(): void {
    this.responseHeaders.remove("content-length");
    this.__responseState |= ANNOUNCED;
  }

  /**
   * In `onRequestHeaders`: the body is held until it is whole, then `onWholeRequestBody` is called. To change headers or to reply then, hold
   * these too (`HeadersResult.WaitForBody`).
   *
   * @param limit bytes; the host has one of its own, beyond which it refuses by itself
   */
  collectRequestBody(limit: u32, overLimit: OverLimit = OverLimit.Refuse): void {
    this.__requestLimit = limit;
    this.__requestState |= overLimit == OverLimit.Pass ? COLLECTS | PASSES_OVER_LIMIT : COLLECTS;
  }

  /** {@link collectRequestBody} for the response. */
  collectResponseBody(limit: u32, overLimit: OverLimit = OverLimit.Refuse): void {
    this.__responseLimit = limit;
    this.__responseState |= overLimit == OverLimit.Pass ? COLLECTS | PASSES_OVER_LIMIT : COLLECTS;
  }

  /** Ends the stream without an answer: the client sees a reset. */
  reset(): bool {
    if (!mayAct(this, "reset")) return false;
    this.__lift();
    return proxy_close_stream(REQUEST) == 0;
  }

  // From here on for the SDK itself. What it keeps in objects that authors extend begins with two underscores, so that no name of theirs
  // is taken: a method of the same name would silently stand in the place of this one.

  __mayChangeBody(direction: u32): bool {
    const state = this.__state(direction);
    if ((state & (ANNOUNCED | HOLDS_HEADERS)) == 0) return false;
    this.__setState(direction, state | CHANGED);
    return true;
  }

  __begin(direction: u32): void {
    this.__setState(direction, this.__state(direction) & ~RESUMED);
    this.__hasFailedCall = false;
  }

  /**
   * Response trailers go on by the answer of their callback, and what was held before them with them: Envoy dies of a call that lets them go.
   */
  __beginResponseTrailers(): void {
    this.__responseState &= ~PAUSED;
  }

  /** What the host is told about headers. */
  __endHeaders(direction: u32, result: u32): u32 {
    let state = this.__state(direction);
    if (state & RESUMED) result = CONTINUE;
    state &= LASTING;
    if (result == WAIT_FOR_BODY) state |= HOLDS_HEADERS | PAUSED;
    else if (result != CONTINUE) state |= PAUSED;
    this.__setState(direction, state);
    if (result != CONTINUE && result != WAIT_FOR_BODY) this.__noteWaiting();
    return result;
  }

  /** Calls what is overridden for a piece of a body; gives what the host is told. */
  __passBody(direction: u32, size: u32, endOfStream: bool): u32 {
    const state = this.__state(direction);
    if (state & COLLECTS) {
      if (size > (direction == REQUEST ? this.__requestLimit : this.__responseLimit)) {
        this.__setState(direction, state & ~COLLECTS);
        if ((state & PASSES_OVER_LIMIT) == 0) {
          this.reply(direction == REQUEST ? 413 : 500, "", "body_over_limit");
          return BUFFER;
        }
        return this.__endBody(direction, CONTINUE, endOfStream);
      }
      if (!endOfStream) return this.__endBody(direction, BUFFER, false);
      return this.__passWhole(direction, size, true);
    }
    const result = direction == REQUEST ? this.onRequestBody(size, endOfStream) : this.onResponseBody(size, endOfStream);
    return this.__endBody(direction, <u32>changetype<usize>(result), endOfStream);
  }

  /** Calls what is overridden for a body that trailers have ended, if it was collected. Answers whether it still stands still. */
  __passCollected(direction: u32): bool {
    if ((this.__state(direction) & COLLECTS) == 0) return false;
    const size = bodyOf(direction).size;
    return size > 0 && this.__passWhole(direction, size, false) != CONTINUE;
  }

  __endTrailers(direction: u32, result: u32): u32 {
    let state = this.__state(direction);
    if (state & RESUMED) result = CONTINUE;
    state &= LASTING;
    this.__setState(direction, result == CONTINUE ? state : state | PAUSED);
    if (result != CONTINUE) this.__noteWaiting();
    return result;
  }

  __callEnded(): void {
    if (!this.__isWaitingForCall || this.__pendingCalls > 0 || this.__hasReplied) return;
    this.__isWaitingForCall = false;
    if (((this.__requestState | this.__responseState) & PAUSED) == 0) return;
    log.error("a stream was left paused by the last of the callouts for which it waited");
    this.reply(500, "", "left_paused");
  }

  __callFailed(): void {
    this.__hasFailedCall = true;
  }

  private __passWhole(direction: u32, size: u32, endOfStream: bool): u32 {
    this.__setState(direction, this.__state(direction) & ~COLLECTS);
    const result = direction == REQUEST ? this.onWholeRequestBody(size) : this.onWholeResponseBody(size);
    return this.__endBody(direction, <u32>changetype<usize>(result), endOfStream);
  }

  private __endBody(direction: u32, result: u32, endOfStream: bool): u32 {
    let state = this.__state(direction);
    if (state & RESUMED) result = CONTINUE;
    if (result == CONTINUE) {
      if ((state & (HOLDS_HEADERS | CHANGED)) == (HOLDS_HEADERS | CHANGED)) this.__correctLength(direction, endOfStream);
      state &= LASTING;
    } else {
      state = (state & (LASTING | HOLDS_HEADERS | CHANGED)) | PAUSED;
      if (result != BUFFER || endOfStream) this.__noteWaiting();
    }
    this.__setState(direction, state);
    return result;
  }

  /** The length that headers say is that of the body as it is now, or none if more of it follows. */
  private __correctLength(direction: u32, endOfStream: bool): void {
    const headers = headersOf(direction << 1);
    if (!headers.has("content-length")) return;
    if (endOfStream) headers.set("content-length", bodyOf(direction).size.toString());
    else headers.remove("content-length");
  }

  /** A message is held from now on. If it waits for callouts, one has to resume it. */
  private __noteWaiting(): void {
    if (!hasCallouts || this.__hasReplied) return;
    if (this.__pendingCalls > 0) {
      this.__isWaitingForCall = true;
    } else if (this.__hasFailedCall) {
      // It would wait for a callout that was never made.
      this.__lift();
      sendReply(500, emptyBytes(), utf8(calloutFailed), null, -1);
    }
  }

  /** What answers has nothing to hold any more. */
  private __lift(): void {
    this.__requestState = 0;
    this.__responseState = 0;
    this.__isWaitingForCall = false;
    this.__hasReplied = true;
  }

  @inline private __state(direction: u32): u32 {
    return direction == REQUEST ? this.__requestState : this.__responseState;
  }

  private __setState(direction: u32, state: u32): void {
    if (direction == REQUEST) this.__requestState = state;
    else this.__responseState = state;
  }
}
