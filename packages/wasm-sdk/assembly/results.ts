// What callbacks answer, a type for each phase so that a number or another phase's answer does not compile. They are numbers under their
// types: nothing is allocated.

/** What becomes of a message whose headers were seen. */
@unmanaged
export abstract class HeadersResult {
  /** It goes on. */
  @inline static get Continue(): HeadersResult { return changetype<HeadersResult>(0); }
  /**
   * All of it stands still, the body too, until `resumeRequest()` or `resumeResponse()`, or a reply. (The host's "stop all and watermark":
   * its plain "stop" would let the body through in some configurations, and with it the headers.)
   */
  @inline static get Pause(): HeadersResult { return changetype<HeadersResult>(4); }
  /**
   * The headers stand still and the body comes, so that headers may be changed after it was seen. Works only where the plugin is configured
   * with `allow_on_headers_stop_iteration: true`; elsewhere the message stands still for good. The body callback decides: `Buffer` to wait
   * for more, `Continue` to let go headers and body.
   */
  @inline static get WaitForBody(): HeadersResult { return changetype<HeadersResult>(1); }
}

/** What becomes of a piece of a body. */
@unmanaged
export abstract class BodyResult {
  /** It goes on, with what was held before it. */
  @inline static get Continue(): BodyResult { return changetype<BodyResult>(0); }
  /**
   * It is held, and the next callback has all that was held and the new piece. The host refuses what is larger than its buffer: 413 for a
   * request, 500 for a response.
   */
  @inline static get Buffer(): BodyResult { return changetype<BodyResult>(1); }
  /** It is held, and the sender slowed down, until `resumeRequest()` or `resumeResponse()`, or a reply. */
  @inline static get Pause(): BodyResult { return changetype<BodyResult>(2); }
}

/** What becomes of a message whose trailers were seen. */
@unmanaged
export abstract class TrailersResult {
  /** It goes on. */
  @inline static get Continue(): TrailersResult { return changetype<TrailersResult>(0); }
  /** It stands still until `resumeRequest()` or `resumeResponse()`, or a reply. */
  @inline static get Pause(): TrailersResult { return changetype<TrailersResult>(1); }
}
