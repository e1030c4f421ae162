import { pointerOf, toBytes } from "./bytes";
import { Sha256 } from "./sha256";

/** The HMAC-SHA-256 (RFC 2104, RFC 4231): 32 bytes. Key and message are texts' UTF-8 or bytes. */
export function hmacSha256<K, T>(key: K, message: T): ArrayBuffer {
  const hmac = new HmacSha256(toBytes<K>(key));
  hmac.update<T>(message);
  return hmac.digest();
}

/** An HMAC-SHA-256 that is fed piece by piece. */
export class HmacSha256 {
  private readonly hash: Sha256 = new Sha256();
  /** The key, filled up to one block. */
  private readonly block: ArrayBuffer = new ArrayBuffer(64);

  constructor(key: ArrayBuffer) {
    let short = key;
    if (key.byteLength > 64) {
      this.hash.update(key);
      short = this.hash.digest();
    }
    memory.copy(pointerOf(this.block), pointerOf(short), short.byteLength);
    this.start(0x36);
  }

  /** Takes the next piece: a text's UTF-8, or bytes. */
  update<T>(value: T): void {
    this.hash.update<T>(value);
  }

  /** Takes the `length` bytes at `start`. */
  updateAt(start: usize, length: i32): void {
    this.hash.updateAt(start, length);
  }

  /** The 32 bytes; the next message can follow at once, with the same key. */
  digest(): ArrayBuffer {
    const inner = this.hash.digest();
    this.start(0x5c);
    this.hash.update(inner);
    const outer = this.hash.digest();
    this.start(0x36);
    return outer;
  }

  private start(pad: u8): void {
    const padded = new ArrayBuffer(64);
    for (let index = 0; index < 64; index++) {
      store<u8>(pointerOf(padded) + index, load<u8>(pointerOf(this.block) + index) ^ pad);
    }
    this.hash.reset();
    this.hash.update(padded);
  }
}
