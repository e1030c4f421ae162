import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
  proxy_set_header_map_pairs,
} from "./hostcalls";
import { HeaderPairs } from "./header-pairs";
import { epoch, given, OUT } from "./memory";
import { bytesOf, emptyBytes, text, textOf, uninitialized, utf8 } from "./text";

/** One header. */
export class Header {
  constructor(readonly name: string, readonly value: string) {}
}

// What is known of the map that was asked last. A pseudo-header is one call to the host; otherwise all pairs are read at once and answer
// the rest of the callback: each call costs more than reading twenty headers does, and for a name that was sent twice hosts tell the first
// value only, which a filter that guards something must not take for all there is.
let knownMap: u32 = 0;
let knownEpoch: u32 = 0;
let reads: u32 = 0;
let pairs: ArrayBuffer | null = null;

/**
 * The headers or trailers of a message, or of an answer to a callout: as the host has them at the moment. Where they are not there (trailers
 * in the callback for headers, say), nothing is found and nothing can be changed. Names are matched without regard to case.
 *
 * What the methods take as `T` is a string or an `ArrayBuffer`.
 */
@unmanaged
export abstract class Headers {
  /** All values of a name, joined by commas (cookies by `; `), whichever is asked for first; null if there is none. */
  get(name: string): string | null {
    const value = this.getBytes(name);
    return value === null ? null : text(value);
  }

  /** {@link get} without decoding. */
  getBytes(name: string): ArrayBuffer | null {
    const map = this.map;
    const key = utf8(name);
    if (knownMap != map || knownEpoch != epoch) {
      this.forget();
      knownMap = map;
      knownEpoch = epoch;
    }
    reads++;
    if (reads > 1 || key.byteLength == 0 || load<u8>(changetype<usize>(key)) != 0x3a) return this.findOrHost(key);
    const status = proxy_get_header_map_value(map, changetype<usize>(key), key.byteLength, OUT, OUT + 4);
    return status == 0 ? given() : null;
  }

  /** Whether there is such a header. */
  has(name: string): bool {
    return this.getBytes(name) !== null;
  }

  /** All of them, in order. */
  entries(): Header[] {
    const all: Header[] = [];
    const bytes = this.read();
    const base = changetype<usize>(bytes);
    const count = pairCount(bytes);
    let at = base + 4 + (count << 3);
    for (let index: u32 = 0; index < count; index++) {
      const nameSize = load<u32>(base + (index << 3), 4);
      const valueSize = load<u32>(base + (index << 3), 8);
      all.push(new Header(textOf(at, nameSize), textOf(at + nameSize + 1, valueSize)));
      at += nameSize + valueSize + 2;
    }
    return all;
  }

  /** Sets one value in place of all that the name has. Tells whether the map can be changed. */
  set<T>(name: string, value: T): bool {
    const key = utf8(name);
    const bytes = bytesOf<T>(value);
    this.forget();
    return proxy_replace_header_map_value(this.map, changetype<usize>(key), key.byteLength, changetype<usize>(bytes), bytes.byteLength) == 0;
  }

  /** Adds a value to those that the name has. Tells whether the map can be changed. */
  add<T>(name: string, value: T): bool {
    const key = utf8(name);
    const bytes = bytesOf<T>(value);
    this.forget();
    return proxy_add_header_map_value(this.map, changetype<usize>(key), key.byteLength, changetype<usize>(bytes), bytes.byteLength) == 0;
  }

  /** Removes all values of a name. Tells whether the map can be changed. */
  remove(name: string): bool {
    const key = utf8(name);
    this.forget();
    return proxy_remove_header_map_value(this.map, changetype<usize>(key), key.byteLength) == 0;
  }

  /** Puts others in place of all; not none, which the host takes for a mistake. */
  replaceAll(headers: HeaderPairs): bool {
    const bytes = headers.encode();
    this.forget();
    return headers.length > 0 && proxy_set_header_map_pairs(this.map, changetype<usize>(bytes), bytes.byteLength) == 0;
  }

  @inline get method(): string | null { return this.get(":method"); }
  /** Path and query. */
  @inline get path(): string | null { return this.get(":path"); }
  @inline get authority(): string | null { return this.get(":authority"); }
  @inline get scheme(): string | null { return this.get(":scheme"); }

