// Text crosses to the host as UTF-8. A string literal stands at a fixed place in memory, so its UTF-8 is made once and kept by that place:
// `headers.get("x-api-key")` encodes nothing after the first time.

const SLOTS: u32 = 128;
/** Of each slot, the literal. */
const literals: usize = memory.data(512, 4);
const encoded = new StaticArray<ArrayBuffer | null>(SLOTS);

/** A text in UTF-8; what is half a surrogate pair becomes U+FFFD. Not to be changed: it may be shared. */
export function utf8(text: string): ArrayBuffer {
  const pointer = changetype<usize>(text);
  if (pointer >= __heap_base) return encode(text);
  const slot = ((<u32>pointer >> 4) ^ (<u32>pointer >> 11)) & (SLOTS - 1);
  if (load<usize>(literals + (slot << 2)) == pointer) return changetype<ArrayBuffer>(unchecked(encoded[slot]));
  const bytes = encode(text);
  store<usize>(literals + (slot << 2), pointer);
  unchecked(encoded[slot] = bytes);
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
    const copy = new ArrayBuffer(view.byteLength);
    memory.copy(changetype<usize>(copy), view.dataStart, view.byteLength);
    return copy;
  } else {
    ERROR("a string, an ArrayBuffer or a Uint8Array is wanted");
  }
}

/** The text that bytes are in UTF-8. What is not UTF-8 is read as ISO-8859-1, a character for each byte, so that nothing is lost. */
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
  return a.byteLength == b.byteLength && memory.compare(changetype<usize>(a), changetype<usize>(b), a.byteLength) == 0;
}

function encode(text: string): ArrayBuffer {
  const length = text.length;
  const units = changetype<usize>(text);
  let isAscii = true;
  for (let index = 0; index < length; index++) {
    if (load<u16>(units + (index << 1)) >= 0x80) {
      isAscii = false;
      break;
    }
  }
  if (!isAscii) return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
  const bytes = changetype<ArrayBuffer>(__new(length, idof<ArrayBuffer>()));
  for (let index = 0; index < length; index++) store<u8>(changetype<usize>(bytes) + index, load<u16>(units + (index << 1)));
  return bytes;
}
