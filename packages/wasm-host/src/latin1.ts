/**
 * Text with one character for each byte, as header names and values are kept: ISO 8859-1, of which no byte is lost. (What the Encoding Standard calls
 * "latin1" is another table.)
 */

const utf8 = new TextEncoder();

/** Up to this many characters a loop is faster than a call. */
const SHORT = 64;

/** Bytes of a text of Latin-1 characters. */
export function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  putLatin1(bytes, 0, text);
  return bytes;
}

/** Text with one character for each byte. */
export function latin1Text(bytes: Uint8Array): string {
  return latin1(bytes, 0, bytes.length);
}

/** Writes a text of Latin-1 characters into bytes that have room for it. */
export function putLatin1(bytes: Uint8Array, at: number, text: string): void {
  if (text.length > SHORT) {
    // ASCII, which nearly everything is, has the same bytes in UTF-8; what has not does not fit.
    const { written, read } = utf8.encodeInto(text, bytes.subarray(at, at + text.length));
    if (written === text.length && read === text.length) return;
  }
  for (let index = 0; index < text.length; index += 1) bytes[at + index] = text.charCodeAt(index);
}

/** A part of bytes as text. */
export function latin1(bytes: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let index = start; index < start + length; index += 1) text += String.fromCharCode(bytes[index] as number);
  return text;
}
