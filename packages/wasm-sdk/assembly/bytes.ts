import { utf8ToUtf16 } from "./utf8";

// Bytes are ArrayBuffers here: one allocation, and the length stands in front of the first byte.

/**
 * Where the bytes of a buffer start. The call keeps the buffer alive until the caller returns: the collector sees what is passed to
 * functions, not what was made a number.
 */
export function pointerOf(bytes: ArrayBuffer): usize {
  return changetype<usize>(bytes);
}

/**
 * The bytes of a text, in UTF-8 (what is half a surrogate pair becomes U+FFFD), of a `Uint8Array` or of an `ArrayBuffer`, which is given back
 * itself. Whatever takes a `T` in these modules takes one of the three.
 */
export function toBytes<T>(value: T): ArrayBuffer {
  if (isString<T>()) {
    return String.UTF8.encode(changetype<string>(value), false, String.UTF8.ErrorMode.REPLACE);
  } else if (idof<T>() == idof<ArrayBuffer>()) {
    return changetype<ArrayBuffer>(value);
  } else if (idof<T>() == idof<Uint8Array>()) {
    const view = changetype<Uint8Array>(value);
    return copyBytes(view.dataStart, view.byteLength);
  } else {
    ERROR("a string, an ArrayBuffer or a Uint8Array is wanted");
  }
}

/** A buffer with a copy of `length` bytes. */
export function copyBytes(start: usize, length: i32): ArrayBuffer {
  const copy = new ArrayBuffer(length);
  memory.copy(pointerOf(copy), start, length);
  return copy;
}

/** The text that UTF-8 bytes are; what is not UTF-8 among them becomes U+FFFD. */
export function toText(bytes: ArrayBuffer): string {
  return textAt(pointerOf(bytes), bytes.byteLength);
}

/** The text that `length` UTF-8 bytes are. */
export function textAt(start: usize, length: i32): string {
  const text = changetype<string>(__new(<usize>utf8ToUtf16(start, start + length, 0) << 1, idof<string>()));
  utf8ToUtf16(start, start + length, changetype<usize>(text));
  return text;
}

/** Whether two runs of bytes are the same. */
export function equalsBytes(left: usize, leftLength: i32, right: usize, rightLength: i32): bool {
  return leftLength == rightLength && memory.compare(left, right, leftLength) == 0;
}

/** The text of `length` bytes, each of which is one character (ISO-8859-1): right for ASCII, and shorter than decoding UTF-8. */
export function asciiText(start: usize, length: i32): string {
  const text = changetype<string>(__new(usize(length) << 1, idof<string>()));
  const out = changetype<usize>(text);
  for (let index = 0; index < length; index++) store<u16>(out + (index << 1), load<u8>(start + index));
  return text;
}

/** Whether `length` bytes are the characters of an ASCII text, without encoding it. */
export function equalsAscii(start: usize, length: i32, text: string): bool {
  if (length != text.length) return false;
  for (let index = 0; index < length; index++) {
    if (load<u8>(start + index) != load<u16>(changetype<usize>(text) + (index << 1))) return false;
  }
  return true;
}
