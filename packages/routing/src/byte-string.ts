const NOT_ASCII = /[^\0-\x7f]/;

/**
 * A text of the configuration as the bytes of its UTF-8 form, one per character: the form in which requests and headers are held, so
 * that both can be compared and joined.
 */
export function byteString(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  let bytes = '';
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}
