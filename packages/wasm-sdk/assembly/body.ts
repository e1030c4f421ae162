import { currentStream } from "./context";
import { proxy_get_buffer_bytes, proxy_get_buffer_status, proxy_set_buffer_bytes } from "./hostcalls";
import { HttpContext } from "./http-context";
import { log } from "./log";
import { given, OUT } from "./memory";
import { bytesOf, emptyBytes, text } from "./text";

const ALL: u32 = 0xffffffff;
const RESPONSE_BODY: u32 = 1;

/**
 * The bytes that a callback is about: a piece of a body with what was held of it, data of a connection, the answer to a callout. Elsewhere
 * it is empty.
 */
@unmanaged
export abstract class Body {
  /** How many bytes there are. */
  get size(): u32 {
    return proxy_get_buffer_status(this.buffer, OUT, OUT + 4) == 0 ? load<u32>(OUT) : 0;
  }

  /** The bytes, or those of them that there are between `start` and `start + length`. */
  bytes(start: u32 = 0, length: u32 = ALL): ArrayBuffer {
    return proxy_get_buffer_bytes(this.buffer, start, length, OUT, OUT + 4) == 0 ? given() : emptyBytes();
  }

  /** The bytes as text. */
  text(): string {
    return text(this.bytes());
  }

  /**
   * Puts something in place of all of it. Tells whether that was possible: a body may be changed if it was announced
   * (`announceRequestBodyChange()`), or if its headers are still held, for its length stands there.
   */
  replace<T>(value: T): bool {
    return this.write(0, ALL, bytesOf<T>(value));
  }

  /** Puts something in front; see {@link replace}. */
  prepend<T>(value: T): bool {
    return this.write(0, 0, bytesOf<T>(value));
  }

  /** Puts something behind it; see {@link replace}. */
  append<T>(value: T): bool {
    // Behind nothing is in front.
    return this.write(this.size, 0, bytesOf<T>(value));
  }

  @inline private get buffer(): u32 { return <u32>changetype<usize>(this); }

  private write(start: u32, length: u32, bytes: ArrayBuffer): bool {
    const buffer = this.buffer;
    if (buffer <= RESPONSE_BODY) {
      const stream = currentStream;
      if (stream === null || !changetype<HttpContext>(stream).__mayChangeBody(buffer)) {
        log.error("a body was not changed: its headers are gone, and no change was announced");
        return false;
      }
    }
    return proxy_set_buffer_bytes(buffer, start, length, changetype<usize>(bytes), bytes.byteLength) == 0;
  }
}

@inline
export function bodyOf(buffer: u32): Body {
  return changetype<Body>(buffer);
}
