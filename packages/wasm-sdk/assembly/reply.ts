import { currentStream, mayAct } from "./context";
import { HeaderPairs } from "./header-pairs";
import { proxy_send_local_response } from "./hostcalls";
import { utf8 } from "./text";

/** A filter's own answer. */
export class Reply {
  /** For gRPC clients; -1: the host derives it from `status`. */
  grpcStatus: i32 = -1;
  private headers: HeaderPairs | null = null;
  private bytes: ArrayBuffer;

  /** @param details a word for access logs (`%RESPONSE_CODE_DETAILS%`) */
  constructor(readonly status: u32, body: string = "", readonly details: string = "") {
    this.bytes = utf8(body);
  }

  /** Adds a header; the name is lower case. */
  header(name: string, value: string): Reply {
    let headers = this.headers;
    if (headers === null) this.headers = headers = new HeaderPairs();
    headers.add(name, value);
    return this;
  }

  body(bytes: ArrayBuffer): Reply {
    this.bytes = bytes;
    return this;
  }

  /** False if the stream is over. */
  send(): bool {
    const headers = this.headers;
    return sendReply(this.status, this.bytes, utf8(this.details), headers === null ? null : headers.encode(), this.grpcStatus);
  }
}

export function sendReply(status: u32, body: ArrayBuffer, details: ArrayBuffer, headers: ArrayBuffer | null, grpcStatus: i32): bool {
  if (!mayAct(currentStream, "reply")) return false;
  return proxy_send_local_response(
    status,
    changetype<usize>(details), details.byteLength,
    changetype<usize>(body), body.byteLength,
    changetype<usize>(headers), headers === null ? 0 : headers.byteLength,
    grpcStatus,
  ) == 0;
}
