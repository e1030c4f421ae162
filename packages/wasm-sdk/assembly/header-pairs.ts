import { uninitialized, utf8 } from "./text";

/**
 * A list of headers, to be sent.
 *
 * @example
 * const headers = new HeaderPairs().add("content-type", "application/json");
 */
export class HeaderPairs {
  private parts: ArrayBuffer[] = [];

  /** Adds one; the name is lower case. */
  add(name: string, value: string): this {
    return this.addBytes(utf8(name), utf8(value));
  }

  addBytes(name: ArrayBuffer, value: ArrayBuffer): this {
    this.parts.push(name);
    this.parts.push(value);
    return this;
  }

  get length(): i32 {
    return this.parts.length >> 1;
  }

  /** As the host reads it: count, then the sizes of names and values, then these, each with a NUL behind it. */
  encode(): ArrayBuffer {
    const parts = this.parts;
    const count = parts.length;
    let size = 4;
    for (let index = 0; index < count; index++) size += 5 + unchecked(parts[index]).byteLength;
    const bytes = uninitialized(size);
    let sizes = changetype<usize>(bytes);
    store<u32>(sizes, count >> 1);
    let at = sizes + 4 + (count << 2);
    for (let index = 0; index < count; index++) {
      const part = unchecked(parts[index]);
      sizes += 4;
      store<u32>(sizes, part.byteLength);
      memory.copy(at, changetype<usize>(part), part.byteLength);
      at += part.byteLength;
      store<u8>(at++, 0);
    }
    return bytes;
  }
}