  /** The status of a response; 0 if there is none. */
  get status(): u32 {
    const bytes = this.getBytes(":status");
    if (bytes === null || bytes.byteLength != 3) return 0;
    let status: u32 = 0;
    for (let index = 0; index < 3; index++) {
      const digit = <u32>load<u8>(changetype<usize>(bytes) + index) - 0x30;
      if (digit > 9) return 0;
      status = status * 10 + digit;
    }
    return status;
  }

  // The number of the map is all that an object of this class is.
  @inline private get map(): u32 { return <u32>changetype<usize>(this); }

  private forget(): void {
    reads = 0;
    pairs = null;
    knownEpoch = 0;
  }

  private read(): ArrayBuffer {
    const map = this.map;
    const known = pairs;
    if (known !== null && knownMap == map && knownEpoch == epoch) return known;
    const status = proxy_get_header_map_pairs(map, OUT, OUT + 4);
    const bytes = status == 0 ? given() : emptyBytes();
    knownMap = map;
    knownEpoch = epoch;
    reads = 1;
    pairs = bytes;
    return bytes;
  }

  /** A request's `host` stands among its pairs as `:authority`. */
  private findOrHost(key: ArrayBuffer): ArrayBuffer | null {
    const found = this.find(key);
    if (found !== null || this.map != 0 || !isHost(key)) return found;
    return this.find(utf8(":authority"));
  }

  private find(key: ArrayBuffer): ArrayBuffer | null {
    const bytes = this.read();
    const base = changetype<usize>(bytes);
    const count = pairCount(bytes);
    let at = base + 4 + (count << 3);
    let found: ArrayBuffer | null = null;
    for (let index: u32 = 0; index < count; index++) {
      const nameSize = load<u32>(base + (index << 3), 4);
      const valueSize = load<u32>(base + (index << 3), 8);
      if (nameSize == <u32>key.byteLength && isName(at, changetype<usize>(key), nameSize)) {
        found = join(found, at + nameSize + 1, valueSize, key);
      }
      at += nameSize + valueSize + 2;
    }
    return found;
  }
}

@inline
export function headersOf(map: u32): Headers {
  return changetype<Headers>(map);
}

/** The host's pairs, however many it says there are, are within its bytes; without bytes there are none. */
@inline
function pairCount(bytes: ArrayBuffer): u32 {
  return bytes.byteLength < 4 ? 0 : load<u32>(changetype<usize>(bytes));
}

/** The host's names are lower case, the asked one need not be. */
function isName(candidate: usize, wanted: usize, size: usize): bool {
  for (let index: usize = 0; index < size; index++) {
    let byte = load<u8>(wanted + index);
    if (byte - 0x41 < 26) byte |= 0x20;
    if (load<u8>(candidate + index) != byte) return false;
  }
  return true;
}

// Letters in lower case, as numbers: smaller than two texts.
const HOST: u32 = 0x74736f68;
const COOK: u32 = 0x6b6f6f63;
const IE: u32 = 0x6569;

function isHost(key: ArrayBuffer): bool {
  return key.byteLength == 4 && (load<u32>(changetype<usize>(key)) | 0x20202020) == HOST;
}

function isCookie(key: ArrayBuffer): bool {
  const at = changetype<usize>(key);
  return key.byteLength == 6 && (load<u32>(at) | 0x20202020) == COOK && (load<u16>(at, 4) | 0x2020) == IE;
}

/** With what stands between values of several headers: RFC 9110, section 5.3, and for cookies RFC 9113, section 8.2.3. */
function join(before: ArrayBuffer | null, start: usize, size: usize, key: ArrayBuffer): ArrayBuffer {
  let used: usize = 0;
  let gap: usize = 0;
  if (before !== null) {
    used = before.byteLength;
    gap = isCookie(key) ? 2 : 1;
  }
  const joined = uninitialized(used + gap + size);
  const at = changetype<usize>(joined);
  if (before !== null) {
    memory.copy(at, changetype<usize>(before), used);
    store<u8>(at + used, gap == 2 ? 0x3b : 0x2c);
    if (gap == 2) store<u8>(at + used, 0x20, 1);
  }
  memory.copy(at + used + gap, start, size);
  return joined;
}
