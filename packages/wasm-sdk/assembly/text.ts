// Text crosses to the host as UTF-8. A string literal stands at a fixed place in memory, so its UTF-8 is made once and kept by that place:
// `headers.get("x-api-key")` encodes nothing after the first time.
import { emptyChains, Entry } from "./table";
import { writeUtf8 } from "./utf8";

const SLOTS: u32 = 128;
/** Of each slot, the literal. */
const literals: usize = memory.data(512, 8);
/** Of each slot, the UTF-8: buffers, in the kind of array that is there in any case. */
const encoded: StaticArray<Entry | null> = emptyChains(SLOTS);

/** A text in UTF-8; what is half a surrogate pair becomes U+FFFD. Not to be changed: it may be shared. */
export function utf8(text: string): ArrayBuffer {
  const pointer = changetype<usize>(text);
  if (pointer >= __heap_base) return encode(text);
  const slot = ((<u32>pointer >> 4) ^ (<u32>pointer >> 11)) & (SLOTS - 1);
  if (load<usize>(literals + (slot << 2)) == pointer) return changetype<ArrayBuffer>(unchecked(encoded[slot]));
  const bytes = encode(text);
  store<usize>(literals + (slot << 2), pointer);
  unchecked(encoded[slot] = changetype<Entry>(bytes));
  return bytes;
}

/** The bytes of a string in UTF-8, of a `Uint8Array`, or of an `ArrayBuffer`, which is given back itself. */
export function bytesOf<T>(value: T): ArrayBuffer {
  if (isString<T>()) {
    return utf8(changetype<string>(value));
  } else if (idof<T>() == idof<ArrayBuffer>()) {
    return changetype<ArrayBuffer>(value);
  } else if (idof<T>() == idof<Uint8Array>()) {
    const view = changetype<Uint8Array>(value);
    return copyOf(view.dataStart, view.byteLength);
  } else {
    ERROR("a string, an ArrayBuffer or a Uint8Array is wanted");
  }
}

/** The text that bytes are in UTF-8. What is not UTF-8 becomes other characters; nothing fails. */
export function text(bytes: ArrayBuffer): string {
  return textOf(changetype<usize>(bytes), bytes.byteLength);
}

/** {@link text} of a part of memory. */
export function textOf(start: usize, size: usize): string {
  const end = start + size;
  let at = start;
  while (at < end && load<u8>(at) < 0x80) at++;
  if (at < end) return String.UTF8.decodeUnsafe(start, size);
  const result = changetype<string>(__new(size << 1, idof<string>()));
  let out = changetype<usize>(result);
  for (at = start; at < end; at++, out += 2) store<u16>(out, load<u8>(at));
  return result;
}

/** Whether two byte strings are equal. Not for secrets: it takes longer the more they agree. */
export function equals(a: ArrayBuffer, b: ArrayBuffer): bool {
  const size = a.byteLength;
  if (size != b.byteLength) return false;
  // A loop, for the library's comparison is long.
  for (let index = 0; index < size; index++) {
    if (load<u8>(changetype<usize>(a) + index) != load<u8>(changetype<usize>(b) + index)) return false;
  }
  return true;
}

/** A buffer, with what memory held before in it. */
@inline
export function uninitialized(size: usize): ArrayBuffer {
  return changetype<ArrayBuffer>(__new(size, idof<ArrayBuffer>()));
}

/** No bytes. Smaller than `new ArrayBuffer(0)`, which brings along the text of an error. */
export function emptyBytes(): ArrayBuffer {
  return uninitialized(0);
}

export function copyOf(start: usize, size: usize): ArrayBuffer {
  const copy = uninitialized(size);
  memory.copy(changetype<usize>(copy), start, size);
  return copy;
}

function encode(text: string): ArrayBuffer {
  const length = text.length;
  const units = changetype<usize>(text);
  const longest = uninitialized(length * 3);
  const start = changetype<usize>(longest);
  let out = start;
  for (let index = 0; index < length; index++) {
    let point = <u32>load<u16>(units + (index << 1));
    if ((point & 0xf800) == 0xd800) {
      const low: u32 = index + 1 < length ? load<u16>(units + (index << 1), 2) : 0;
      if (point < 0xdc00 && (low & 0xfc00) == 0xdc00) {
        point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
        index++;
      } else point = 0xfffd;
    }
    out += writeUtf8(out, point);
  }
  return copyOf(start, out - start);
}
