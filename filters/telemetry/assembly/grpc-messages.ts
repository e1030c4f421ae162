import { Body } from "@heddle/wasm-sdk/assembly";

/** A flag and four bytes of length stand before each message (gRPC over HTTP/2, Length-Prefixed-Message). */
const PREFIX: i32 = 5;

/** Counts gRPC messages in a body that comes in pieces. */
export class GrpcMessages {
  private count: u64 = 0;
  /** Bytes of the prefix that were seen, and the length so far. */
  private seen: i32 = 0;
  private length: u32 = 0;
  /** Bytes of the message that are still to come. */
  private left: u32 = 0;

  /** Messages that have begun since the last time. */
  take(): u64 {
    const count = this.count;
    this.count = 0;
    return count;
  }

  feed(body: Body, size: u32): void {
    // Most pieces of large messages need not be looked into.
    if (this.left >= size) {
      this.left -= size;
      return;
    }
    const bytes = body.bytes(this.left, size - this.left);
    this.left = 0;
    const end = <u32>bytes.byteLength;
    let at: u32 = 0;
    while (at < end) {
      if (this.seen < PREFIX) {
        const byte = load<u8>(changetype<usize>(bytes) + at++);
        if (this.seen > 0) this.length = (this.length << 8) | byte;
        if (++this.seen < PREFIX) continue;
        this.count++;
        this.left = this.length;
        this.seen = 0;
        this.length = 0;
      }
      const skipped = min(this.left, end - at);
      at += skipped;
      this.left -= skipped;
    }
  }
}
